import KafkaProtocol
import Primitives
import RecordBatches
import Synchronization

@testable import AgentCore
@testable import KafkaClient

/// A cluster that keeps what it was sent and the state of its producers, as a Kafka broker does, through all lives of an
/// agent. It tells where an agent breaks the rules.
final class SimulatedCluster: Sendable {
    struct Log: Sendable {
        var lines: [String] = []
        /// Per producer id: its epoch, and the ordinals in `lines` of the records of that epoch, by sequence.
        var producers: [ProducerID: (epoch: ProducerEpoch, ordinals: [Int])] = [:]
    }

    private struct State {
        var logs: [TopicPartition: Log] = [:]
        var nextProducer: Int64 = 1000
        var violations: [String] = []
        /// nil of a topic that was deleted.
        var partitionCounts: [String: Int32?] = [:]
        /// Of places that are gone: what was acknowledged before.
        var acknowledgedThere: [String] = []
        var acknowledged: [TopicPartition: Int] = [:]
    }

    private let state = Mutex(State())
    /// A batch with such a line is never taken.
    let refuses: @Sendable (String) -> Bool

    init(refuses: @escaping @Sendable (String) -> Bool = { _ in false }) { self.refuses = refuses }

    func makeIdentity() -> ProducerIdentity {
        state.withLock { state in
            state.nextProducer += 1
            return ProducerIdentity(id: ProducerID(state.nextProducer), epoch: ProducerEpoch(0))
        }
    }

    var violations: [String] { state.withLock { $0.violations } }
    var logs: [TopicPartition: Log] { state.withLock { $0.logs } }
    func lines(of topic: String) -> [String] {
        logs.filter { $0.key.topic == topic }.sorted { $0.key < $1.key }.flatMap(\.value.lines)
    }

    // MARK: Places that go

    /// The topic is deleted, with all that it has; and made again where it is to have partitions.
    func remake(_ topic: String, partitions: Int32?) {
        state.withLock { state in
            state.partitionCounts[topic] = .some(partitions)
            for (place, log) in state.logs where place.topic == topic {
                state.acknowledgedThere += log.lines.prefix(state.acknowledged[place] ?? 0)
                state.logs[place] = nil
                state.acknowledged[place] = nil
            }
        }
    }

    func partitionCount(of topic: String) -> Int32? { state.withLock { $0.partitionCounts[topic] ?? 2 } }

    func isGone(_ place: TopicPartition) -> Bool { place.partition >= partitionCount(of: place.topic) ?? 0 }

    /// The agent hears that all so far is stored.
    func noteAcknowledged(_ place: TopicPartition) {
        state.withLock { $0.acknowledged[place] = $0.logs[place]?.lines.count ?? 0 }
    }

    var acknowledgedInPlacesGone: [String] { state.withLock { $0.acknowledgedThere } }

    /// How many records the leader has of a producer's epoch.
    func count(_ place: TopicPartition, _ identity: ProducerIdentity) -> Int {
        state.withLock { state in
            guard let known = state.logs[place]?.producers[identity.id], known.epoch == identity.epoch else { return 0 }
            return known.ordinals.count
        }
    }

    func produce(_ place: TopicPartition, _ identity: ProducerIdentity, first: Int, _ lines: [String]) {
        state.withLock { state in
            var log = state.logs[place] ?? Log()
            var known = log.producers[identity.id] ?? (identity.epoch, [])
            if identity.epoch > known.epoch { known = (identity.epoch, []) }
            if identity.epoch < known.epoch { state.violations.append("\(place): an epoch of the past") }
            if first > known.ordinals.count {
                state.violations.append("\(place): sequence \(first) instead of \(known.ordinals.count)")
            }
            for (index, line) in lines.enumerated() {
                let sequence = first + index
                if sequence < known.ordinals.count {
                    let stored = log.lines[known.ordinals[sequence]]
                    if stored != line {
                        state.violations.append(
                            "\(place): \(line) goes under the sequence of \(stored), and is dropped")
                    }
                } else {
                    known.ordinals.append(log.lines.count)
                    log.lines.append(line)
                }
            }
            log.producers[identity.id] = known
            state.logs[place] = log
        }
    }
}

