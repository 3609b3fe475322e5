internal import BrokerCore
package import CommitLog
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
    /// -1: without limit.
    package var retentionBytes: Int?
    package var cleanupPolicy: CleanupPolicy?
    package var deleteRetentionMilliseconds: Int?
    package var minimumCleanableRatio: Double?
    package var minimumCompactionLagMilliseconds: Int?
    package var maximumCompactionLagMilliseconds: Int?
    package var timestampType: TimestampType?
    package var compressionType: CompressionType?
    package var flushMessages: Int?
    package var flushMilliseconds: Int?

    package enum TimestampType: String, CaseIterable, Sendable {
        case createTime = "CreateTime"
        case logAppendTime = "LogAppendTime"
    }

    package enum CompressionType: String, CaseIterable, Sendable { case producer }

    package init() {}

    /// The settings that are there, under Kafka's names, as the broker takes them.
    package var named: [(name: String, value: String)] {
        let all = [
            ("segment.bytes", segmentBytes), ("segment.ms", segmentMilliseconds),
            ("max.message.bytes", maximumMessageBytes), ("index.interval.bytes", indexIntervalBytes),
            ("retention.ms", retentionMilliseconds), ("retention.bytes", retentionBytes),
            ("flush.messages", flushMessages), ("flush.ms", flushMilliseconds),
            ("delete.retention.ms", deleteRetentionMilliseconds),
            ("min.compaction.lag.ms", minimumCompactionLagMilliseconds),
            ("max.compaction.lag.ms", maximumCompactionLagMilliseconds),
        ]
        let names = [
            ("cleanup.policy", cleanupPolicy?.text),
            ("min.cleanable.dirty.ratio", minimumCleanableRatio.map { String($0) }),
            ("message.timestamp.type", timestampType?.rawValue),
            ("compression.type", compressionType?.rawValue),
        ]
        return all.compactMap { name, value in value.map { (name, String($0)) } }
            + names.compactMap { name, value in value.map { (name, $0) } }
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
        retentionBytes = section.value("retention.bytes", .integer(-1...Int.max))
        cleanupPolicy = section.value("cleanup.policy", .cleanupPolicy)
        deleteRetentionMilliseconds = section.value("delete.retention.ms", .integer(0...Self.mostMilliseconds))
        minimumCleanableRatio = section.value("min.cleanable.dirty.ratio", .ratio)
        minimumCompactionLagMilliseconds = section.value("min.compaction.lag.ms", .integer(0...Self.mostMilliseconds))
        maximumCompactionLagMilliseconds = section.value("max.compaction.lag.ms", .integer(1...Self.mostMilliseconds))
        if let least = minimumCompactionLagMilliseconds, let most = maximumCompactionLagMilliseconds, least > most {
            section.report("must not be more than max.compaction.lag.ms (\(most))", key: "min.compaction.lag.ms")
        }
        timestampType = section.value("message.timestamp.type", Form<TimestampType>.choice)
        compressionType = section.value("compression.type", Form<CompressionType>.choice)
        flushMessages = section.value("flush.messages", .integer(1...Int.max))
        flushMilliseconds = section.value("flush.ms", .integer(0...Self.mostMilliseconds))
        section.refuse(Self.notHonoured, because: "a setting of Kafka's that this version does not honour yet")
    }

    /// A thousand years: further, sums of times would have to be watched for overflow.
    private static let mostMilliseconds = 1000 * 366 * 86_400_000

    /// Known settings are refused by name, so that nobody takes them for a misspelling or, worse, for being in force.
    private static let notHonoured = [
        "min.insync.replicas", "segment.index.bytes", "segment.jitter.ms", "file.delete.delay.ms",
        "message.timestamp.before.max.ms", "message.timestamp.after.max.ms", "preallocate",
    ]
}

extension Form where Value == CleanupPolicy {
    fileprivate static var cleanupPolicy: Form {
        .parsed("delete, compact, or \"compact,delete\"") { CleanupPolicy(text: $0) }
    }
}

extension Form where Value == Double {
    fileprivate static var ratio: Form {
        .parsed("a number from 0 to 1") { text in Double(text).flatMap { (0...1).contains($0) ? $0 : nil } }
    }
}
