/// The ordinal of a record in its partition, from 0.
package struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var value: Int64

    package init(_ value: Int64) { self.value = value }

    package static let zero = Offset(0)

    package static func < (left: Offset, right: Offset) -> Bool { left.value < right.value }
    package static func + (offset: Offset, count: Int64) -> Offset { Offset(offset.value + count) }
    package static func - (left: Offset, right: Offset) -> Int64 { left.value - right.value }

    package var description: String { String(value) }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as Kafka's records carry it.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// "No timestamp", as Kafka writes it.
    package static let none = Timestamp(milliseconds: -1)

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    package var description: String { String(milliseconds) }
}

/// The term of a partition's leader; raised whenever the log may have been cut (KIP-101, KIP-320).
package struct LeaderEpoch: Hashable, Comparable, Sendable {
    package var value: Int32

    package init(_ value: Int32) { self.value = value }

    /// "Unknown", as Kafka writes it.
    package static let unknown = LeaderEpoch(-1)

    package static func < (left: LeaderEpoch, right: LeaderEpoch) -> Bool { left.value < right.value }
}

/// An idempotent producer's identity (KIP-98).
package struct ProducerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var value: Int64

    package init(_ value: Int64) { self.value = value }

    /// "No producer id": the batch is not idempotent.
    package static let none = ProducerID(-1)

    package static func < (left: ProducerID, right: ProducerID) -> Bool { left.value < right.value }

    package var description: String { String(value) }
}

/// The incarnation of a producer id; a higher one fences the lower.
package struct ProducerEpoch: Hashable, Comparable, Sendable {
    package var value: Int16

    package init(_ value: Int16) { self.value = value }

    package static let none = ProducerEpoch(-1)

    package static func < (left: ProducerEpoch, right: ProducerEpoch) -> Bool { left.value < right.value }
}

/// The ordinal of a record among those of one producer in one partition, modulo 2^31: after 2147483647 comes 0.
package struct SequenceNumber: Hashable, Sendable, CustomStringConvertible {
    package var value: Int32

    package init(_ value: Int32) { self.value = value }

    /// "No sequence": the batch is not idempotent.
    package static let none = SequenceNumber(-1)

    /// The sequence `count` records later (or earlier, where negative).
    package func advanced(by count: Int64) -> SequenceNumber {
        SequenceNumber(Int32((Int64(value) + count) & 0x7fff_ffff))
    }

    /// How many records after `earlier` this one is, from -2^30 up to 2^30 - 1, across the wrap.
    package func distance(from earlier: SequenceNumber) -> Int64 {
        let forward = (Int64(value) - Int64(earlier.value)) & 0x7fff_ffff
        return forward < 1 << 30 ? forward : forward - 1 << 31
    }

    package var description: String { String(value) }
}
