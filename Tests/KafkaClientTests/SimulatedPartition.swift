import KafkaProtocol
import Primitives

@testable import KafkaClient

/// One partition of a broker that judges duplicates as Kafka does (KAFKA.md 2.5): per producer id its epoch and the last
/// five batches, of which a restart leaves some.
struct SimulatedPartition {
    /// A record is known by its batch's tag and its place in it.
    static func record(_ tag: UInt64, _ index: Int64) -> UInt64 { tag * 1000 + UInt64(index) }

    struct Batch: Equatable {
        var identity: ProducerIdentity
        var first: SequenceNumber
        var records: [UInt64]
        var offset: Offset
        var count: Int64 { Int64(records.count) }
        var last: SequenceNumber { first.advanced(by: count - 1) }
        var tag: UInt64 { records[0] / 1000 }
        var producer: ProducerID { identity.id }
    }

    private struct Remembered {
        var epoch: ProducerEpoch
        var batches: [Batch]
    }

    private(set) var log: [Batch] = []
    private var remembered: [ProducerID: Remembered] = [:]
    private var end: Int64 = 0
    /// Batches with one of these are refused as too large.
    var refusedRecords: Set<UInt64> = []
    /// The most records of a batch.
    var recordLimit = Int.max

    var records: [UInt64] { log.flatMap(\.records) }

    mutating func append(
        _ identity: ProducerIdentity, _ first: SequenceNumber, _ records: [UInt64]
    ) -> (ErrorCode, Offset) {
        if records.count > recordLimit || !refusedRecords.isDisjoint(with: records) {
            return (.messageTooLarge, Offset(-1))
        }
        let batch = Batch(identity: identity, first: first, records: records, offset: Offset(end))
        if let known = remembered[identity.id] {
            if identity.epoch < known.epoch { return (.invalidProducerEpoch, Offset(-1)) }
            if identity.epoch > known.epoch {
                if first != SequenceNumber(0) { return (.outOfOrderSequenceNumber, Offset(-1)) }
                remembered[identity.id] = Remembered(epoch: identity.epoch, batches: [])
            } else {
                if let same = known.batches.first(where: { $0.first == first && $0.count == batch.count }) {
                    return (.none, same.offset)
                }
                if let last = known.batches.last, last.last.advanced(by: 1) != first {
                    return (.outOfOrderSequenceNumber, Offset(-1))
                }
            }
        }
        log.append(batch)
        end += batch.count
        let window = (remembered[identity.id]?.batches ?? []).suffix(4) + [batch]
        remembered[identity.id] = Remembered(epoch: identity.epoch, batches: Array(window))
        return (.none, batch.offset)
    }

    /// Kafka keeps one batch per producer; our collector all of them.
    mutating func restart(window: Int = 1) {
        remembered = remembered.mapValues { Remembered(epoch: $0.epoch, batches: $0.batches.suffix(window)) }
    }

    mutating func forgetProducers() { remembered = [:] }

    /// Loses the newest batches, as a machine does that acknowledged without syncing.
    mutating func lose(_ count: Int) {
        log.removeLast(min(count, log.count))
        end = log.last.map { $0.offset.value + $0.count } ?? 0
        remembered = [:]
        for batch in log { remembered[batch.identity.id] = Remembered(epoch: batch.identity.epoch, batches: [batch]) }
    }

    /// What DescribeProducers answers.
    var producers: [(identity: ProducerIdentity, last: SequenceNumber)] {
        remembered.compactMap { id, known in
            known.batches.last.map { (ProducerIdentity(id: id, epoch: known.epoch), $0.last) }
        }
    }

    /// The answer of a leader, or else of the log itself.
    func leaderState(
        of identity: ProducerIdentity, isOpen: Bool, readsBack: Bool
    ) -> ProducerPartition<ModelBatch>.LeaderState {
        let scanned = log.last { $0.identity == identity }.map {
            ProducerPartition<ModelBatch>.LeaderState.found($0.last)
        }
        if readsBack, let scanned { return scanned }
        guard let own = producers.first(where: { $0.identity.id == identity.id }) else {
            guard isOpen, case .found(let last) = scanned else { return .nothing }
            return .foundOnly(last)
        }
        if own.identity.epoch < identity.epoch { return .earlierEpoch }
        if own.identity.epoch > identity.epoch { return .fenced(scanned ?? .nothing) }
        return .last(own.last)
    }
}
