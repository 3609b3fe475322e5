import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@Suite struct CompactedTopicTests {
    private let value = String(repeating: "x", count: 3000)
    private let compacted = [
        ("cleanup.policy", "compact"), ("segment.bytes", "16384"), ("min.cleanable.dirty.ratio", "0"),
    ]

    @Test func `a compacted topic keeps the newest record of each key, while it is written to and over restarts`()
        throws
    {
        var bench = try AdminBench { $0.compactor.bytesPerSecond = 1 << 40 }
        bench.broker.startMaintenance()
        try bench.create("table", compacted)
        for number in 0..<60 { #expect(try bench.put("key \(number % 6)", value, to: "table").errorCode == .none) }
        try blockUntil("it is compacted") {
            bench.scheduler.runAll()
            return try bench.records("table").count < 20
        }
        let left = try bench.records("table")
        for offset in 54..<60 as Range<Int64> { #expect(left[offset]?.key == "key \(offset % 6)") }
        bench = try bench.restarted()
        #expect(try bench.records("table").keys.sorted() == left.keys.sorted())
        #expect(try bench.put("key 0", value, to: "table").baseOffset == Offset(60))
        bench.broker.stop()
    }

    @Test func `a compacted topic takes no record without a key, and says which`() throws {
        let bench = try AdminBench()
        try bench.create("table", compacted)
        let refused = try bench.produce("no key", to: "table")
        #expect(refused.errorCode == .invalidRecord)
        #expect(refused.errorMessage?.contains("table-0") == true)
        #expect(refused.recordErrors.map(\.batchIndex) == [0])
        #expect(try bench.put("key", "v", to: "table", codec: .lz4).errorCode == .none)
        // As soon as it is compacted, and as long.
        try bench.create("plain")
        #expect(try bench.produce("no key", to: "plain").errorCode == .none)
        #expect(try bench.change("plain", "cleanup.policy", to: "compact,delete").errorCode == .none)
        #expect(try bench.produce("no key", to: "plain").errorCode == .invalidRecord)
        #expect(try bench.change("plain", "cleanup.policy", to: nil).errorCode == .none)
        #expect(try bench.produce("no key", to: "plain").errorCode == .none)
        bench.broker.stop()
    }

    @Test func `the settings of compaction are set, described and kept`() throws {
        let wanted = [
            "cleanup.policy": "compact,delete", "delete.retention.ms": "5", "min.cleanable.dirty.ratio": "0.25",
            "min.compaction.lag.ms": "6", "max.compaction.lag.ms": "7",
        ]
        var bench = try AdminBench()
        try bench.create("t", wanted.sorted { $0.key < $1.key }.map { ($0, $1) })
        bench = try bench.restarted()
        let found = try bench.settings("t")
        for (name, value) in wanted { #expect(found[name]?.value == value) }
        #expect(found["cleanup.policy"]?.type == .list && found["min.cleanable.dirty.ratio"]?.type == .double)
        let refused = try bench.change("t", "min.compaction.lag.ms", to: "8")
        #expect(refused.errorCode == .invalidConfig && refused.errorMessage?.contains("max.compaction.lag.ms") == true)
        bench.broker.stop()
    }

    @Test func `a policy is appended to and taken off, as lists are`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        func change(_ operation: IncrementalAlterConfigsRequest.Operation, _ value: String) throws -> ErrorCode {
            let config = IncrementalAlterConfigsRequest.Config(
                name: "cleanup.policy", operation: operation, value: value)
            return try bench.ask(
                IncrementalAlterConfigsRequest(resources: [.init(type: .topic, name: "t", configs: [config])])
            ).results[0].errorCode
        }
        #expect(try change(.append, "compact") == .none)
        #expect(try bench.settings("t")["cleanup.policy"]?.value == "compact,delete")
        #expect(try change(.subtract, "delete") == .none)
        #expect(try bench.settings("t")["cleanup.policy"]?.value == "compact")
        #expect(try change(.subtract, "compact") == .invalidConfig, "a topic has a policy")
        bench.broker.stop()
    }

    @Test func `a collector that stops in the middle of compaction stops at once, and loses nothing`() throws {
        var bench = try AdminBench { $0.compactor.bytesPerSecond = 1 }
        bench.broker.startMaintenance()
        try bench.create("table", compacted)
        for number in 0..<200 { #expect(try bench.put("key \(number % 6)", value, to: "table").errorCode == .none) }
        bench.scheduler.runAll()
        bench = try bench.restarted()
        #expect(try bench.records("table").count == 200)
        bench.broker.stop()
    }

    @Test func `a topic that is deleted and made anew meanwhile gets nothing of the old one`() throws {
        let bench = try AdminBench { $0.compactor.bytesPerSecond = 1 }
        bench.broker.startMaintenance()
        try bench.create("table", compacted)
        for number in 0..<200 { #expect(try bench.put("key \(number % 6)", value, to: "table").errorCode == .none) }
        bench.scheduler.runAll()
        #expect(try bench.delete("table").errorCode == .none)
        try bench.create("table", compacted)
        #expect(try bench.put("key", value, to: "table").baseOffset == .zero)
        #expect(try bench.records("table").count == 1)
        bench.broker.stop()
    }
}
