internal import YAMLConfiguration

// To add a setting: one property and one line in each of the three places below, and its name taken out of
// `notHonoured`.

/// A topic's settings, with Kafka's defaults unless said otherwise.
package struct TopicSettings: Sendable, Equatable {
    package var partitions: Int
    package var segmentBytes: Int
    package var segmentAge: Duration
    package var maximumMessageBytes: Int
    package var indexIntervalBytes: Int
    /// nil: kept for ever.
    package var retention: Duration?

    init(rules: [TopicRuleSettings], defaultPartitions: Int) {
        func first<Value>(_ setting: KeyPath<TopicRuleSettings, Value?>) -> Value? {
            for rule in rules {
                if let value = rule[keyPath: setting] { return value }
            }
            return nil
        }
        partitions = first(\.partitions) ?? defaultPartitions
        segmentBytes = first(\.segmentBytes) ?? 1 << 30
        segmentAge = .milliseconds(first(\.segmentMilliseconds) ?? 604_800_000)
        maximumMessageBytes = first(\.maximumMessageBytes) ?? 1_048_588
        indexIntervalBytes = first(\.indexIntervalBytes) ?? 4096
        retention = first(\.retentionMilliseconds).flatMap { $0 < 0 ? nil : .milliseconds($0) }
    }
}

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
