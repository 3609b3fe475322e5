import BrokerTestSupport
import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct FetchSessionTests {
    private static let version: Int16 = 12

    private func fixture(partitions: Int32 = 3, slots: Int = 1000) throws -> BrokerFixture {
        let fixture = try BrokerFixture { $0.fetchSessionSlots = slots }
        try fixture.create("t", partitions: partitions)
        return fixture
    }

    private func request(
        _ session: Int32, _ epoch: Int32, _ partitions: [(Int32, Int64)] = [], forget: [Int32] = [], wait: Int32 = 0
    ) -> FetchRequest {
        FetchRequest(
            maxWaitMilliseconds: wait, minBytes: 1, maxBytes: 1 << 20, sessionID: session, sessionEpoch: epoch,
            topics: partitions.isEmpty
                ? []
                : [
                    FetchRequest.Topic(
                        name: "t",
                        partitions: partitions.map { FetchRequest.Partition(index: $0, fetchOffset: Offset($1)) })
                ],
            forgottenTopics: forget.isEmpty ? [] : [FetchRequest.ForgottenTopic(name: "t", partitions: forget)])
    }

    private func indexes(_ response: FetchResponse) -> [Int32] {
        response.topics.flatMap { $0.partitions.map(\.index) }
    }

    private func put(_ fixture: BrokerFixture, _ partition: Int32, bytes: Int = 20) throws {
        #expect(try fixture.produce(try batch(1, valueBytes: bytes), to: "t", partition).errorCode == .none)
    }

    @Test func `a session is asked for what changed, and answers what is new`() throws {
        let fixture = try fixture()
        func ask(_ request: FetchRequest) throws -> FetchResponse { try fixture.ask(request, version: Self.version) }
        let first = try ask(request(0, 0, [(0, 0), (1, 0), (2, 0)]))
        #expect(indexes(first) == [0, 1, 2])
        let id = first.sessionID
        #expect(id > 0)
        #expect(indexes(try ask(request(id, 1))) == [])
        try put(fixture, 1)
        let second = try ask(request(id, 2))
        #expect(indexes(second) == [1])
        #expect(second.sessionID == id)
        // Until the consumer moves on it gets the records again.
        #expect(indexes(try ask(request(id, 3))) == [1])
        #expect(indexes(try ask(request(id, 4, [(1, 1)]))) == [])
        // Forgotten partitions are not told of any more, new ones are.
        try put(fixture, 0)
        try put(fixture, 2)
        #expect(indexes(try ask(request(id, 5, forget: [0]))) == [2])
        #expect(indexes(try ask(request(id, 6, [(0, 0), (2, 1)]))) == [0])
    }

    @Test func `a long poll of a session is woken by any of its partitions`() throws {
        let fixture = try fixture()
        let id = try fixture.ask(request(0, 0, [(0, 0), (1, 0), (2, 0)]), version: Self.version).sessionID
        let poll = fixture.start(request(id, 1, wait: 60_000), version: Self.version)
        try fixture.expectWaits(poll)
        try put(fixture, 2)
        #expect(indexes(try poll.response()) == [2])
    }

    @Test func `the start of a log that moves, and errors that come and go, are told once`() throws {
        let fixture = try fixture()
        func ask(_ request: FetchRequest) throws -> FetchResponse { try fixture.ask(request, version: Self.version) }
        try put(fixture, 0)
        let id = try ask(request(0, 0, [(0, 1), (1, 5)])).sessionID
        // Out of range: told every time.
        #expect(indexes(try ask(request(id, 1))) == [1])
        #expect(indexes(try ask(request(id, 2, [(1, 0)]))) == [1])
        #expect(indexes(try ask(request(id, 3))) == [])
        let deleted = try fixture.ask(
            DeleteRecordsRequest(topics: [.init(name: "t", partitions: [.init(index: 0, offset: Offset(1))])]))
        #expect(deleted.topics[0].partitions[0].errorCode == .none)
        let told = try ask(request(id, 4))
        #expect(indexes(told) == [0])
        #expect(told.topics[0].partitions[0].logStartOffset == Offset(1))
        #expect(indexes(try ask(request(id, 5))) == [])
    }

    @Test func `partitions that gave records stand last, so that full answers leave none out for ever`() throws {
        let fixture = try fixture()
        for partition: Int32 in 0..<3 { for _ in 0..<3 { try put(fixture, partition, bytes: 4000) } }
        var full = request(0, 0, [(0, 0), (1, 0), (2, 0)])
        full.maxBytes = 1
        let first = try fixture.ask(full, version: Self.version)
        var seen: [Int32] = []
        for epoch: Int32 in 1...6 {
            var next = request(first.sessionID, epoch)
            next.maxBytes = 1
            let response = try fixture.ask(next, version: Self.version)
            seen += response.topics.flatMap(\.partitions).filter { ($0.records?.readableBytes ?? 0) > 0 }.map(\.index)
        }
        #expect(seen == [0, 1, 2, 0, 1, 2])
    }

    @Test func `requests that do not follow on are refused, and a full one begins anew`() throws {
        let fixture = try fixture()
        func ask(_ request: FetchRequest, version: Int16 = Self.version) throws -> FetchResponse {
            try fixture.ask(request, version: version)
        }
        let id = try ask(request(0, 0, [(0, 0)])).sessionID
        #expect(try ask(request(id, 2)).errorCode == .invalidFetchSessionEpoch)
        #expect(try ask(request(id &+ 1, 1)).errorCode == .fetchSessionIDNotFound)
        #expect(try ask(request(0, 1)).errorCode == .fetchSessionIDNotFound)
        #expect(try ask(request(id, 1), version: 13).errorCode == .fetchSessionTopicIDError)
        #expect(try ask(request(id, 1)).errorCode == .none)
        // A full request closes the session that it names, and may open another.
        let second = try ask(request(id, 0, [(0, 0)])).sessionID
        #expect(second != id && second > 0)
        #expect(try ask(request(id, 2)).errorCode == .fetchSessionIDNotFound)
        // Closing.
        #expect(try ask(request(second, -1, [(0, 0)])).sessionID == 0)
        #expect(try ask(request(second, 1)).errorCode == .fetchSessionIDNotFound)
        // Without partitions a session is over.
        let third = try ask(request(0, 0, [(0, 0)])).sessionID
        #expect(try ask(request(third, 1, forget: [0])).sessionID == 0)
        #expect(fixture.broker.fetchSessions.count == 0)
    }

    @Test func `an answer that another request overtook is refused`() throws {
        let fixture = try fixture()
        let id = try fixture.ask(request(0, 0, [(0, 0)]), version: Self.version).sessionID
        let late = fixture.start(request(id, 1, wait: 60_000), version: Self.version)
        try fixture.expectWaits(late)
        #expect(try fixture.ask(request(id, 2), version: Self.version).errorCode == .none)
        try put(fixture, 0)
        #expect(try late.response().errorCode == .invalidFetchSessionEpoch)
    }

    @Test func `sessions by topic id know topics by it`() throws {
        let fixture = try fixture()
        let topic = try #require(fixture.broker.topic(named: "t"))
        var full = request(0, 0, [(0, 0)])
        full.topics[0].id = topic.id
        let id = try fixture.ask(full).sessionID
        try put(fixture, 0)
        #expect(try fixture.ask(request(id, 1)).topics[0].id == topic.id)
        _ = try fixture.ask(DeleteTopicsRequest(topics: [.init(name: "t")]))
        try fixture.create("t")
        let gone = try fixture.ask(request(id, 2)).topics[0].partitions[0]
        #expect(gone.errorCode == .unknownTopicID)
    }

    @Test func `a full cache gives no session, but to the place of one unused, or of a smaller one that is old`() throws
    {
        let fixture = try fixture(slots: 2)
        func open(_ partitions: Int32) throws -> Int32 {
            try fixture.ask(request(0, 0, (0..<partitions).map { ($0, 0) }), version: Self.version).sessionID
        }
        func isThere(_ id: Int32) -> Bool { fixture.broker.fetchSessions.session(id) != nil }
        let small = try open(1)
        let large = try open(2)
        #expect(try open(3) == 0)
        fixture.clock.advance(milliseconds: 120_001)
        // Both were used when they were old: now size decides.
        #expect(try fixture.ask(request(small, 1), version: Self.version).errorCode == .none)
        #expect(try fixture.ask(request(large, 1), version: Self.version).errorCode == .none)
        #expect(try open(1) == 0)
        let larger = try open(3)
        #expect(larger > 0 && !isThere(small) && isThere(large))
        // A young one is safe from larger ones; an unused one is not.
        fixture.clock.advance(milliseconds: 60_000)
        #expect(try fixture.ask(request(larger, 1), version: Self.version).errorCode == .none)
        fixture.clock.advance(milliseconds: 60_001)
        let last = try open(1)
        #expect(last > 0 && !isThere(large) && isThere(larger))
        #expect(try fixture.ask(request(0, 0, [(0, 0)]), version: 6).sessionID == 0)
    }

    @Test func `a read-committed fetch has a list of aborted transactions, another has none`() throws {
        let fixture = try fixture()
        try put(fixture, 0)
        var fetch = request(0, -1, [(0, 0)])
        #expect(try fixture.ask(fetch, version: Self.version).topics[0].partitions[0].abortedTransactions == nil)
        fetch.isolationLevel = .readCommitted
        let committed = try fixture.ask(fetch, version: Self.version).topics[0].partitions[0]
        #expect(committed.abortedTransactions == [])
        #expect(committed.lastStableOffset == committed.highWatermark)
        #expect((committed.records?.readableBytes ?? 0) > 0)
    }

    @Test func `a wake-up touches only those who wait for the partition`() throws {
        let fixture = try fixture(partitions: 50)
        var waiting: [(Int32, Pending<FetchRequest>)] = []
        // A waiting fetch per consumer: each connection has one.
        for number: Int32 in 0..<5000 {
            let client = ClientConnection(
                localAddress: BrokerAddress(host: "10.0.0.1", port: 9092), remote: "10.0.0.2:\(number)")
            let pending = Pending<FetchRequest>(version: Self.version)
            let fetch = request(0, 0, [(number % 50, 0)], wait: 60_000)
            fixture.broker.handle(
                unframed(fetch.frame(version: Self.version, correlationID: 7, clientID: "c")), from: client,
                reply: pending.put)
            waiting.append((number % 50, pending))
        }
        #expect(fixture.scheduler.delays.count == 5000)
        let before = fixture.broker.readers.submittedCount
        try put(fixture, 7)
        for (partition, pending) in waiting where partition == 7 {
            #expect(indexes(try pending.response()) == [7])
        }
        // A hundred waited for the partition: each has cost a reader once, and nobody else has.
        #expect(fixture.broker.readers.submittedCount - before == 100)
        #expect(fixture.broker.partition("t", 7)?.waiterCount == 0)
        #expect(fixture.broker.partition("t", 8)?.waiterCount == 100)
        #expect(fixture.scheduler.delays.count == 4900)
        fixture.scheduler.runAll()
        for (partition, pending) in waiting where partition != 7 { #expect(try pending.response().errorCode == .none) }
    }
}
