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

    package init() {}
}
