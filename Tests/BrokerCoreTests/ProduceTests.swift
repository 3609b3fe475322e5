import BrokerTestSupport
import CommitLog
import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct ProduceTests {
    @Test func `a batch is acknowledged with the offset of its first record, and read back as it was sent`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        let first = try fixture.produce(try batch(3), to: "t")
        #expect(first.errorCode == .none)
        #expect(first.baseOffset == .zero)
        #expect(try fixture.produce(try batch(2), to: "t", acknowledgements: 1).baseOffset == Offset(3))

        let fetched = try fixture.ask(fetchRequest("t", from: 0), version: 12).topics[0].partitions[0]
        #expect(fetched.highWatermark == Offset(5))
        var expected = try batch(3)
        expected.setBigEndian(Int32(0), at: 12)
        let records = try #require(fetched.records)
        #expect(Array(records.readableBytesView.prefix(expected.count)) == expected)
    }

    private static let unacceptable: [(String, ErrorCode, @Sendable ([UInt8]) -> [UInt8]?)] = [
        ("nothing there", ErrorCode.invalidRecord, { (_: [UInt8]) -> [UInt8]? in nil }),
        ("empty", .invalidRecord, { _ in [] }),
        ("cut short", .corruptMessage, { Array($0.dropLast()) }),
        ("a bit flipped", .corruptMessage, { $0.with { $0[70] ^= 1 } }),
        ("a length of nonsense", .corruptMessage, { $0.with { $0.setBigEndian(Int32(-5), at: 8) } }),
        ("the old format", .unsupportedForMessageFormat, { $0.with { $0[16] = 1 } }),
        ("two batches", .invalidRecord, { $0 + $0 }),
        ("bytes behind it", .invalidRecord, { $0 + [0] }),
    ]

    @Test(arguments: unacceptable)
    func `a batch that cannot be taken is refused with its reason and changes nothing`(
        _ name: String, _ code: ErrorCode, _ change: @Sendable ([UInt8]) -> [UInt8]?
    ) throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        let answer = try fixture.produce(change(try batch(2)), to: "t")
        #expect(answer.errorCode == code)
        #expect(answer.errorMessage?.isEmpty == false)
        #expect(try fixture.produce(try batch(), to: "t").baseOffset == .zero)
    }

    @Test func `unknown places, unknown acks and batches above max message bytes are refused`() throws {
        let fixture = try BrokerFixture { configuration in
            configuration.topics.rules = [TopicRules.Rule(match: "t", settings: [("max.message.bytes", "1000")])]
        }
        try fixture.create("t")
        #expect(try fixture.produce(try batch(), to: "none").errorCode == .unknownTopicOrPartition)
        #expect(try fixture.produce(try batch(), to: "t", 1).errorCode == .unknownTopicOrPartition)
        #expect(try fixture.produce(try batch(), to: "t", -1).errorCode == .unknownTopicOrPartition)
        #expect(try fixture.produce(try batch(), to: "t", acknowledgements: 2).errorCode == .invalidRequiredAcks)
        let large = try fixture.produce(try batch(1, valueBytes: 1000), to: "t")
        #expect(large.errorCode == .messageTooLarge)
        #expect(large.errorMessage?.contains("1000") == true)
    }

    @Test func `acks 0 is not answered, and an error ends the connection`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        guard case .nothing = try fixture.start(produceRequest(try batch(), to: "t", acknowledgements: 0)).reply()
        else {
            Issue.record("acks=0 was answered")
            return
        }
        let failed = try fixture.start(produceRequest(try batch(), to: "none", acknowledgements: 0)).reply()
        guard case .close(let reason) = failed else {
            Issue.record("an error at acks=0 was not told")
            return
        }
        #expect(reason.contains("UNKNOWN_TOPIC_OR_PARTITION"))
        #expect(try fixture.produce(try batch(), to: "t").baseOffset == Offset(1))
    }

    @Test func `sequences are judged, also after a restart`() throws {
        var fixture = try BrokerFixture()
        try fixture.create("t")
        func send(_ count: Int, _ sequence: Int32, epoch: Int16 = 1) throws -> ProduceResponse.Partition {
            try fixture.produce(try batch(count, producer: 9, epoch: epoch, sequence: sequence), to: "t")
        }
        #expect(try send(3, 0).baseOffset == .zero)
        #expect(try send(2, 3).baseOffset == Offset(3))
        for _ in 0..<2 {
            let duplicate = try send(3, 0)
            #expect(duplicate.errorCode == .none)
            #expect(duplicate.baseOffset == .zero)
            #expect(try send(1, 1).errorCode == .duplicateSequenceNumber)
            #expect(try send(1, 6).errorCode == .outOfOrderSequenceNumber)
            #expect(try send(1, 0, epoch: 0).errorCode == .invalidProducerEpoch)
            let described = try fixture.ask(
                DescribeProducersRequest(topics: [DescribeProducersRequest.Topic(name: "t", partitions: [0, 4])]))
            let producer = try #require(described.topics[0].partitions[0].activeProducers.first)
            #expect(producer.id == ProducerID(9))
            #expect(producer.lastSequence == SequenceNumber(4))
            #expect(described.topics[0].partitions[1].errorCode == .unknownTopicOrPartition)
            fixture.broker.stop()
            fixture = try fixture.restarted()
        }
        #expect(try send(1, 5).baseOffset == Offset(5))
    }

    @Test func `several topics and partitions are answered in the order of the request`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("a", partitions: 3)
        try fixture.create("b", partitions: 2)
        let places: [(String, [Int32])] = [("b", [1, 7, 0]), ("none", [0]), ("a", [2, 0, 1]), ("b", [])]
        let request = ProduceRequest(
            topics: try places.map { topic, partitions in
                ProduceRequest.Topic(
                    name: topic,
                    partitions: try partitions.map { index in
                        ProduceRequest.Partition(index: index, records: ByteBuffer(bytes: try batch()))
                    })
            })
        for version in ProduceRequest.versions where version <= ProduceRequest.lastVersionByName {
            let answer = try fixture.ask(request, version: version)
            #expect(answer.topics.map(\.name) == places.map(\.0))
            #expect(answer.topics.map { $0.partitions.map(\.index) } == places.map(\.1))
            #expect(answer.topics[0].partitions[1].errorCode == .unknownTopicOrPartition)
        }
        #expect(try fixture.ask(ProduceRequest()).topics.isEmpty)
    }
}

