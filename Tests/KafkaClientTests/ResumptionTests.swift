import KafkaProtocol
import Logging
import NIOPosix
import Primitives
import RecordBatches
import Synchronization
import TestSupport
import Testing

@testable import KafkaClient

/// A journal in memory, of one partition: what was confirmed is what a next life finds.
final class MemoryJournal: SequenceJournal {
    struct State {
        var recorded: [SequenceAssignment] = []
        var pending: [(assignments: [SequenceAssignment], confirm: @Sendable () -> Void)] = []
        var holds = false
    }
    let state = Mutex(State())

    func record(_ assignments: [SequenceAssignment], confirm: @escaping @Sendable () -> Void) {
        let confirmsNow = state.withLock { state in
            if state.holds {
                state.pending.append((assignments, confirm))
            } else {
                state.recorded += assignments
            }
            return !state.holds
        }
        if confirmsNow { confirm() }
    }

    func letGo() {
        let pending = state.withLock { state in
            state.holds = false
            defer { state.pending = [] }
            for call in state.pending { state.recorded += call.assignments }
            return state.pending
        }
        for call in pending { call.confirm() }
    }

    /// What a next life begins with, where `settled` was told as settled.
    func resumption(without settled: Set<UInt64>, cluster: String? = nil) throws -> ProducerResumption {
        let recorded = state.withLock { $0.recorded }
        var newest: [UInt64: SequenceAssignment] = [:]
        for assignment in recorded { newest[assignment.tag] = assignment }
        guard let last = recorded.last else { return ProducerResumption() }
        let batches = try newest.values.filter { !settled.contains($0.tag) }.sorted { $0.tag < $1.tag }.map {
            PartitionResumption.Batch(
                tag: $0.tag, identity: $0.identity, position: $0.position, firstSequence: $0.firstSequence,
                recordCount: $0.recordCount, batch: try batch($0.tag), firstSent: Timestamp(milliseconds: 0))
        }
        let left = PartitionResumption(
            place: last.place, identity: last.identity, nextSequence: last.nextSequence, topicID: last.topicID,
            batches: batches)
        return ProducerResumption(clusterID: cluster, identity: last.identity, partitions: [left])
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A producer with a journal` {
    private let place = TopicPartition(topic: "t", partition: 0)

    private func log(_ broker: FakeBroker) -> [UInt64] {
        broker.state.withLock { $0.partitions[place]?.records ?? [] }
    }

    private func records(_ tags: Range<UInt64>) -> [UInt64] {
        tags.flatMap { tag in (0..<3).map { SimulatedPartition.record(tag, $0) } }
    }

    @Test func `sends nothing before its sequence is durable`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let journal = MemoryJournal()
        journal.state.withLock { $0.holds = true }
        let producer = BatchProducer(cluster: cluster, journal: journal, sink: Ledger())
        for tag in 0..<5 as Range<UInt64> { producer.enqueue(try batch(tag), topic: "t", partition: 0, tag: tag) }
        try await eventually("all are to be journaled") {
            journal.state.withLock { $0.pending.flatMap(\.assignments).count == 5 }
        }
        #expect(await producer.flush(within: .milliseconds(100)) == false)
        #expect(!broker.state.withLock { $0.requests.contains(.produce) })
        let sequences = journal.state.withLock { $0.pending.flatMap(\.assignments).map(\.firstSequence.value) }
        #expect(sequences == [0, 3, 6, 9, 12])
        journal.letGo()
        #expect(await producer.close(within: .seconds(60)))
        #expect(log(broker) == records(0..<5))
        await cluster.close()
        try await broker.stop()
    }

    @Test(arguments: [true, false], [true, false])
    func
        `goes on after its death where it was, whether or not the leader describes producers or the journal is its own`(
            describes: Bool, isCopy: Bool
        ) async throws
    {
        let isFirstLife = Mutex(true)
        let broker = try await FakeBroker(
            onRequest: on(.produce) { number, _ in
                // The answers of the first life's last batches never come.
                number > 4 && isFirstLife.withLock { $0 } ? .performAndHangUp : .healthy
            })
        broker.state.withLock { $0.speaksDescribeProducers = describes }
        let journal = MemoryJournal()
        let first = cluster([broker.address])
        let ledger = Ledger()
        let dying = BatchProducer(cluster: first, journal: journal, sink: ledger)
        for tag in 0..<20 as Range<UInt64> { dying.enqueue(try batch(tag), topic: "t", partition: 0, tag: tag) }
        try await eventually("answers are lost") { broker.state.withLock { $0.count(.produce) } > 6 }
        await dying.close()
        await first.close()
        broker.restart()
        isFirstLife.withLock { $0 = false }

        let settled = Set(ledger.entries.withLock { $0.settlements.keys })
        #expect(settled.count < 20)
        let second = cluster([broker.address])
        let next = Ledger()
        var left = try journal.resumption(without: settled)
        let identity = try #require(left.identity)
        // A copy of the journal must not be gone on with under the original's identity.
        if isCopy { left.identity = nil }
        let producer = BatchProducer(cluster: second, resuming: left, journal: journal, sink: next)
        for tag in 20..<25 as Range<UInt64> { producer.enqueue(try batch(tag), topic: "t", partition: 0, tag: tag) }
        #expect(await producer.close(within: .seconds(60)))
        #expect(log(broker) == records(0..<25))
        #expect(Set(next.entries.withLock { $0.settlements.keys }) == Set(0..<25).subtracting(settled))
        // Under another identity a late request of the first life is no duplicate: that it may come is told.
        #expect(next.entries.withLock { $0.incidents }.isEmpty == !isCopy)
        let identities = Set(journal.state.withLock { $0.recorded.filter { $0.tag >= 20 }.map(\.identity.id) })
        #expect(identities.count == 1 && identities.contains(identity.id) == !isCopy)
        await second.close()
        try await broker.stop()
    }

    @Test func `takes a fresh identity where the broker has more than the journal knows`() async throws {
        let broker = try await FakeBroker()
        let cluster = cluster([broker.address])
        let journal = MemoryJournal()
        let ledger = Ledger()
        let earlier = BatchProducer(cluster: cluster, journal: journal, sink: ledger)
        earlier.enqueue(try batch(0), topic: "t", partition: 0, tag: 0)
        #expect(await earlier.flush(within: .seconds(60)))
        let backup = try journal.resumption(without: [0])
        earlier.enqueue(try batch(1), topic: "t", partition: 0, tag: 1)
        #expect(await earlier.flush(within: .seconds(60)))

        let next = Ledger()
        let restored = BatchProducer(cluster: cluster, resuming: backup, journal: MemoryJournal(), sink: next)
        restored.enqueue(try batch(2), topic: "t", partition: 0, tag: 2)
        #expect(await restored.flush(within: .seconds(60)))
        #expect(log(broker) == records(0..<3))
        #expect(next.entries.withLock { $0.incidents } == [.stateIsOld(place)])
        #expect(next.entries.withLock { $0.identities.count } == 1)
        await restored.close()
        await earlier.close()
        await cluster.close()
        try await broker.stop()
    }

    @Test func `begins afresh in a topic that was made anew, and in another cluster`() async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { $0.metadataLimit = 12 }
        let cluster = cluster([broker.address])
        let journal = MemoryJournal()
        let earlier = BatchProducer(cluster: cluster, journal: journal, sink: Ledger())
        for tag in 0..<3 as Range<UInt64> {
            earlier.enqueue(try batch(tag), topic: "t", partition: 0, tag: tag)
            #expect(await earlier.flush(within: .seconds(60)))
        }
        await earlier.close()
        let left = try journal.resumption(without: [0, 1], cluster: "fake")
        #expect(left.partitions.first?.topicID != nil)
        for isTopic in [true, false] {
            broker.state.withLock { state in
                state.partitions = [:]
                if isTopic { state.topicID += 1 } else { state.clusterID = "another" }
            }
            let ledger = Ledger()
            var resuming = left
            if !isTopic { resuming.partitions[0].topicID = nil }
            let producer = BatchProducer(cluster: cluster, resuming: resuming, journal: journal, sink: ledger)
            producer.enqueue(try batch(3), topic: "t", partition: 0, tag: 3)
            #expect(await producer.flush(within: .seconds(60)))
            await producer.close()
            // What was stored and not settled went with the old topic: it is in the new one.
            #expect(log(broker) == records(2..<4))
            let incidents = ledger.entries.withLock { $0.incidents }
            #expect(incidents == [isTopic ? .topicIsAnother(place) : .clusterIsAnother(was: "fake", now: "another")])
            let identity = broker.state.withLock { $0.partitions[place]?.log.first?.identity }
            #expect(isTopic ? identity?.epoch.value == 1 : identity?.id != left.identity?.id)
        }
        await cluster.close()
        try await broker.stop()
    }

    @Test func `splits what is too large, and refuses only the record that is`() async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { state in
            var partition = SimulatedPartition()
            partition.recordLimit = 2
            partition.refusedRecords = [SimulatedPartition.record(4, 1)]
            state.partitions[place] = partition
        }
        let cluster = cluster([broker.address])
        let ledger = Ledger()
        let producer = BatchProducer(cluster: cluster, journal: MemoryJournal(), sink: ledger)
        for tag in 0..<8 as Range<UInt64> { producer.enqueue(try batch(tag), topic: "t", partition: 0, tag: tag) }
        #expect(await producer.close(within: .seconds(60)))
        #expect(log(broker) == records(0..<8).filter { $0 != SimulatedPartition.record(4, 1) })
        let entries = ledger.entries.withLock { $0 }
        let refusal = try #require(entries.refusals.first)
        #expect(entries.refusals.count == 1)
        #expect(refusal.tag == 4 && refusal.position == 1 && refusal.recordCount == 1)
        let contents = try RecordBatchContents(try #require(refusal.batch).bytes.rawBytes)
        let value = try #require(try contents.records().first?.value)
        #expect(String(decoding: contents.payload[value], as: UTF8.self) == "4-1")
        #expect(entries.settlements[4]?.storedRecords == 2)
        #expect(entries.incidents.isEmpty)
        await cluster.close()
        try await broker.stop()
    }
}
