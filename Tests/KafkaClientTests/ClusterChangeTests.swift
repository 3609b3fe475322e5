import KafkaProtocol
import Logging
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import KafkaClient

@Suite(.timeLimit(.minutes(10))) struct `A producer and a cluster that changes` {
    private let place = TopicPartition(topic: "t", partition: 0)

    private func tags(_ broker: FakeBroker, _ place: TopicPartition) -> [UInt64] {
        broker.state.withLock { $0.partitions[place]?.log.map(\.tag) ?? [] }
    }

    private func ship(
        _ tags: Range<UInt64>, to partition: Int32 = 0, _ producer: BatchProducer
    ) throws {
        for tag in tags { producer.enqueue(try batch(tag), topic: "t", partition: partition, tag: tag) }
    }

    @Test func `keeps the silence that a broker asks for`() async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { $0.throttleMilliseconds = 400 }
        let cluster = cluster([broker.address])
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        try ship(0..<5, producer)
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, place) == [0, 1, 2, 3, 4])
        // The first batch goes alone, so its answer comes before the second leaves: not earlier than allowed.
        let times = broker.state.withLock { $0.produceTimes }
        #expect(times.count > 1)
        #expect(times[1] - times[0] >= .milliseconds(400))
        await cluster.close()
        try await broker.stop()
    }

    @Test func `goes to the leader that a refusal names, though metadata does not know it`() async throws {
        let next = try await FakeBroker()
        let old = try await FakeBroker(
            onRequest: on(.produce) { number, _ in number > 3 ? .refuse(.notLeaderOrFollower) : .healthy })
        next.state.withLock { state in
            state.nodeID = 8
            state.topics = ["t"]
        }
        old.state.withLock { state in
            state.otherBrokers = [NodeEndpoint(nodeID: 8, host: "127.0.0.1", port: Int32(next.port))]
            state.hint = LeaderIDAndEpoch(leaderID: 8, leaderEpoch: LeaderEpoch(2))
        }
        let cluster = cluster([old.address])
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, sink: ledger)
        for tag in 0..<10 as Range<UInt64> {
            try ship(tag..<tag + 1, producer)
            if tag < 3 { #expect(await producer.flush(within: .seconds(60))) }
        }
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(old, place) == [0, 1, 2])
        #expect(tags(next, place) == [3, 4, 5, 6, 7, 8, 9])
        #expect(ledger.entries.withLock { $0.incidents }.isEmpty)
        await cluster.close()
        try await old.stop()
        try await next.stop()
    }

    @Test func `resolves names anew for each connection, so that a collector may move`() async throws {
        let old = try await FakeBroker()
        // The same port: a name has no other.
        let next = try await FakeBroker(host: "127.0.0.2", port: old.port)
        for broker in [old, next] { broker.state.withLock { $0.host = "collector.test" } }
        let address = Mutex("127.0.0.1")
        var connection = ConnectionConfiguration(requestTimeout: .seconds(10))
        connection.resolve = { host, port in
            guard host == "collector.test" else { return [] }
            return (try? SocketAddress(ipAddress: address.withLock { $0 }, port: port)).map { [$0] } ?? []
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let cluster = KafkaCluster(
            ClusterConfiguration(
                bootstrap: [BrokerAddress(host: "collector.test", port: old.port)], connection: connection,
                backoff: Backoff(first: .milliseconds(2), longest: .milliseconds(20))),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, sink: ledger)
        try ship(0..<3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        // It moves with all that it has.
        let partitions = old.state.withLock { $0.partitions }
        next.state.withLock { $0.partitions = partitions }
        address.withLock { $0 = "127.0.0.2" }
        try await old.stop()
        try ship(3..<6, producer)
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(next, place) == [0, 1, 2, 3, 4, 5])
        #expect(ledger.entries.withLock { $0.incidents }.isEmpty)
        await cluster.close()
        try await next.stop()
    }

    @Test func `sends to partitions that come to be while it runs`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        try ship(0..<2, producer)
        try ship(2..<4, to: 3, producer)
        #expect(await producer.flush(within: .milliseconds(200)) == false)
        #expect(producer.batchesHeld >= 2)
        broker.state.withLock { $0.partitionCount = 4 }
        try ship(4..<6, producer)
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, place) == [0, 1, 4, 5])
        #expect(tags(broker, TopicPartition(topic: "t", partition: 3)) == [2, 3])
        await cluster.close()
        try await broker.stop()
    }

    @Test func `sends what was not acknowledged to a topic that is deleted and made again while it runs`() async throws
    {
        let broker = try await FakeBroker(
            onRequest: on(.produce) { number, state in
                guard number == 6 else { return .healthy }
                state.partitions = [:]
                state.stored = [:]
                state.topicID += 1
                return .refuse(.unknownTopicOrPartition)
            })
        broker.state.withLock { $0.metadataLimit = 12 }
        let cluster = cluster([broker.address])
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, journal: MemoryJournal(), sink: ledger)
        for tag in 0..<10 as Range<UInt64> {
            try ship(tag..<tag + 1, producer)
            if tag < 5 { #expect(await producer.flush(within: .seconds(60))) }
        }
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, place) == [5, 6, 7, 8, 9])
        let entries = ledger.entries.withLock { $0 }
        #expect(entries.incidents == [.topicIsAnother(place)])
        #expect(entries.acknowledged[place] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(broker.state.withLock { $0.partitions[place]?.log.first?.identity.epoch.value } == 1)
        await cluster.close()
        try await broker.stop()
    }

    // MARK: Places that are gone

    private func shrink(_ broker: FakeBroker, to count: Int32) {
        broker.state.withLock { state in
            state.partitions = [:]
            state.stored = [:]
            state.topicID += 1
            state.partitionCount = count
        }
    }

    private func checkGivenBack(_ tags: ClosedRange<UInt64>, _ ledger: Ledger) {
        let entries = ledger.entries.withLock { $0 }
        #expect(entries.refusals.map(\.tag) == Array(tags))
        #expect(entries.refusals.allSatisfy { $0.reason == .placeIsGone && $0.position == 0 && $0.recordCount == 3 })
        #expect(tags.allSatisfy { entries.settlements[$0]?.storedRecords == 0 })
        #expect(!entries.incidents.contains { if case .mayBeDoubled = $0 { true } else { false } })
    }

    @Test func `gives back what goes to a partition that a topic made anew has not, in this life or the next`()
        async throws
    {
        let broker = try await FakeBroker()
        broker.state.withLock { state in
            state.metadataLimit = 12
            state.partitionCount = 4
        }
        let cluster = cluster([broker.address])
        let (journal, ledger) = (MemoryJournal(), Ledger())
        let producer = BatchProducer(cluster: cluster, journal: journal, sink: ledger)
        try ship(0..<3, to: 3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        shrink(broker, to: 1)
        try ship(3..<6, to: 3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        checkGivenBack(3...5, ledger)
        // Told before, so that the next choice is another.
        #expect(ledger.entries.withLock { $0.partitionCounts }.last == 1)
        try ship(6..<8, producer)
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, place) == [6, 7])

        var left = try journal.resumption(without: [0, 1, 2, 6, 7], cluster: "fake")
        left.partitions[0].place.partition = 3
        left.partitions[0].topicID = TopicID(high: 1, low: 1)
        let next = Ledger()
        let successor = BatchProducer(cluster: cluster, resuming: left, journal: journal, sink: next)
        #expect(await successor.close(within: .seconds(60)))
        checkGivenBack(3...5, next)
        await cluster.close()
        try await broker.stop()
    }

    @Test func `takes no partition for gone because a broker lags behind`() async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { state in
            state.metadataLimit = 12
            state.partitionCount = 4
        }
        let cluster = cluster([broker.address], absenceLimit: .zero)
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, journal: MemoryJournal(), sink: ledger)
        try ship(0..<3, to: 3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        broker.state.withLock { $0.partitionCount = 2 }
        #expect(try await cluster.describe(topic: "t").partitionCount == 4)
        try ship(3..<6, to: 3, producer)
        let asked = broker.state.withLock { $0.requests.count { $0 == .metadata } }
        while broker.state.withLock({ $0.requests.count { $0 == .metadata } }) < asked + 3 { await Task.yield() }
        broker.state.withLock { $0.partitionCount = 4 }
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, TopicPartition(topic: "t", partition: 3)) == [0, 1, 2, 3, 4, 5])
        #expect(ledger.entries.withLock { $0.refusals }.isEmpty)
        // Nor is a topic what it was before it was made anew.
        broker.state.withLock { $0 = $0.remade(id: 2, count: 1) }
        #expect(try await cluster.describe(topic: "t").partitionCount == 1)
        broker.state.withLock { $0 = $0.remade(id: 1, count: 4) }
        #expect(try await cluster.describe(topic: "t").partitionCount == 1)
        await cluster.close()
        try await broker.stop()
    }

    @Test func `takes a partition for gone where brokers have no topic ids only when it is missing for long`()
        async throws
    {
        let broker = try await FakeBroker()
        broker.state.withLock { $0.partitionCount = 4 }
        let patient = cluster([broker.address])
        #expect(try await patient.describe(topic: "t", allowCreation: true).partitionCount == 4)
        let hasty = cluster([broker.address], absenceLimit: .milliseconds(100))
        let ledger = Ledger()
        let producer = BatchProducer(cluster: hasty, journal: MemoryJournal(), sink: ledger)
        try ship(0..<3, to: 3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        shrink(broker, to: 1)
        try ship(3..<6, to: 3, producer)
        #expect(await producer.close(within: .seconds(60)))
        checkGivenBack(3...5, ledger)
        #expect(try await patient.describe(topic: "t").partitionCount == 4)
        await hasty.close()
        await patient.close()
        try await broker.stop()
    }

    @Test func `gives back what goes to a deleted topic only when nobody waits for it, and does not make it then`()
        async throws
    {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address], absenceLimit: .milliseconds(100))
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, journal: MemoryJournal(), sink: ledger)
        func delete() {
            broker.state.withLock { state in
                state.partitions = [:]
                state.topics = []
            }
        }
        try ship(0..<3, producer)
        #expect(await producer.flush(within: .seconds(60)))
        delete()
        // By whoever waits for it, it is made again.
        try ship(3..<6, producer)
        #expect(await producer.flush(within: .seconds(60)))
        #expect(tags(broker, place) == [3, 4, 5])
        producer.release(topics: ["t"])
        delete()
        try ship(6..<9, producer)
        #expect(await producer.flush(within: .seconds(60)))
        checkGivenBack(6...8, ledger)
        #expect(broker.state.withLock { $0.topics.isEmpty })
        producer.release(topics: [])
        try ship(9..<12, producer)
        #expect(await producer.close(within: .seconds(60)))
        #expect(tags(broker, place) == [9, 10, 11])
        await cluster.close()
        try await broker.stop()
    }
}

extension FakeBroker.State {
    /// With the topics of another time.
    fileprivate func remade(id: UInt64, count: Int32) -> Self {
        var state = self
        (state.topicID, state.partitionCount) = (id, count)
        return state
    }
}