/// A producer that follows the rules, in as few lines as possible: what it sends is recorded before, an earlier life is
/// taken up with what the cluster says, and what the cluster has not and nobody can send is told as lost.
final class JournaledShipper: Shipper {
    private struct Partition {
        var identity: ProducerIdentity
        var next: Int
    }

    private struct State {
        var identity: ProducerIdentity?
        var partitions: [TopicPartition: Partition] = [:]
        var held: [BatchTag: Int] = [:]
        /// Partitions with something that must be known to the journal before more is sent; and what waits for that.
        var busy: Set<TopicPartition> = []
        var waiting: [TopicPartition: [(batch: SealedBatch, tag: BatchTag)]] = [:]
        var sent = 0
        var released: Set<String> = []
        /// What is sent to places that are gone, in order.
        var stuck: [(place: TopicPartition, tag: BatchTag)] = []
    }

    private let cluster: SimulatedCluster
    private let journal: Journal
    private let inbox: Inbox<PipelineMessage>
    private let state = Mutex(State())
    /// Whether the answer to the n-th batch reaches the agent.
    private let answers: @Sendable (Int) -> Bool
    private let waitsForJournal: Bool

    init(
        _ resumption: ProducerResumption, _ cluster: SimulatedCluster, _ journal: Journal,
        _ inbox: Inbox<PipelineMessage>, waitsForJournal: Bool = true, answers: @escaping @Sendable (Int) -> Bool
    ) {
        self.cluster = cluster
        self.journal = journal
        self.inbox = inbox
        self.answers = answers
        self.waitsForJournal = waitsForJournal
        state.withLock { $0.identity = resumption.identity }
        for left in resumption.partitions { takeUp(left) }
    }

    var bytesHeld: Int { state.withLock { $0.held.values.reduce(0, +) } }

    func release(topics: Set<String>) {
        state.withLock { $0.released = topics }
        giveBackStuck()
    }

    /// What goes to a partition that is gone comes back at once; what goes to a deleted topic when nobody waits for it.
    private func giveBackStuck() {
        let stuck = state.withLock { state in
            let isBack = { [cluster, released = state.released] (stuck: (place: TopicPartition, tag: BatchTag)) in
                cluster.partitionCount(of: stuck.place.topic) != nil || released.contains(stuck.place.topic)
            }
            defer { state.stuck.removeAll(where: isBack) }
            return state.stuck.filter(isBack)
        }
        for (_, tag) in stuck {
            let kept: @Sendable () -> Void = { [self] in
                state.withLock { $0.held[tag] = nil }
                inbox.put(.acknowledged(tag))
            }
            inbox.put(.takenBack(tag, kept: kept))
        }
    }

