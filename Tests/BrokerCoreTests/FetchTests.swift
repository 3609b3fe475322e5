import BrokerTestSupport
import CommitLog
import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct FetchTests {
    private func filled(_ batches: Int = 3) throws -> BrokerFixture {
        let fixture = try BrokerFixture()
        try fixture.create("t", partitions: 2)
        for _ in 0..<batches {
            #expect(try fixture.produce(try batch(2, valueBytes: 1000), to: "t").errorCode == .none)
        }
        return fixture
    }

    private func bytes(_ response: FetchResponse) -> Int {
        response.topics.reduce(0) { $0 + $1.partitions.reduce(0) { $0 + ($1.records?.readableBytes ?? 0) } }
    }

    @Test func `a fetch at the end waits, and is woken by an append`() throws {
        let fixture = try filled()
        let fetch = fixture.start(fetchRequest("t", from: 6, wait: 60_000), version: 12)
        try fixture.expectWaits(fetch)
        #expect(fixture.scheduler.delays == [.seconds(60)])
        #expect(try fixture.produce(try batch(), to: "t").baseOffset == Offset(6))
        let partition = try fetch.response().topics[0].partitions[0]
        #expect(partition.highWatermark == Offset(7))
        #expect((partition.records?.readableBytes ?? 0) > 0)
        #expect(fixture.scheduler.delays.isEmpty)
    }

    @Test func `a fetch whose time is up gets what is there`() throws {
        let fixture = try filled()
        let empty = fixture.start(fetchRequest("t", from: 6, wait: 100), version: 12)
        try fixture.expectWaits(empty)
        fixture.scheduler.runAll()
        let response = try empty.response()
        #expect(response.topics[0].partitions[0].errorCode == .none)
        #expect(bytes(response) == 0)

        let little = fixture.start(fetchRequest("t", from: 4, wait: 100, minBytes: 100_000), version: 12)
        try fixture.expectWaits(little)
        fixture.scheduler.runAll()
        #expect(bytes(try little.response()) > 2000)
    }

    @Test func `a fetch waits for its least bytes, over several appends`() throws {
        let fixture = try filled(0)
        let fetch = fixture.start(fetchRequest("t", from: 0, wait: 60_000, minBytes: 3000), version: 12)
        #expect(try fixture.produce(try batch(1, valueBytes: 1000), to: "t").errorCode == .none)
        #expect(try fixture.produce(try batch(1, valueBytes: 1000), to: "t").errorCode == .none)
        try fixture.expectWaits(fetch)
        #expect(try fixture.produce(try batch(1, valueBytes: 1000), to: "t").errorCode == .none)
        #expect(bytes(try fetch.response()) >= 3000)
    }

    @Test func `more least bytes than the answer may have keep nothing back`() throws {
        let fixture = try filled()
        let request = fetchRequest("t", from: 0, wait: 60_000, minBytes: 1 << 30, maxBytes: 4000)
        #expect(bytes(try fixture.ask(request, version: 12)) > 0)
    }

    @Test func `limits are kept, but one batch always comes`() throws {
        let fixture = try filled()
        let one = bytes(try fixture.ask(fetchRequest("t", from: 0, maxBytes: 1), version: 12))
        #expect(one > 2000 && one < 3000)
        #expect(bytes(try fixture.ask(fetchRequest("t", from: 0, partitionBytes: 0), version: 12)) == one)
        #expect(
            bytes(try fixture.ask(fetchRequest("t", from: 0, partitionBytes: Int32(2 * one + 5)), version: 12)) == 2
                * one)
        // A negative limit is a client's nonsense.
        #expect(
            bytes(try fixture.ask(fetchRequest("t", from: 0, maxBytes: -1, partitionBytes: -1), version: 12)) == one)

        // The second partition gets what the first leaves.
        #expect(try fixture.produce(try batch(2, valueBytes: 1000), to: "t", 1).errorCode == .none)
        var both = fetchRequest("t", from: 0, maxBytes: Int32(3 * one + 10))
        both.topics[0].partitions.append(FetchRequest.Partition(index: 1, fetchOffset: .zero, maxBytes: 1 << 20))
        #expect(bytes(try fixture.ask(both, version: 12)) == 3 * one)
    }

    @Test func `offsets out of range, unknown places and wrong epochs are told at once`() throws {
        let fixture = try filled()
        func error(_ request: FetchRequest, version: Int16 = 12) throws -> ErrorCode {
            let answer = try fixture.ask(request, version: version).topics[0].partitions[0]
            // librdkafka takes null for a damaged answer.
            if answer.errorCode != .none { #expect(answer.records?.readableBytes == 0) }
            return answer.errorCode
        }
        #expect(try error(fetchRequest("t", from: 7, wait: 60_000)) == .offsetOutOfRange)
        #expect(try error(fetchRequest("t", from: -1, wait: 60_000)) == .offsetOutOfRange)
        #expect(try error(fetchRequest("t", from: 0, 2, wait: 60_000)) == .unknownTopicOrPartition)
        #expect(try error(fetchRequest("none", from: 0, wait: 60_000)) == .unknownTopicOrPartition)
        let epoch = try #require(fixture.broker.partition("t", 0)).log.view.leaderEpoch.value
        #expect(try error(fetchRequest("t", from: 0, epoch: epoch)) == .none)
        #expect(try error(fetchRequest("t", from: 0, wait: 60_000, epoch: epoch + 1)) == .unknownLeaderEpoch)
        // What goes on with the directory of a broker that was not stopped begins an epoch.
        let late = try fixture.restarted().ask(fetchRequest("t", from: 0, epoch: epoch), version: 12)
        #expect(late.topics[0].partitions[0].errorCode == .fencedLeaderEpoch)

        var byID = fetchRequest("", from: 0)
        byID.topics[0].id = try #require(fixture.broker.topic(named: "t")).id
        #expect(try error(byID, version: 17) == .none)
        byID.topics[0].id.low ^= 1
        byID.maxWaitMilliseconds = 60_000
        #expect(try error(byID, version: 17) == .unknownTopicID)
    }

    @Test func `an error of one partition answers at once, with the records of the others`() throws {
        let fixture = try filled()
        var request = fetchRequest("t", from: 6, wait: 60_000)
        request.topics[0].partitions.append(FetchRequest.Partition(index: 9, fetchOffset: .zero, maxBytes: 1 << 20))
        let response = try fixture.ask(request, version: 12)
        #expect(response.topics[0].partitions.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        #expect(try fixture.ask(FetchRequest(maxWaitMilliseconds: 60_000, minBytes: 1)).topics.isEmpty)
        var session = request
        session.sessionID = 5
        session.sessionEpoch = 1
        #expect(try fixture.ask(session).errorCode == .fetchSessionIDNotFound)
    }

    @Test func `a connection that goes takes its waiting fetch with it`() throws {
        let fixture = try filled()
        let fetch = fixture.start(fetchRequest("t", from: 6, wait: 60_000), version: 12)
        try fixture.expectWaits(fetch)
        fixture.client.close()
        _ = try fetch.reply()
        // One that comes later is answered too, and waits for nothing.
        _ = try fixture.start(fetchRequest("t", from: 6, wait: 60_000), version: 12).reply()
        #expect(fixture.scheduler.delays.isEmpty)
        #expect(try #require(fixture.broker.partition("t", 0)).waiterCount == 0)
    }

    @Test func `fetches and appends at the same time lose no wake-up`() throws {
        let fixture = try filled(0)
        for round in 0..<300 {
            let fetch = fixture.start(fetchRequest("t", from: Int64(round), wait: 60_000), version: 12)
            let append = fixture.start(produceRequest(try batch(), to: "t"))
            #expect(bytes(try fetch.response()) > 0)
            _ = try append.response()
        }
    }

    @Test func `answers are counted until they are given back, and leave requests their memory`() throws {
        let fixture = try BrokerFixture { $0.maximumBytesInFlight = 400_000 }
        try fixture.create("t")
        for _ in 0..<10 { #expect(try fixture.produce(try batch(1, valueBytes: 50_000), to: "t").errorCode == .none) }
        fixture.broker.responseMemory.release(fixture.broker.responseMemory.used)
        var sizes: [Int] = []
        for _ in 0..<6 {
            sizes.append(try fixture.start(fetchRequest("t", from: 0), version: 12).frame().readableBytes)
        }
        // What was taken to read is given back right behind the answer.
        try blockUntil("only the answers are counted") {
            fixture.broker.responseMemory.used == sizes.reduce(0, +)
        }
        #expect(sizes[0] > 150_000)
        // Used up: one batch each still.
        #expect(sizes[5] > 50_000 && sizes[5] < 101_000)
        #expect(fixture.broker.requestMemory.used == 0)
    }
}
