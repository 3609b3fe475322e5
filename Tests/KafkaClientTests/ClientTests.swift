import KafkaProtocol
import Logging
import NIOCore
import NIOPosix
import Primitives
import RecordBatches
import Synchronization
import TestSupport
import Testing

@testable import KafkaClient

func cluster(
    _ brokers: [BrokerAddress], requestTimeout: Duration = .seconds(10), absenceLimit: Duration = .seconds(30)
) -> KafkaCluster {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return KafkaCluster(
        ClusterConfiguration(
            bootstrap: brokers, connection: ConnectionConfiguration(requestTimeout: requestTimeout),
            backoff: Backoff(first: .milliseconds(2), longest: .milliseconds(20)), absenceLimit: absenceLimit),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
}

/// Collects what a producer tells.
final class Ledger: ProducerSink {
    struct Entries {
        var acknowledged: [TopicPartition: [UInt64]] = [:]
        var refused: [UInt64: ErrorCode] = [:]
        var refusals: [BatchRefusal] = []
        var settlements: [UInt64: BatchSettlement] = [:]
        var clusters: [String] = []
        var identities: [ProducerIdentity] = []
        var incidents: [ProducerIncident] = []
        var partitionCounts: [Int] = []
    }
    let entries = Mutex(Entries())

    func onSettled(_ settlement: BatchSettlement) {
        entries.withLock {
            $0.settlements[settlement.tag] = settlement
            if settlement.storedRecords > 0 { $0.acknowledged[settlement.place, default: []].append(settlement.tag) }
        }
    }
    func onRefused(_ refusal: BatchRefusal, kept: @escaping @Sendable () -> Void) {
        entries.withLock {
            $0.refusals.append(refusal)
            if case .refused(let code) = refusal.reason { $0.refused[refusal.tag] = code }
        }
        kept()
    }
    func onCluster(_ clusterID: String) { entries.withLock { $0.clusters.append(clusterID) } }
    func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?) {
        entries.withLock { $0.identities.append(identity) }
    }
    func onIncident(_ incident: ProducerIncident) { entries.withLock { $0.incidents.append(incident) } }
    func onTopic(_ topic: String, partitions: Int) { entries.withLock { $0.partitionCounts.append(partitions) } }
}

/// A batch whose timestamp is its tag, so that the fake broker knows it again.
func batch(_ tag: UInt64, records: Int = 3) throws -> SealedBatch {
    let builder = RecordBatchBuilder(limit: 1 << 20)
    for index in 0..<records {
        let value = Array("\(tag)-\(index)".utf8)
        _ = builder.append(key: nil, value: value.rawBytes, timestamp: Timestamp(milliseconds: Int64(tag)))
    }
    return builder.seal(with: try BatchCompressor(.lz4))
}