    private func takeUp(_ left: PartitionResumption) {
        if cluster.isGone(left.place) {
            state.withLock { $0.stuck += left.batches.map { (left.place, BatchTag(value: $0.tag)) } }
            return giveBackStuck()
        }
        let count = cluster.count(left.place, left.identity)
        let isTrusted = left.identity.id == state.withLock { $0.identity?.id } && count <= Int(left.nextSequence.value)
        state.withLock { $0.partitions[left.place] = Partition(identity: left.identity, next: count) }
        var missing: [PartitionResumption.Batch] = []
        var unsent: [PartitionResumption.Batch] = []
        for batch in left.batches {
            let isStored = batch.identity != left.identity || Int(batch.firstSequence.value) < count
            if isStored {
                inbox.put(.acknowledged(BatchTag(value: batch.tag)))
            } else if batch.batch == nil {
                missing.append(batch)
            } else {
                unsent.append(batch)
            }
        }
        if !isTrusted { state.withLock { $0.partitions[left.place] = nil } }
        let toSend = unsent
        let mustRenumber = !missing.isEmpty || !isTrusted
        let goOn: @Sendable () -> Void = { [self] in
            if mustRenumber && isTrusted {
                state.withLock { state in
                    guard let old = state.partitions[left.place]?.identity else { return }
                    let new = ProducerIdentity(id: old.id, epoch: ProducerEpoch(old.epoch.value + 1))
                    state.partitions[left.place] = Partition(identity: new, next: 0)
                }
            }
            state.withLock { state in
                let first = toSend.compactMap { batch in batch.batch.map { ($0, BatchTag(value: batch.tag)) } }
                state.waiting[left.place] = first + (state.waiting[left.place] ?? [])
            }
            release(left.place)
        }
        _ = state.withLock { $0.busy.insert(left.place) }
        if missing.isEmpty { return goOn() }
        let countdown = Countdown(missing.count)
        for batch in missing {
            inbox.put(.lost(BatchTag(value: batch.tag), kept: { if countdown.isLast() { goOn() } }))
            inbox.put(.acknowledged(BatchTag(value: batch.tag)))
        }
    }

    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag) {
        let place = TopicPartition(topic: topic, partition: partition)
        let isWaiting = state.withLock { state in
            state.held[tag] = batch.byteCount
            if !state.busy.contains(place) { return false }
            state.waiting[place, default: []].append((batch, tag))
            return true
        }
        if !isWaiting { _ = give(batch, place, tag) }
    }

    /// Sends what waits, up to a batch that is refused.
    private func release(_ place: TopicPartition) {
        while true {
            let next = state.withLock { state -> (batch: SealedBatch, tag: BatchTag)? in
                guard state.waiting[place]?.isEmpty == false else {
                    state.busy.remove(place)
                    return nil
                }
                return state.waiting[place]?.removeFirst()
            }
            guard let next, give(next.batch, place, next.tag) else { return }
        }
    }

    /// The sequences of a refused batch go to the next one, when the journal knows that its records are kept.
    private func refuse(_ batch: SealedBatch, _ place: TopicPartition, _ tag: BatchTag) {
        let refused = RefusedRecords(tag: tag, code: .invalidRecord, position: 0, batch: batch) { [self] in
            state.withLock { $0.held[tag] = nil }
            inbox.put(.acknowledged(tag))
            release(place)
        }
        inbox.put(.refused(refused))
    }

    /// - Returns: false where the cluster refuses it.
    private func give(_ batch: SealedBatch, _ place: TopicPartition, _ tag: BatchTag) -> Bool {
        let isRefused = batch.lines.contains(where: cluster.refuses)
        let (partition, isFirst) = state.withLock { state in
            let isFirst = state.identity == nil
            let identity = state.identity ?? cluster.makeIdentity()
            state.identity = identity
            var partition = state.partitions[place] ?? Partition(identity: identity, next: 0)
            if isRefused { state.busy.insert(place) }
            defer {
                partition.next += isRefused ? 0 : batch.recordCount
                state.partitions[place] = partition
            }
            return (partition, isFirst)
        }
        if isFirst { journal.note([.identity(partition.identity)]) }
        let send: @Sendable () -> Void = { [self] in
            if isRefused { return refuse(batch, place, tag) }
            if cluster.isGone(place) {
                state.withLock { $0.stuck.append((place, tag)) }
                return giveBackStuck()
            }
            cluster.produce(place, partition.identity, first: partition.next, batch.lines)
            let number = state.withLock { state in
                state.held[tag] = nil
                state.sent += 1
                return state.sent - 1
            }
            if answers(number) {
                cluster.noteAcknowledged(place)
                inbox.put(.acknowledged(tag))
            }
        }
        let assignment = SequenceAssignment(
            tag: tag.value, place: place, topicID: nil, identity: partition.identity, position: 0,
            firstSequence: SequenceNumber(Int32(partition.next)), recordCount: batch.recordCount)
        if waitsForJournal {
            journal.record([assignment], confirm: send)
        } else {
            journal.record([assignment]) {}
            send()
        }
        return !isRefused
    }
}

private final class Countdown: Sendable {
    private let count: Mutex<Int>
    init(_ count: Int) { self.count = Mutex(count) }
    /// - Returns: whether it was the last.
    func isLast() -> Bool {
        count.withLock { count in
            count -= 1
            return count == 0
        }
    }
}

extension SealedBatch {
    /// The values of its records.
    var lines: [String] {
        guard let contents = try? RecordBatchContents(bytes.rawBytes), let records = try? contents.records() else {
            return ["?"]
        }
        return records.map { String(decoding: contents.payload[$0.value ?? 0..<0], as: UTF8.self) }
    }
}
