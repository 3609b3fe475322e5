internal import YAMLConfiguration

// To add a setting: one property, one line in each of the two places below, and its name taken out of `notHonoured`.

/// What one rule says; nil where it says nothing.
package struct TopicRuleSettings: Sendable, Equatable {
    package var partitions: Int?
    package var segmentBytes: Int?
    package var segmentMilliseconds: Int?
    package var maximumMessageBytes: Int?
    package var indexIntervalBytes: Int?
    /// -1: for ever.
    package var retentionMilliseconds: Int?

    package init() {}

    /// The settings that are there, under Kafka's names, as the broker takes them.
    package var named: [(name: String, value: String)] {
        let all = [
            ("segment.bytes", segmentBytes), ("segment.ms", segmentMilliseconds),
            ("max.message.bytes", maximumMessageBytes), ("index.interval.bytes", indexIntervalBytes),
        ]
        return all.compactMap { name, value in value.map { (name, String($0)) } }
    }
}

extension TopicRuleSettings {
    init(reading section: ConfigurationSection) {
        partitions = section.value("partitions", .integer(1...10_000))
        segmentBytes = section.value("segment.bytes", .byteSize(16 << 10...Int(Int32.max)))
        segmentMilliseconds = section.value("segment.ms", .integer(1...Self.mostMilliseconds))
        maximumMessageBytes = section.value("max.message.bytes", .byteSize(1024...Int(Int32.max)))
        indexIntervalBytes = section.value("index.interval.bytes", .byteSize(0...Int(Int32.max)))
        retentionMilliseconds = section.value("retention.ms", .integer(-1...Self.mostMilliseconds))
        section.refuse(Self.notHonoured, because: "a setting of Kafka's that this version does not honour yet")
    }

    /// A thousand years: further, sums of times would have to be watched for overflow.
    private static let mostMilliseconds = 1000 * 366 * 86_400_000

    /// Known settings are refused by name, so that nobody takes them for a misspelling or, worse, for being in force.
    private static let notHonoured = [
        "retention.bytes", "message.timestamp.type", "cleanup.policy", "delete.retention.ms", "compression.type",
        "flush.messages", "flush.ms", "min.insync.replicas", "segment.index.bytes", "segment.jitter.ms",
        "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "max.compaction.lag.ms", "file.delete.delay.ms",
        "message.timestamp.before.max.ms", "message.timestamp.after.max.ms", "preallocate",
    ]
}
