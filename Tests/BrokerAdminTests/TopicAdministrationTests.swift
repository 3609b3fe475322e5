import BrokerCore
import BrokerTestSupport
import KafkaProtocol
import NIOCore
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@Suite struct TopicDeletionTests {
    @Test func `a deleted topic is gone at once, after a restart, and from the disk`() throws {
        let bench = try AdminBench()
        try bench.create("old", partitions: 3)
        try bench.create("kept")
        try bench.produce("a", to: "old", 2)
        #expect(try bench.delete("old").errorCode == .none)
        #expect(try bench.produce("b", to: "old", 2).errorCode == .unknownTopicOrPartition)
        #expect(try bench.delete("old").errorCode == .unknownTopicOrPartition)
        try blockUntil("its directories are removed") { try bench.directories() == ["kept-0"] }
        let next = try bench.restarted()
        #expect(next.broker.topics.map(\.name) == ["kept"])
        next.broker.stop()
    }

    @Test func `a topic can be deleted by its id`() throws {
        let bench = try AdminBench()
        let id = try bench.create("old").id
        let result = try bench.ask(DeleteTopicsRequest(topics: [DeleteTopicsRequest.Topic(id: id)])).topics[0]
        #expect(result.errorCode == .none && result.name == "old")
        let again = try bench.ask(DeleteTopicsRequest(topics: [DeleteTopicsRequest.Topic(id: id)])).topics[0]
        #expect(again.errorCode == .unknownTopicID)
        bench.broker.stop()
    }

    @Test func `topics deleted together wait for the disk as often as one, and each gets its answer`() throws {
        let bench = try AdminBench()
        for number in 0..<8 { try bench.create("t\(number)", partitions: 2) }
        func syncs(deleting names: [String]) throws -> (count: Int, codes: [ErrorCode]) {
            let before = bench.files.operationCount
            let asked = DeleteTopicsRequest(topics: names.map { DeleteTopicsRequest.Topic(name: $0) })
            let codes = try bench.ask(asked).topics.map(\.errorCode)
            let ofDirectory = bench.files.operations.dropFirst(before).count { operation in
                switch operation.kind {
                case .synchronizeDirectory: operation.path == "/data"
                case .synchronize: operation.path.removingLastComponent() == "/data"
                default: false
                }
            }
            return (ofDirectory, codes)
        }
        let one = try syncs(deleting: ["t0"])
        #expect(one.count > 0 && one.codes == [.none])
        let many = try syncs(deleting: ["t1", "t2", "nowhere", "t3", "t4", "t1", "t5"])
        #expect(many.count <= one.count, "not for each topic")
        #expect(many.codes == [.none, .none, .unknownTopicOrPartition, .none, .none, .unknownTopicOrPartition, .none])
        let next = try bench.restarted()
        #expect(next.broker.topics.map(\.name).sorted() == ["t6", "t7"])
        next.broker.stop()
    }

    @Test func `a fetch that waits for a deleted topic is answered`() throws {
        let bench = try AdminBench()
        try bench.create("old")
        let waiting = bench.start(try bench.fetchRequest("old", wait: 60_000))
        try blockUntil("it waits") { bench.scheduler.delays.count == 1 }
        #expect(try bench.delete("old").errorCode == .none)
        let answer = try waiting.response()
        #expect(answer.topics[0].partitions[0].errorCode == .unknownTopicOrPartition)
        bench.broker.stop()
    }

    @Test func `a topic of the same name begins anew, and never with the old one's records`() throws {
        let bench = try AdminBench()
        let name = String(repeating: "n", count: 249)
        for round in 0..<3 {
            try bench.create(name, partitions: 2)
            #expect(try bench.produce("round \(round)", to: name, 1).baseOffset == Offset(0))
            #expect(try bench.delete(name).errorCode == .none)
        }
        bench.broker.stop()
    }

    @Test func `deletion stopped after any file operation: the topic is there whole, or gone`() throws {
        var stop = 1
        while true {
            let bench = try AdminBench()
            try bench.create("old", partitions: 2)
            try bench.create("older")
            for partition in 0..<2 as Range<Int32> { try bench.produce("a", to: "old", partition) }
            bench.files.stop(atOperation: bench.files.operationCount + stop, midway: stop % 2 == 0, seed: UInt64(stop))
            let both = DeleteTopicsRequest(topics: ["older", "old"].map { DeleteTopicsRequest.Topic(name: $0) })
            let isAcknowledged = (try? bench.ask(both))?.topics.allSatisfy { $0.errorCode == .none } == true
            bench.broker.stop()
            let isOver = !bench.files.hasStopped
            bench.files.restart(after: .powerLoss, seed: UInt64(stop))
            let next = try AdminBench(bench.files)
            if next.broker.topics.isEmpty {
                try next.create("old", partitions: 2)
                #expect(try next.produce("b", to: "old").baseOffset == Offset(0), "stopped after \(stop)")
            } else {
                #expect(!isAcknowledged, "stopped after \(stop): a deleted topic came back")
                #expect(next.broker.topics.count == 2, "stopped after \(stop): both are there, or none")
                #expect(try next.produce("b", to: "old", 1).baseOffset == Offset(1), "stopped after \(stop)")
            }
            next.broker.stop()
            if isOver { break }
            stop += 1
        }
        #expect(stop > 5)
    }
}

