import KafkaProtocol
import Logging
import NIOPosix
import Primitives
import RecordBatches
import Synchronization
import Testing

@testable import KafkaClient

/// Against librdkafka's mock cluster: three brokers that refuse, hang up, are late, and hand leadership around. It stores a
/// batch that is sent again a second time, unlike Kafka, so it is no judge of duplicates: what counts is that the first
/// copies are all there, and in order. It does not know DescribeProducers, so what is stored is read from the log's end.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The batch producer and librdkafka's mock cluster` {
    private static let partitions: Int32 = 2

    private func client(_ mock: MockCluster) -> KafkaCluster {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return KafkaCluster(
            ClusterConfiguration(
                bootstrap: mock.brokers, connection: ConnectionConfiguration(requestTimeout: .seconds(5)),
                backoff: Backoff(first: .milliseconds(2), longest: .milliseconds(50)),
                metadataMaximumAge: .milliseconds(200)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// Sends batches of three records, and reads back what the mock has.
    private func ship(
        _ count: UInt64, to topic: String, _ mock: MockCluster, _ cluster: KafkaCluster,
        configuration: ProducerConfiguration = ProducerConfiguration(),
        trouble: (UInt64) throws -> Void = { _ in }
    ) async throws -> Ledger.Entries {
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, configuration: configuration, sink: ledger)
        for tag in 0..<count {
            try trouble(tag)
            let partition = Int32(tag % UInt64(Self.partitions))
            producer.enqueue(try batch(tag), topic: topic, partition: partition, tag: tag)
            // Not all at once; but a leader that is down comes back only when more was enqueued.
            let deadline = ContinuousClock.now + .milliseconds(100)
            while producer.batchesHeld > 16 && .now < deadline { await Task.yield() }
        }
        #expect(await producer.close(within: .seconds(60)), "\(topic): batches were left over")
        let entries = ledger.entries.withLock { $0 }
        #expect(Set(entries.settlements.keys) == Set(0..<count), "\(topic)")
        try await check(count, topic, cluster, entries)
        return entries
    }

    private func check(
        _ count: UInt64, _ topic: String, _ cluster: KafkaCluster, _ entries: Ledger.Entries
    ) async throws {
        var refused: Set<UInt64> = []
        for refusal in entries.refusals {
            for index in refusal.position..<refusal.position + refusal.recordCount {
                refused.insert(SimulatedPartition.record(refusal.tag, Int64(index)))
            }
        }
        var stored: [Int32: [UInt64]] = [:]
        var seen: Set<UInt64> = []
        let fetcher = RecordFetcher(
            cluster: cluster, configuration: FetchConfiguration(topics: [topic], start: .earliest, endsAtEnd: true))
        for try await batch in fetcher {
            let contents = try batch.contents()
            for record in try contents.records() where record.offset >= batch.from {
                let value = String(decoding: contents.payload[try #require(record.value)], as: UTF8.self)
                let numbers = value.split(separator: "-").compactMap { UInt64($0) }
                let number = SimulatedPartition.record(numbers[0], Int64(numbers[1]))
                if seen.insert(number).inserted { stored[batch.partition, default: []].append(number) }
            }
        }
        for partition in 0..<Self.partitions {
            let expected = (0..<count).filter { $0 % UInt64(Self.partitions) == UInt64(partition) }
                .flatMap { tag in (0..<3).map { SimulatedPartition.record(tag, $0) } }
                .filter { !refused.contains($0) }
            #expect(stored[partition] ?? [] == expected, "\(topic), partition \(partition)")
        }
    }

    @Test func `loses nothing and keeps the order whatever error a Produce request gets`() async throws {
        let mock = try MockCluster(brokers: 3)
        let cluster = client(mock)
        // -195 hangs up. 46 says that the batch is stored, which the mock has not done.
        for code in [-195, -1] + Array(1...119) where code != 46 {
            let error = ErrorCode(rawValue: Int16(code))
            try mock.perform("create e\(code) \(Self.partitions)")
            let entries = try await ship(12, to: "e\(code)", mock, cluster) { tag in
                if tag == 5 { try mock.perform("errors 0 \(code) \(code)") }
            }
            try check(entries, refusedWith: error)
            // The first batch of all, and the last.
            try mock.perform("create f\(code) \(Self.partitions)")
            let atTheEnds = try await ship(
                4, to: "f\(code)", mock, cluster, configuration: ProducerConfiguration(batchesPerPartition: 1)
            ) { tag in
                if tag == 0 || tag == 3 { try mock.perform("errors 0 \(code)") }
            }
            try check(atTheEnds, refusedWith: error)
        }
        await cluster.close()
    }

    /// What is refused for good was refused, with just that code, and nothing else was.
    private func check(_ entries: Ledger.Entries, refusedWith error: ErrorCode) throws {
        switch ProduceVerdict(error) {
        case .refuse:
            #expect(!entries.refusals.isEmpty, "\(error)")
            #expect(entries.refusals.allSatisfy { $0.reason == .refused(error) }, "\(error)")
        case .split:
            // Only what could not be cut any more.
            #expect(entries.refusals.allSatisfy { $0.recordCount == 1 && $0.reason == .refused(error) }, "\(error)")
        case .acknowledged, .retry, .retryThenRefuse, .resume, .newIdentity:
            #expect(entries.refusals.isEmpty, "\(error)")
        }
    }

    @Test func `follows leaders over three brokers that go down, come back and are late`() async throws {
        let mock = try MockCluster(brokers: 3)
        let cluster = client(mock)
        try mock.perform("create moving \(Self.partitions)")
        var down = 0
        // The mock looks at sequences in transactions only (rd_kafka_mock_validate_records), and so takes a batch although it
        // has just refused the one before it. A broker does not, so that the last batch it has tells of all before it.
        let oneAtATime = ProducerConfiguration(batchesPerPartition: 1)
        let entries = try await ship(400, to: "moving", mock, cluster, configuration: oneAtATime) { tag in
            let broker = Int(tag / 20 % 3) + 1
            switch tag % 20 {
            case 3: try mock.perform("leader moving \(tag / 20 % 2) \(broker)")
            case 7: try mock.perform("rtt \(broker) \(tag % 40 < 20 ? 20 : 0)")
            case 11:
                if down > 0 { try mock.perform("up \(down)") }
                down = broker
                try mock.perform("down \(down)")
            case 15:
                try mock.perform("up \(down)")
                down = 0
            case 18: try mock.perform("errors 0 6 -195 7")
            default: break
            }
        }
        #expect(entries.refusals.isEmpty)
        await cluster.close()
    }
}