@Suite(.timeLimit(.minutes(10))) struct `A connection` {
    @Test func `agrees on versions with a broker that speaks only the first ApiVersions`() async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { $0.apiVersionsLimit = 0 }
        let cluster = cluster([broker.address])
        _ = try await cluster.refresh(topics: ["a"], allowCreation: true)
        #expect(broker.state.withLock { $0.requestVersions[.apiVersions] } == 0)
        #expect(broker.state.withLock { $0.requestVersions[.metadata] } == 9)
        await cluster.close()
        try await broker.stop()
    }

    @Test func `that is refused says which address and why`() async throws {
        let cluster = cluster([BrokerAddress(host: "127.0.0.1", port: 1)])
        let error = await #expect(throws: KafkaClientError.self) { try await cluster.listTopics() }
        #expect("\(error.map { "\($0)" } ?? "")" == "no broker is reachable: 127.0.0.1:1: connection refused")
        await cluster.close()
    }

    @Test(arguments: [
        FakeBroker.Answer.garbage(Array(repeating: 0x41, count: 64)), .garbage([0, 0, 0, 4, 0, 0, 9, 9]),
        .garbage([0, 0, 0, 5, 0, 0, 0, 1, 0]), .hangUp,
    ])
    func `fails every pending request once when the broker sends no answer`(_ answer: FakeBroker.Answer) async throws {
        let broker = try await FakeBroker { key, _ in key == .metadata ? answer : .healthy }
        let connection = try await BrokerConnection.connect(
            to: broker.address, configuration: ConnectionConfiguration(),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do { _ = try await connection.send(MetadataRequest()) } catch { return true }
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 5)
        await #expect(throws: KafkaClientError.self) { try await connection.send(MetadataRequest()) }
        try await broker.stop()
    }

    @Test func `closes when an answer is overdue`() async throws {
        let broker = try await FakeBroker { key, _ in key == .metadata ? .silence : .healthy }
        let connection = try await BrokerConnection.connect(
            to: broker.address, configuration: ConnectionConfiguration(requestTimeout: .seconds(2)),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let error = await #expect(throws: KafkaClientError.self) { try await connection.send(MetadataRequest()) }
        if case .requestTimedOut(_, .metadata)? = error {} else { Issue.record("\(String(describing: error))") }
        try await broker.stop()
    }

    @Test func `stops waiting when its task is cancelled`() async throws {
        let broker = try await FakeBroker { key, _ in key == .metadata ? .silence : .healthy }
        let connection = try await BrokerConnection.connect(
            to: broker.address, configuration: ConnectionConfiguration(),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let task = Task { try await connection.send(MetadataRequest()) }
        task.cancel()
        let error = await #expect(throws: KafkaClientError.self) { try await task.value }
        if case .cancelled? = error {} else { Issue.record("\(String(describing: error))") }
        try await broker.stop()
    }

    @Test func `cuts frames that arrive byte by byte`() throws {
        var assembler = FrameAssembler(limit: 100)
        let wire: [UInt8] = [0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 4, 6, 7, 8, 9]
        var frames: [[UInt8]] = []
        for byte in wire {
            assembler.append(ByteBuffer(bytes: [byte]))
            while let frame = try assembler.next() { frames.append(Array(frame.readableBytesView)) }
        }
        #expect(frames == [[1, 2, 3, 4, 5], [6, 7, 8, 9]])
    }

    @Test(arguments: [-1, 0, 3, 101, Int32.max])
    func `refuses frames of a length that cannot be`(_ length: Int32) throws {
        var assembler = FrameAssembler(limit: 100)
        var bytes: [UInt8] = []
        bytes.appendBigEndian(length)
        assembler.append(ByteBuffer(bytes: bytes))
        #expect(throws: FrameAssembler.LengthOutOfRange.self) { try assembler.next() }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The batch producer` {
    /// Sends batches to two partitions of a broker while `trouble` happens, and checks what came of it.
    private func ship(
        _ count: UInt64, describes: Bool = true, expectingOnce: Bool = true,
        onRequest: @escaping @Sendable (APIKey, inout FakeBroker.State) -> FakeBroker.Answer = { _, _ in .healthy },
        trouble: @escaping @Sendable (FakeBroker) async throws -> Void = { _ in }
    ) async throws -> (Ledger.Entries, FakeBroker.State) {
        let broker = try await FakeBroker(onRequest: onRequest)
        broker.state.withLock { $0.speaksDescribeProducers = describes }
        let cluster = cluster([broker.address])
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, sink: ledger)
        for tag in 0..<count {
            producer.enqueue(try batch(tag), topic: "t", partition: Int32(tag % 2), tag: tag)
            if tag % 20 == 0 { await Task.yield() }
        }
        let troubling = Task { try await trouble(broker) }
        let isSettled = await producer.flush(within: .seconds(60))
        troubling.cancel()
        do { try await troubling.value } catch is CancellationError {}
        #expect(isSettled)
        #expect(producer.bytesHeld == 0)
        await producer.close()
        await cluster.close()
        let entries = ledger.entries.withLock { $0 }
        let state = broker.state.withLock { $0 }
        for partition: Int32 in 0..<2 {
            let place = TopicPartition(topic: "t", partition: partition)
            let expected = (0..<count).filter { $0 % 2 == UInt64(partition) && entries.refused[$0] == nil }
            #expect(entries.acknowledged[place] ?? [] == expected)
            if expectingOnce { #expect(state.partitions[place]?.log.map(\.tag) ?? [] == expected) }
        }
        try await broker.stop()
        return (entries, state)
    }

    @Test func `stores everything in order with one identity`() async throws {
        let (entries, _) = try await ship(200)
        #expect(entries.identities.count == 1)
        #expect(entries.incidents.isEmpty)
    }

    @Test func `stores everything once though connections are cut and the broker restarts`() async throws {
        let (entries, state) = try await ship(
            400,
            trouble: { broker in
                for round in 0..<60 {
                    try await Task.sleep(for: .milliseconds(3))
                    if round % 3 == 0 { broker.restart() } else { broker.cutConnections() }
                }
            })
        #expect(entries.incidents.isEmpty)
        #expect(state.connections > 2)
    }

    @Test func `stores everything once though answers are lost after the append`() async throws {
        let (entries, state) = try await ship(
            200,
            onRequest: on(.produce) { number, state in
                if number % 7 == 0 { return .performAndHangUp }
                if number % 11 == 0 {
                    for place in state.partitions.keys { state.partitions[place]?.restart() }
                    return .performAndHangUp
                }
                return .healthy
            })
        #expect(entries.incidents.isEmpty)
        #expect(state.requests.contains(.produce))
    }

    @Test(arguments: [
        ErrorCode.unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower, .requestTimedOut,
        .notEnoughReplicas, .notEnoughReplicasAfterAppend, .kafkaStorageError, .topicAuthorizationFailed,
        .throttlingQuotaExceeded, .corruptMessage, .unknownServerError, .fencedLeaderEpoch,
    ])
    func `sends again what a broker may take later`(_ code: ErrorCode) async throws {
        let (entries, _) = try await ship(
            40, onRequest: on(.produce) { number, _ in number % 3 == 0 ? .refuse(code) : .healthy })
        #expect(entries.refused.isEmpty)
        #expect(entries.incidents.isEmpty)
    }

    @Test func `resumes by the leader's last sequence after out-of-order answers`() async throws {
        let (entries, state) = try await ship(
            40, onRequest: on(.produce) { number, _ in number == 4 ? .refuse(.outOfOrderSequenceNumber) : .healthy })
        #expect(state.requests.contains(.describeProducers))
        #expect(entries.incidents.isEmpty)
        #expect(entries.identities.count == 1)
    }

    @Test(arguments: [ErrorCode.unknownProducerID, .invalidProducerEpoch, .invalidProducerIDMapping])
    func `takes a new identity when the broker refuses the old one`(_ code: ErrorCode) async throws {
        let (entries, _) = try await ship(
            40, onRequest: on(.produce) { number, _ in number == 4 ? .refuse(code) : .healthy })
        #expect(entries.identities.count == 2)
    }

    @Test(arguments: [ErrorCode.invalidRecord, .invalidTimestamp, .unsupportedCompressionType])
    func `refuses for good what can never be taken, and goes on`(_ code: ErrorCode) async throws {
        let (entries, _) = try await ship(
            40, onRequest: on(.produce) { number, _ in number == 6 ? .refuse(code) : .healthy })
        #expect(!entries.refused.isEmpty)
        #expect(entries.refused.values.allSatisfy { $0 == code })
        #expect(entries.incidents.isEmpty)
    }

    @Test func `goes on with an identity and sequences of an earlier life`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let place = TopicPartition(topic: "t", partition: 0)
        let identity = ProducerIdentity(id: ProducerID(5), epoch: ProducerEpoch(0))
        var next = SequenceNumber(0)
        for life in 0..<3 as Range<UInt64> {
            let left = PartitionResumption(place: place, identity: identity, nextSequence: next)
            let producer = BatchProducer(
                cluster: cluster,
                resuming: ProducerResumption(identity: identity, partitions: life == 0 ? [] : [left]),
                sink: Ledger())
            producer.enqueue(try batch(life), topic: "t", partition: 0, tag: life)
            #expect(await producer.close(within: .seconds(60)))
            next = next.advanced(by: 3)
        }
        let log = broker.state.withLock { $0.partitions[place]?.log ?? [] }
        #expect(log.map(\.first.value) == [0, 3, 6])
        #expect(log.allSatisfy { $0.producer == identity.id })
        #expect(!broker.state.withLock { $0.requests.contains(.initProducerID) })
        await cluster.close()
        try await broker.stop()
    }

    @Test func `keeps what it holds while no broker is there, and gives up waiting at the deadline`() async throws {
        let cluster = cluster([BrokerAddress(host: "127.0.0.1", port: 1)])
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        let sealed = try batch(1)
        producer.enqueue(sealed, topic: "t", partition: 0, tag: 1)
        #expect(await producer.flush(within: .milliseconds(100)) == false)
        #expect(producer.bytesHeld == sealed.bytes.count)
        #expect(await producer.close() == false)
        await cluster.close()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The record fetcher` {
    @Test func `reads every record once and in order, through cuts, to the end`() async throws {
        let broker = try await FakeBroker(onRequest: on(.fetch) { number, _ in number % 5 == 0 ? .hangUp : .healthy })
        let cluster = cluster([broker.address])
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        for tag in 0..<100 as Range<UInt64> {
            producer.enqueue(try batch(tag), topic: "t", partition: Int32(tag % 2), tag: tag)
        }
        #expect(await producer.close(within: .seconds(60)))

        let fetcher = RecordFetcher(
            cluster: cluster,
            configuration: FetchConfiguration(topics: ["t"], start: .earliest, endsAtEnd: true))
        var values: [Int32: [String]] = [:]
        for try await batch in fetcher {
            let contents = try batch.contents()
            for record in try contents.records() where record.offset >= batch.from {
                let range = try #require(record.value)
                values[batch.partition, default: []].append(String(decoding: contents.payload[range], as: UTF8.self))
            }
        }
        for partition in 0..<2 {
            let expected = (0..<100).filter { $0 % 2 == partition }.flatMap { tag in (0..<3).map { "\(tag)-\($0)" } }
            #expect(values[Int32(partition)] == expected)
        }
        await cluster.close()
        try await broker.stop()
    }

    @Test func `goes on where the policy says when the offset is not in the log`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        producer.enqueue(try batch(1), topic: "t", partition: 0, tag: 1)
        #expect(await producer.close(within: .seconds(60)))
        let wanted = Mutex<Offset?>(nil)
        let fetcher = RecordFetcher(
            cluster: cluster,
            configuration: FetchConfiguration(topics: ["t"], partitions: [0], start: .offset(Offset(1000)))
        ) { event in
            if case .outOfRange(_, let offset, _) = event { wanted.withLock { $0 = offset } }
        }
        let first = try await fetcher.makeAsyncIterator().next()
        #expect(first?.header.baseOffset == .zero)
        #expect(wanted.withLock { $0 } == Offset(1000))
        await cluster.close()
        try await broker.stop()
    }

    @Test func `waits for a topic that does not exist yet`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let waits = Mutex(false)
        let fetcher = RecordFetcher(cluster: cluster, configuration: FetchConfiguration(topics: ["late"])) { event in
            if case .waitingForTopic("late") = event { waits.withLock { $0 = true } }
        }
        let reading = Task { try await fetcher.makeAsyncIterator().next() }
        try await eventually("it tells that it waits") { waits.withLock { $0 } }
        let producer = BatchProducer(cluster: cluster, sink: Ledger())
        producer.enqueue(try batch(9), topic: "late", partition: 1, tag: 9)
        #expect(await producer.close(within: .seconds(60)))
        let read = try await reading.value
        #expect(read?.partition == 1)
        await cluster.close()
        try await broker.stop()
    }
}

@Suite struct `An address` {
    @Test(arguments: [
        ("host:1", "host:1"), ("host", "host:9092"), ("[::1]:9", "[::1]:9"), ("[::1]", "[::1]:9092"),
        ("10.0.0.1:65535", "10.0.0.1:65535"),
    ])
    func `is a host and a port`(_ text: String, _ expected: String) throws {
        #expect(try BrokerAddress(text).description == expected)
    }

    @Test(arguments: ["", ":1", "host:", "host:0", "host:65536", "host:x", "::1", "[::1", "a b:1", "[::1]x"])
    func `is refused otherwise`(_ text: String) {
        #expect(throws: KafkaClientError.self) { try BrokerAddress(text) }
    }
}