@Suite struct PartitionAndRecordTests {
    @Test func `a topic gets more partitions, which stay, and never fewer`() throws {
        let bench = try AdminBench()
        try bench.create("t", partitions: 2)
        try bench.produce("a", to: "t", 1)
        func grow(_ name: String, _ count: Int32, validateOnly: Bool = false) throws -> ErrorCode {
            let topic = CreatePartitionsRequest.Topic(name: name, partitionCount: count)
            return try bench.ask(CreatePartitionsRequest(topics: [topic], validateOnly: validateOnly)).topics[0]
                .errorCode
        }
        #expect(try grow("t", 4, validateOnly: true) == .none)
        #expect(try bench.produce("b", to: "t", 3).errorCode == .unknownTopicOrPartition)
        #expect(try grow("t", 4) == .none)
        #expect(try bench.produce("b", to: "t", 3).errorCode == .none)
        #expect(try grow("t", 4) == .invalidPartitions)
        #expect(try grow("t", 1) == .invalidPartitions)
        #expect(try grow("t", 20_000) == .invalidPartitions)
        #expect(try grow("nowhere", 4) == .unknownTopicOrPartition)
        let next = try bench.restarted()
        #expect(try next.produce("c", to: "t", 3).baseOffset == Offset(1))
        #expect(try next.produce("c", to: "t", 1).baseOffset == Offset(1))
        next.broker.stop()
    }

    @Test func `records are deleted up to an offset, and stay so`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        for number in 0..<5 { try bench.produce("\(number)", to: "t") }
        func delete(_ offset: Int64, _ bench: AdminBench) throws -> DeleteRecordsResponse.Partition {
            let partition = DeleteRecordsRequest.Partition(index: 0, offset: Offset(offset))
            let topic = DeleteRecordsRequest.Topic(name: "t", partitions: [partition])
            return try bench.ask(DeleteRecordsRequest(topics: [topic])).topics[0].partitions[0]
        }
        #expect(try delete(3, bench).lowWatermark == Offset(3))
        #expect(try delete(1, bench).lowWatermark == Offset(3))
        #expect(try delete(6, bench).errorCode == .offsetOutOfRange)
        #expect(try delete(-2, bench).errorCode == .offsetOutOfRange)
        #expect(try bench.fetch("t", from: 2).errorCode == .offsetOutOfRange)
        #expect(try bench.fetch("t", from: 3).errorCode == .none)
        let next = try bench.restarted()
        #expect(try next.fetch("t", from: 3).logStartOffset == Offset(3))
        #expect(try delete(-1, next).lowWatermark == Offset(5))
        next.broker.stop()
    }
}

@Suite struct TopicSettingTests {
    @Test func `settings are told with where they come from`() throws {
        let bench = try AdminBench { configuration in
            configuration.topics.rules = [TopicRules.Rule(match: "t*", settings: [("retention.ms", "5000")])]
        }
        try bench.create("t", [("segment.ms", "7000")])
        let settings = try bench.settings("t")
        #expect(settings["segment.ms"]?.value == "7000" && settings["segment.ms"]?.source == .topic)
        #expect(settings["retention.ms"]?.value == "5000" && settings["retention.ms"]?.source == .staticBroker)
        #expect(settings["retention.bytes"]?.value == "-1" && settings["retention.bytes"]?.source == .defaultConfig)
        #expect(settings.keys.sorted() == TopicSettings.names)
        let broker = try bench.ask(
            DescribeConfigsRequest(resources: [DescribeConfigsRequest.Resource(type: .broker, name: "1")])
        ).results[0]
        #expect(broker.errorCode == .none && broker.configs.allSatisfy { $0.isReadOnly })
        #expect(broker.configs.contains { $0.name == "min.free.bytes" && $0.value == "67108864" })
        bench.broker.stop()
    }

