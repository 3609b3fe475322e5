import BrokerCore
import BrokerTestSupport
import KafkaProtocol
import Primitives
import TestSupport
import Testing

/// Settings of what is no topic.
@Suite(.timeLimit(.minutes(10)))
struct ResourceSettingTests {
    private typealias Change = IncrementalAlterConfigsRequest.Config

    @Test func `of the broker those set at run time are none, and few can be asked for`() throws {
        let bench = try AdminBench()
        func names(_ name: String, _ wanted: [String]?, _ type: ConfigResourceType = .broker) throws -> [String] {
            let result = try bench.ask(
                DescribeConfigsRequest(resources: [.init(type: type, name: name, configNames: wanted)])
            ).results[0]
            return result.errorCode == .none ? result.configs.map(\.name) : ["\(result.errorCode)"]
        }
        #expect(try names("", nil).isEmpty)
        #expect(try names("1", nil).count > 20)
        // None named: all, as in Kafka.
        #expect(try names("1", []) == names("1", nil))
        #expect(try names("1", ["log.dirs", "nothing", "node.id"]) == ["log.dirs", "node.id"])
        #expect(try names("1", nil, .brokerLogger) == ["root"])
        #expect(try names("g", nil, .group).isEmpty && names("m", nil, .clientMetrics).isEmpty)
        for (name, type) in [
            ("2", ConfigResourceType.broker), ("x", .broker), ("", .brokerLogger), ("2", .brokerLogger), ("", .group),
            ("", .clientMetrics), ("1", .unknown), ("1", .init(rawValue: 77)),
        ] {
            #expect(try names(name, nil, type) == ["INVALID_REQUEST (42)"], "\(name) of \(type.rawValue)")
        }
        bench.broker.stop()
    }

    @Test(arguments: [
        (ConfigResourceType.broker, "1", "log.retention.ms", ErrorCode.invalidRequest),
        (.broker, "", "log.retention.ms", .invalidRequest), (.broker, "2", "log.retention.ms", .invalidRequest),
        (.brokerLogger, "1", "root", .invalidRequest), (.brokerLogger, "1", "kafka.server", .invalidConfig),
        (.brokerLogger, "2", "root", .invalidRequest),
        (.group, "g", "consumer.session.timeout.ms", .invalidConfig), (.group, "", "x", .invalidRequest),
        (.clientMetrics, "m", "interval.ms", .invalidRequest), (.clientMetrics, "", "x", .invalidRequest),
        (.init(rawValue: 77), "1", "x", .invalidRequest),
    ])
    func `nothing but topics can be set anything`(
        _ type: ConfigResourceType, _ name: String, _ setting: String, _ code: ErrorCode
    ) throws {
        let bench = try AdminBench()
        for isTrial in [false, true] {
            let change = Change(name: setting, operation: .set, value: "INFO")
            let result = try bench.ask(
                IncrementalAlterConfigsRequest(
                    resources: [.init(type: type, name: name, configs: [change])], validateOnly: isTrial)
            ).results[0]
            #expect(result.errorCode == code)
            #expect(result.errorMessage?.isEmpty == false)
        }
        // AlterConfigs knows no levels of loggers at all.
        let replaced = try bench.ask(
            AlterConfigsRequest(
                resources: [.init(type: type, name: name, configs: [.init(name: setting, value: "INFO")])])
        ).results[0].errorCode
        #expect(replaced == (type == .brokerLogger ? .invalidRequest : code))
        bench.broker.stop()
    }

    @Test func `to change nothing is allowed, and to take away what is not set is to change nothing`() throws {
        let bench = try AdminBench()
        func code(_ type: ConfigResourceType, _ name: String, _ changes: [Change]) throws -> ErrorCode {
            try bench.ask(
                IncrementalAlterConfigsRequest(resources: [.init(type: type, name: name, configs: changes)])
            ).results[0].errorCode
        }
        let deletion = Change(name: "x", operation: .delete, value: nil)
        for (type, name) in [(ConfigResourceType.broker, "1"), (.broker, ""), (.group, "g"), (.clientMetrics, "m")] {
            #expect(try code(type, name, []) == .none)
            #expect(try code(type, name, [deletion]) == .none)
            #expect(
                try bench.ask(AlterConfigsRequest(resources: [.init(type: type, name: name, configs: [])])).results[0]
                    .errorCode == .none)
        }
        #expect(try code(.brokerLogger, "1", []) == .none)
        #expect(try code(.brokerLogger, "1", [.init(name: "root", operation: .delete, value: nil)]) == .invalidRequest)
        #expect(try code(.brokerLogger, "1", [deletion]) == .invalidConfig)
        #expect(try code(.brokerLogger, "1", [.init(name: "root", operation: .set, value: "LOUD")]) == .invalidConfig)
        for type in [ConfigResourceType.broker, .brokerLogger] {
            #expect(try code(type, "1", [.init(name: "root", operation: .append, value: "INFO")]) == .invalidRequest)
            #expect(
                try code(type, "1", [.init(name: "root", operation: .init(rawValue: 9), value: "INFO")])
                    == .invalidRequest)
            #expect(try code(type, "1", [.init(name: "root", operation: .set, value: nil)]) == .invalidRequest)
        }
        #expect(try code(.group, "g", [deletion, deletion]) == .invalidRequest)
        bench.broker.stop()
    }
}