extension Array where Element == UInt8 {
    func with(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var copy = self
        change(&copy)
        return copy
    }
}

extension ProduceTests {
    @Test func `from version 13 on a topic is named by its id, and an id that is none is told`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t", partitions: 2)
        var request = produceRequest(try batch(2), to: "", 1)
        request.topics[0].id = try #require(fixture.broker.topic(named: "t")).id
        let answer = try fixture.ask(request, version: 13).topics[0]
        #expect(answer.partitions[0].errorCode == .none && answer.partitions[0].index == 1)
        #expect(answer.id == request.topics[0].id)
        #expect(fixture.broker.partition("t", 1)?.log.view.endOffset == Offset(2))
        request.topics[0].id.low ^= 1
        #expect(try fixture.ask(request, version: 13).topics[0].partitions[0].errorCode == .unknownTopicID)
        request.topics[0].id = .zero
        #expect(try fixture.ask(request, version: 13).topics[0].partitions[0].errorCode == .unknownTopicID)
    }
}

func fetchRequest(
    _ topic: String, from offset: Int64, _ partition: Int32 = 0, wait: Int32 = 0, minBytes: Int32 = 1,
    maxBytes: Int32 = 1 << 20, partitionBytes: Int32 = 1 << 20, epoch: Int32 = -1
) -> FetchRequest {
    FetchRequest(
        maxWaitMilliseconds: wait, minBytes: minBytes, maxBytes: maxBytes,
        topics: [
            FetchRequest.Topic(
                name: topic,
                partitions: [
                    FetchRequest.Partition(
                        index: partition, currentLeaderEpoch: LeaderEpoch(epoch), fetchOffset: Offset(offset),
                        maxBytes: partitionBytes)
                ])
        ])
}