    @Test func `a setting changes at once, and stays`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        #expect(try bench.change("t", "max.message.bytes", to: "100", validateOnly: true).errorCode == .none)
        #expect(try bench.produce(String(repeating: "x", count: 200), to: "t").errorCode == .none)
        #expect(try bench.change("t", "max.message.bytes", to: "100").errorCode == .none)
        #expect(try bench.produce(String(repeating: "x", count: 200), to: "t").errorCode == .messageTooLarge)
        let next = try bench.restarted()
        #expect(try next.produce(String(repeating: "x", count: 200), to: "t").errorCode == .messageTooLarge)
        #expect(try next.change("t", "max.message.bytes", to: nil).errorCode == .none)
        #expect(try next.produce(String(repeating: "x", count: 200), to: "t").errorCode == .none)
        next.broker.stop()
    }

    @Test func `AlterConfigs replaces all settings of a topic`() throws {
        let bench = try AdminBench()
        try bench.create("t", [("segment.ms", "7000")])
        let resource = AlterConfigsRequest.Resource(
            type: .topic, name: "t", configs: [AlterConfigsRequest.Config(name: "retention.ms", value: "1")])
        #expect(try bench.ask(AlterConfigsRequest(resources: [resource])).results[0].errorCode == .none)
        let settings = try bench.settings("t")
        #expect(settings["retention.ms"]?.value == "1")
        #expect(settings["segment.ms"]?.source == .defaultConfig)
        bench.broker.stop()
    }

    @Test(arguments: [
        ("cleanup.policy", "compress"), ("cleanup.policy", ""), ("cleanup.policy", "delete,"),
        ("min.cleanable.dirty.ratio", "1.5"), ("delete.retention.ms", "-1"), ("max.compaction.lag.ms", "0"),
        ("min.compaction.lag.ms", "-5"), ("compression.type", "brotli"), ("retention.ms", "7d"), ("retention.ms", "-2"),
        ("flush.messages", "0"), ("message.timestamp.type", "Now"), ("min.insync.replicas", "0"), ("nonsense", "1"),
        ("segment.bytes", "1"), ("segment.ms", "1\nx"), ("preallocate", "yes"), ("message.format.version", "new"),
        ("message.format.version", "3.0-IV"), ("compression.gzip.level", "10"), ("remote.storage.enable", "true"),
        ("message.timestamp.after.max.ms", "3600000"), ("leader.replication.throttled.replicas", "0:1,2"),
    ])
    func `a setting that is not honoured is refused, at creation and later`(name: String, value: String) throws {
        let bench = try AdminBench()
        #expect(try bench.create("bad", [(name, value)]).errorCode == .invalidConfig)
        try bench.create("t")
        let refused = try bench.change("t", name, to: value)
        #expect(refused.errorCode == .invalidConfig)
        #expect(refused.errorMessage?.contains(name) == true)
        let next = try bench.restarted()
        #expect(next.broker.topics.map(\.name) == ["t"])
        next.broker.stop()
    }

    @Test(arguments: [
        ("compression.type", "lz4"), ("compression.type", "uncompressed"), ("min.insync.replicas", "2"),
        ("message.format.version", "0.10.0.0"), ("message.format.version", "3.0-IV1"), ("preallocate", "true"),
        ("message.timestamp.before.max.ms", "9223372036854775807"), ("local.retention.ms", "-2"),
        ("follower.replication.throttled.replicas", "0:1,1:2"), ("leader.replication.throttled.replicas", "*"),
        ("unclean.leader.election.enable", "true"), ("segment.jitter.ms", "100"), ("file.delete.delay.ms", "0"),
    ])
    func `a setting of Kafka's that changes nothing here is taken, kept, and told to have no effect`(
        name: String, value: String
    ) throws {
        let bench = try AdminBench()
        #expect(try bench.create("created", [(name, value)]).errorCode == .none)
        try bench.create("changed")
        #expect(try bench.change("changed", name, to: value).errorCode == .none)
        let next = try bench.restarted()
        for topic in ["created", "changed"] {
            let setting = try #require(try next.settings(topic, documentation: true)[name])
            #expect(setting.value == value && setting.source == .topic)
            #expect(setting.documentation?.hasPrefix("Without effect here: ") == true)
        }
        #expect(try next.change("changed", name, to: nil).errorCode == .none)
        #expect(try next.settings("changed")[name]?.source == .defaultConfig)
        #expect(try next.settings("changed")[name]?.documentation == nil, "it was not asked for")
        next.broker.stop()
    }

    @Test func `the default of each setting may be set`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        let settings = try bench.settings("t")
        #expect(settings.count == TopicSettings.names.count)
        for (name, setting) in settings {
            let answer = try bench.change("t", name, to: setting.value)
            #expect(setting.value != nil && answer.errorCode == .none, "\(answer.errorMessage ?? "")")
        }
        bench.broker.stop()
    }

    @Test func `the collector's own settings cannot be altered, and unknown topics are told`() throws {
        let bench = try AdminBench()
        let change = IncrementalAlterConfigsRequest.Config(name: "num.partitions", operation: .set, value: "7")
        let resources = [
            IncrementalAlterConfigsRequest.Resource(type: .broker, name: "1", configs: [change]),
            IncrementalAlterConfigsRequest.Resource(type: .topic, name: "nowhere"),
        ]
        let results = try bench.ask(IncrementalAlterConfigsRequest(resources: resources)).results
        #expect(results.map(\.errorCode) == [.invalidRequest, .unknownTopicOrPartition])
        bench.broker.stop()
    }

    @Test func `with LogAppendTime a record has the time of its arrival, and its batch a right checksum`() throws {
        let bench = try AdminBench()
        try bench.create("t", [("message.timestamp.type", "LogAppendTime")])
        let now = bench.clock.now()
        #expect(try bench.produce("a", to: "t", time: 5).logAppendTime == now)
        let records = try #require(try bench.fetch("t").records)
        let bytes = Array(records.readableBytesView)
        let header = try RecordBatchHeader(checking: bytes.rawBytes)
        #expect(header.attributes.hasLogAppendTime && header.maxTimestamp == now)
        #expect(try RecordBatchContents(bytes.rawBytes).records()[0].timestamp == now)
        bench.broker.stop()
    }

    @Test func `flush.messages=1 survives a power loss where the collector's policy does not sync`() throws {
        let bench = try AdminBench { $0.flush = .os }
        try bench.create("safe", [("flush.messages", "1")])
        try bench.create("timed", [("flush.ms", "0")])
        try bench.create("plain")
        // Making them synced their files too.
        let before = bench.files.operationCount
        func isSynced(_ log: String) -> Bool {
            bench.files.operations.dropFirst(before).contains {
                "\($0.kind)" == "synchronize" && $0.path.string.hasPrefix("/data/\(log)/0")
            }
        }
        try bench.produce("a", to: "plain")
        try bench.produce("a", to: "safe")
        #expect(isSynced("safe-0"), "before it is acknowledged")
        try bench.produce("a", to: "timed")
        try blockUntil("flush.ms is over") { isSynced("timed-0") }
        #expect(!isSynced("plain-0"))
        bench.broker.stop()
    }

    @Test func `retention runs from time to time, by the topic's settings of the moment`() throws {
        let bench = try AdminBench()
        bench.broker.startMaintenance()
        try bench.create("t", [("segment.bytes", "16384")])
        let value = String(repeating: "x", count: 10_000)
        for _ in 0..<5 { try bench.produce(value, to: "t", time: bench.clock.now().milliseconds) }
        bench.clock.advance(milliseconds: 10_000)
        bench.scheduler.runAll()
        #expect(try bench.fetch("t").logStartOffset == Offset(0))
        #expect(try bench.change("t", "retention.ms", to: "5000").errorCode == .none)
        try blockUntil("the next round deletes") {
            bench.scheduler.runAll()
            return try bench.fetch("t", from: 5).logStartOffset == Offset(5)
        }
        bench.broker.stop()
        #expect(bench.scheduler.delays.count == 0)
    }
}
