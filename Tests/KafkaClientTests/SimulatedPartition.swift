import KafkaProtocol
import Primitives

@testable import KafkaClient

/// One partition of a broker that judges duplicates as Kafka does (KAFKA.md 2.5): per producer id the last five batches,
/// of which a restart leaves the last.
struct SimulatedPartition {
    struct Batch: Equatable {
        var producer: ProducerID
        var first: SequenceNumber
        var count: Int64
        var tag: UInt64
        var offset: Offset
        var last: SequenceNumber { first.advanced(by: count - 1) }
    }

    private(set) var log: [Batch] = []
    private(set) var remembered: [ProducerID: [Batch]] = [:]
    private var end: Int64 = 0
    /// Tags that are refused as too large.
    var refusedTags: Set<UInt64> = []

    mutating func append(
        _ identity: ProducerIdentity, _ first: SequenceNumber, _ count: Int64, tag: UInt64
    ) -> (ErrorCode, Offset) {
        if refusedTags.contains(tag) { return (.messageTooLarge, Offset(-1)) }
        let batch = Batch(producer: identity.id, first: first, count: count, tag: tag, offset: Offset(end))
        if let cached = remembered[identity.id] {
            if let same = cached.first(where: { $0.first == first && $0.count == count }) {
                return (.none, same.offset)
            }
            if let last = cached.last, last.last.advanced(by: 1) != first {
                return (.outOfOrderSequenceNumber, Offset(-1))
            }
        }
        log.append(batch)
        end += count
        remembered[identity.id] = (remembered[identity.id] ?? []).suffix(4) + [batch]
        return (.none, batch.offset)
    }

    mutating func restart() {
        remembered = remembered.mapValues { $0.suffix(1) }
    }

    mutating func forgetProducers() { remembered = [:] }

    /// Loses the newest batches, as a machine does that acknowledged without syncing.
    mutating func lose(_ count: Int) {
        log.removeLast(min(count, log.count))
        end = log.last.map { $0.offset.value + $0.count } ?? 0
        remembered = [:]
        for batch in log { remembered[batch.producer] = [batch] }
    }

    func lastSequence(of producer: ProducerID) -> SequenceNumber? { remembered[producer]?.last?.last }
}
