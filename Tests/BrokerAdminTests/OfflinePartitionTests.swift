import BrokerCore
import BrokerTestSupport
import CollectorCore
import FileAccess
import KafkaProtocol
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct OfflinePartitionTests {
    @Test func `a partition that cannot be opened is offline alone`() throws {
        var bench = try AdminBench()
        try bench.create("t", partitions: 2)
        try bench.create("other")
        for topic in ["t", "other"] { #expect(try bench.produce("kept", to: topic).errorCode == .none) }
        bench.broker.stop()
        bench.files.restart(after: .kill)
        bench.files.fail(.error(.ioError), times: 1000) { operation in
            operation.kind == .read && operation.path.string.contains("/t-0/")
        }
        bench = try AdminBench(bench.files)
        #expect(try bench.produce("x", to: "t", 0).errorCode == .kafkaStorageError)
        #expect(try bench.fetch("t").errorCode == .kafkaStorageError)
        let asked = ListOffsetsRequest.Partition(index: 0, timestamp: ListOffsetsRequest.SpecialTimestamp.latest)
        let offsets = try bench.ask(
            ListOffsetsRequest(topics: [ListOffsetsRequest.Topic(name: "t", partitions: [asked])]))
        #expect(offsets.topics[0].partitions[0].errorCode == .kafkaStorageError)
        #expect(try bench.produce("x", to: "t", 1).errorCode == .none)
        #expect(try bench.produce("x", to: "other").baseOffset == Offset(1))

        bench.files.failNoMore()
        bench = try bench.restarted()
        #expect(try bench.produce("x", to: "t", 0).baseOffset == Offset(1), "it is there again, with what it held")
        bench.broker.stop()
    }

    @Test func `verify tells of partitions that the list of topics does not have, and of those that are not there`()
        throws
    {
        let bench = try AdminBench()
        try bench.create("t", partitions: 3)
        try bench.produce("x", to: "t", 0)
        bench.broker.stop()
        func verify() throws -> (isWell: Bool, lines: [String]) {
            var lines: [String] = []
            let tools = try LogTools("/data", fileSystem: bench.files) { lines.append($0) }
            let isWell = try tools.verify { _, _ in }
            return (isWell, lines)
        }
        bench.files.restart(after: .kill)
        #expect(try verify().isWell)
        try bench.files.rename("/data/t-1", to: "/data/stray-0")
        let (isWell, lines) = try verify()
        #expect(!isWell)
        #expect(lines.contains { $0.hasPrefix("topic-registry: /data/t-1: ") && $0.contains("not there") })
        #expect(lines.contains { $0.hasPrefix("topic-registry: /data/stray-0: ") && $0.contains("nobody serves it") })
        #expect(lines.last?.hasPrefix("2 problems") == true)
    }
}
