package import Primitives
package import RecordBatches

/// What a partition knows of its idempotent producers, and how it answers their batches.
///
/// As Kafka's ProducerStateManager decides, with three differences that clients only gain from: the whole window of
/// batches is kept over restarts, any older range of the same epoch that is known to be written is answered as a duplicate, and a producer is
/// forgotten by the time of arrival, never by the time in its records, and never while its records are retained.
///
/// Owned by the partition's writer. It holds what is appended, durable or not: an answer is given only once the log is
/// durable up to the batch that it is about.
package struct ProducerTable: Sendable {
    /// Batches remembered per producer, at the most. Kafka keeps 5, which is as many as its clients have in flight.
    package static let windowLength = 16

    /// A batch that was appended.
    package struct AppendedBatch: Hashable, Sendable {
        var firstSequence: SequenceNumber
        var lastSequence: SequenceNumber
        var lastOffset: Offset
        var timestamp: Timestamp

        var firstOffset: Offset {
            lastOffset + -((Int64(lastSequence.value) - Int64(firstSequence.value)) & 0x7fff_ffff)
        }
    }

    package struct Producer: Hashable, Sendable {
        package internal(set) var epoch: ProducerEpoch
        /// The newest last; never empty.
        var window: [AppendedBatch]
        /// How many sequences up to the last are known to be in the log without a gap, counted up to 2^30 - 1. Only
        /// those are answered as duplicates: what came before the first batch known here may never have been written.
        var contiguous: Int64
        /// When its last batch arrived, by the collector's clock.
        package internal(set) var lastArrival: Timestamp

        package var lastSequence: SequenceNumber { window[window.count - 1].lastSequence }
        package var lastOffset: Offset { window[window.count - 1].lastOffset }
        package var lastTimestamp: Timestamp { window[window.count - 1].timestamp }
    }

    /// The answer to a batch.
    package enum Verdict: Hashable, Sendable {
        case append
        /// It is in the log already: here. Nothing is written.
        case duplicate(baseOffset: Offset, lastOffset: Offset, timestamp: Timestamp)
        /// It is in the log already, too long ago to know where (DUPLICATE_SEQUENCE_NUMBER).
        case oldDuplicate
        case outOfOrderSequence
        /// A newer incarnation of the producer has written (INVALID_PRODUCER_EPOCH).
        case fenced
    }

    package internal(set) var producers: [ProducerID: Producer] = [:]
    /// Forgotten because there were too many.
    package internal(set) var evicted: Int64 = 0

    package init() {}

    /// How a batch from a producer is to be answered. Changes nothing.
    package func judge(_ header: RecordBatchHeader) -> Verdict {
        // Of a producer that is not known any sequence is taken, as by Kafka from 2.5 on: it may have been here before,
        // and its records gone by retention.
        guard header.isIdempotent, let producer = producers[header.producerID] else { return .append }
        if header.producerEpoch < producer.epoch { return .fenced }
        if header.producerEpoch > producer.epoch {
            return header.baseSequence.value == 0 ? .append : .outOfOrderSequence
        }
        let same = producer.window.last {
            $0.firstSequence == header.baseSequence && $0.lastSequence == header.lastSequence
        }
        if let same {
            return .duplicate(baseOffset: same.firstOffset, lastOffset: same.lastOffset, timestamp: same.timestamp)
        }
        if header.baseSequence == producer.lastSequence.advanced(by: 1) { return .append }
        let age = producer.lastSequence.distance(from: header.baseSequence)
        return Int64(header.lastOffsetDelta) <= age && age < producer.contiguous ? .oldDuplicate : .outOfOrderSequence
    }

    /// Takes note of a batch that is in the log.
    ///
    /// - Parameter arrival: the collector's time; when rebuilding, the best that is known.
    package mutating func add(_ header: RecordBatchHeader, arrival: Timestamp, limit: Int) {
        guard header.isIdempotent, !header.attributes.isControl else { return }
        let batch = AppendedBatch(
            firstSequence: header.baseSequence, lastSequence: header.lastSequence, lastOffset: header.lastOffset,
            timestamp: header.maxTimestamp)
        let count = Int64(header.lastOffsetDelta) + 1
        if var producer = producers[header.producerID], producer.epoch == header.producerEpoch {
            producers[header.producerID] = nil
            // A gap there can be only where the log is rebuilt over damage.
            let follows = header.baseSequence == producer.lastSequence.advanced(by: 1)
            producer.contiguous = min(Self.contiguousLimit, count + (follows ? producer.contiguous : 0))
            if producer.window.count == Self.windowLength { producer.window.removeFirst() }
            producer.window.append(batch)
            producer.lastArrival = max(arrival, producer.lastArrival)
            producers[header.producerID] = producer
        } else {
            producers[header.producerID] = Producer(
                epoch: header.producerEpoch, window: [batch], contiguous: min(Self.contiguousLimit, count),
                lastArrival: arrival)
            evict(downTo: limit)
        }
    }

    private static let contiguousLimit: Int64 = 1 << 30 - 1

    /// Forgets producers idle for `idle` or longer whose last record is before `logStart`.
    package mutating func expire(now: Timestamp, idleMilliseconds: Int64, logStart: Offset) {
        producers = producers.filter { _, producer in
            producer.lastOffset >= logStart || now.milliseconds - producer.lastArrival.milliseconds < idleMilliseconds
        }
    }

    /// Forgets those idle for longest, an eighth at a time so that the search for them is rare.
    private mutating func evict(downTo limit: Int) {
        guard producers.count > limit else { return }
        let count = producers.count - limit + limit / 8
        let oldest = producers.sorted {
            ($0.value.lastArrival, $0.value.lastOffset) < ($1.value.lastArrival, $1.value.lastOffset)
        }.prefix(count)
        for (id, _) in oldest { producers[id] = nil }
        evicted += Int64(oldest.count)
    }
}
