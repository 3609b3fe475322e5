/// A partition's settings, under Kafka's names.
package struct LogConfiguration: Hashable, Sendable {
    /// `segment.bytes`: a segment is closed before it grows beyond this. At most 2^31 - 1.
    package var segmentBytes: Int64 = 1 << 30
    /// `segment.ms`: a segment is closed when its first record is older than this.
    package var segmentMilliseconds: Int64 = 7 * 86_400_000
    /// `index.interval.bytes`: bytes of log between two index entries.
    package var indexIntervalBytes: Int64 = 4096
    /// Idempotent producers remembered at the most; beyond that the one idle for longest is forgotten.
    package var maximumProducers = 10_000
    /// `producer.id.expiration.ms`: a producer idle for longer, whose records are gone too, is forgotten.
    package var producerExpirationMilliseconds: Int64 = 7 * 86_400_000
    /// `retention.ms`: closed segments whose newest record is older than this are deleted; -1 keeps them.
    package var retentionMilliseconds: Int64 = 7 * 86_400_000
    /// `retention.bytes`: the oldest segments are deleted as long as the others have this much; -1 keeps them.
    package var retentionBytes: Int64 = -1

    /// `cleanup.policy`
    package var cleanup = CleanupPolicy.delete
    /// `delete.retention.ms`: tombstones are kept for so long after compaction met them first.
    package var deleteRetentionMilliseconds: Int64 = 86_400_000
    /// `min.cleanable.dirty.ratio`: compaction is due when more than this part of the log was not compacted; 0 to 1.
    package var minimumCleanableRatio = 0.5
    /// `min.compaction.lag.ms`: records younger than this are not compacted.
    package var minimumCompactionLagMilliseconds: Int64 = 0
    /// `max.compaction.lag.ms`: compaction is due when a record that was not compacted is older than this.
    package var maximumCompactionLagMilliseconds = Int64.max

    package init() {}

    /// A segment is closed when its first record is older than this.
    var rollMilliseconds: Int64 {
        cleanup.contains(.compact) ? min(segmentMilliseconds, maximumCompactionLagMilliseconds) : segmentMilliseconds
    }
}

/// What becomes of old records: one or both.
package struct CleanupPolicy: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// They are deleted by age and size.
    package static let delete = CleanupPolicy(rawValue: 1)
    /// Of each key the newest record is kept.
    package static let compact = CleanupPolicy(rawValue: 2)
}
