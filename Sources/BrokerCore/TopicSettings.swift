package import CommitLog

/// A topic's settings, under Kafka's names.
package struct TopicSettings: Hashable, Sendable {
    package var log = LogConfiguration()
    /// `max.message.bytes`: the largest batch, as it is stored. Kafka's default.
    package var maximumMessageBytes = 1_048_588

    package var timestampType = TimestampType.createTime
    /// `flush.messages`: under another flush policy than `commit`, an fdatasync after so many records at the latest; 1
    /// is one before each acknowledgement.
    package var flushMessages = Int64.max
    /// `flush.ms`: likewise, after so long at the latest.
    package var flushMilliseconds = Int64.max
    /// Those that have no effect here, where they were set to something else than their default.
    private var settingsWithoutEffect: [String: String] = [:]

    /// `message.timestamp.type`
    package enum TimestampType: String, Sendable {
        case createTime = "CreateTime"
        case logAppendTime = "LogAppendTime"
    }

    package init() {
        // Nothing is deleted unless somebody says so.
        log.retentionMilliseconds = -1
    }

    /// Every setting that can be set, by name.
    package static let names = (namesWithEffect + withoutEffect.keys).sorted()

    static let namesWithEffect = [
        "cleanup.policy", "delete.retention.ms", "flush.messages", "flush.ms",
        "index.interval.bytes", "max.compaction.lag.ms", "max.message.bytes", "message.timestamp.type",
        "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "retention.bytes", "retention.ms", "segment.bytes",
        "segment.ms",
    ]

    /// Sets one.
    ///
    /// - Returns: what is wrong with it; nil where it was set.
    package mutating func set(_ name: String, _ value: String) -> String? {
        switch name {
        case "segment.bytes":
            // The most is what an index entry can point at.
            return number(name, value, 16 << 10, Int64(Int32.max)) { log.segmentBytes = $0 }
        case "segment.ms":
            return number(name, value, 1, .max) { log.segmentMilliseconds = $0 }
        case "index.interval.bytes":
            return number(name, value, 0, Int64(Int32.max)) { log.indexIntervalBytes = $0 }
        case "max.message.bytes":
            return number(name, value, 0, Int64(Int32.max)) { maximumMessageBytes = Int($0) }
        case "retention.ms":
            return number(name, value, -1, .max) { log.retentionMilliseconds = $0 }
        case "retention.bytes":
            return number(name, value, -1, .max) { log.retentionBytes = $0 }
        case "flush.messages":
            return number(name, value, 1, .max) { flushMessages = $0 }
        case "flush.ms":
            return number(name, value, 0, .max) { flushMilliseconds = $0 }
        case "message.timestamp.type":
            guard let type = TimestampType(rawValue: value) else {
                return "message.timestamp.type takes CreateTime or LogAppendTime, not \"\(value)\""
            }
            timestampType = type
            return nil
        case "cleanup.policy":
            guard let policy = CleanupPolicy(text: value) else {
                return "cleanup.policy takes delete, compact, or both as \"compact,delete\", not \"\(value)\""
            }
            log.cleanup = policy
            return nil
        case "delete.retention.ms":
            return number(name, value, 0, .max) { log.deleteRetentionMilliseconds = $0 }
        case "min.compaction.lag.ms":
            return number(name, value, 0, .max) { log.minimumCompactionLagMilliseconds = $0 }
        case "max.compaction.lag.ms":
            return number(name, value, 1, .max) { log.maximumCompactionLagMilliseconds = $0 }
        case "min.cleanable.dirty.ratio":
            guard let ratio = Double(value), (0...1).contains(ratio) else {
                return "min.cleanable.dirty.ratio takes a number from 0 to 1, not \"\(value)\""
            }
            log.minimumCleanableRatio = ratio
            return nil
        default:
            guard let setting = Self.withoutEffect[name] else {
                return "unknown topic setting \"\(name)\"; known are \(Self.names(like: name).joined(separator: ", "))"
            }
            if let problem = setting.problem(name, value) { return problem }
            settingsWithoutEffect[name] = value == setting.defaultValue ? nil : value
            return nil
        }
    }

    /// All names, those first that begin most like this one: clients cut long messages off (librdkafka after 511 bytes).
    private static func names(like name: String) -> [String] {
        let alike = names.map { (name: $0, length: zip($0.utf8, name.utf8).prefix { $0 == $1 }.count) }
        return alike.sorted { ($1.length, $0.name) < ($0.length, $1.name) }.map(\.name)
    }

    /// What is wrong with settings that are each right (Kafka's LogConfig.validateValues).
    var contradiction: String? {
        let (least, most) = (log.minimumCompactionLagMilliseconds, log.maximumCompactionLagMilliseconds)
        return least > most
            ? "min.compaction.lag.ms (\(least)) must not be more than max.compaction.lag.ms (\(most))" : nil
    }

    /// A setting's value, as `set` takes it.
    package func value(of name: String) -> String? {
        switch name {
        case "segment.bytes": String(log.segmentBytes)
        case "segment.ms": String(log.segmentMilliseconds)
        case "index.interval.bytes": String(log.indexIntervalBytes)
        case "max.message.bytes": String(maximumMessageBytes)
        case "retention.ms": String(log.retentionMilliseconds)
        case "retention.bytes": String(log.retentionBytes)
        case "flush.messages": String(flushMessages)
        case "flush.ms": String(flushMilliseconds)
        case "message.timestamp.type": timestampType.rawValue
        case "cleanup.policy": log.cleanup.text
        case "delete.retention.ms": String(log.deleteRetentionMilliseconds)
        case "min.compaction.lag.ms": String(log.minimumCompactionLagMilliseconds)
        case "max.compaction.lag.ms": String(log.maximumCompactionLagMilliseconds)
        case "min.cleanable.dirty.ratio": String(log.minimumCleanableRatio)
        default: settingsWithoutEffect[name] ?? Self.withoutEffect[name]?.defaultValue
        }
    }

    private func number(
        _ name: String, _ value: String, _ least: Int64, _ most: Int64, _ set: (Int64) -> Void
    ) -> String? {
        guard let number = Int64(value), (least...most).contains(number) else {
            return "\(name) takes a whole number from \(least) to \(most), not \"\(value)\""
        }
        set(number)
        return nil
    }
}

/// Which settings a topic gets when it is created: the first rule that matches its name decides, setting by setting.
package struct TopicRules: Sendable {
    package struct Rule: Sendable {
        /// `*` stands for any characters, `?` for one.
        package var match: String
        package var partitions: Int32?
        package var settings: [(name: String, value: String)]

        package init(match: String, partitions: Int32? = nil, settings: [(name: String, value: String)] = []) {
            self.match = match
            self.partitions = partitions
            self.settings = settings
        }
    }

    package var rules: [Rule] = []
    /// `num.partitions`, where no rule says.
    package var defaultPartitions: Int32 = 1
    package var defaults = TopicSettings()

    package init() {}

    package func partitions(for topic: String) -> Int32 {
        rules.first { $0.partitions != nil && glob($0.match, matches: topic) }?.partitions ?? defaultPartitions
    }

    /// The settings of a topic, with `overrides` of its own on top of the rules.
    ///
    /// - Returns: or what is wrong with the overrides.
    package func settings(
        for topic: String, overrides: [(name: String, value: String)]
    ) -> Result<TopicSettings, TopicSettingsProblem> {
        var settings = defaults
        var decided: Set<String> = []
        for rule in rules where glob(rule.match, matches: topic) {
            for setting in rule.settings where decided.insert(setting.name).inserted {
                if let problem = settings.set(setting.name, setting.value) {
                    return .failure(TopicSettingsProblem(description: problem))
                }
            }
        }
        for setting in overrides {
            if let problem = settings.set(setting.name, setting.value) {
                return .failure(TopicSettingsProblem(description: problem))
            }
        }
        if let problem = settings.contradiction { return .failure(TopicSettingsProblem(description: problem)) }
        return .success(settings)
    }
}

extension CleanupPolicy {
    /// - Parameter text: the names of one or both, with a comma between.
    package init?(text: String) {
        self = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch name.filter({ $0 != " " }) {
            case "delete": insert(.delete)
            case "compact": insert(.compact)
            default: return nil
            }
        }
    }

    package var text: String {
        [(CleanupPolicy.compact, "compact"), (.delete, "delete")].filter { contains($0.0) }.map(\.1)
            .joined(separator: ",")
    }
}

package struct TopicSettingsProblem: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Whether `pattern`, in which `*` stands for any characters and `?` for one, matches all of `text`.
package func glob(_ pattern: String, matches text: String) -> Bool {
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var p = 0
    var t = 0
    // Where to go on when what follows the last star does not fit: it takes one character more. An earlier one never
    // has to be tried again, so the time is bounded by the product of the lengths.
    var star: (pattern: Int, text: Int)?
    while t < text.count {
        if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
            star = (p, t)
            p += 1
        } else if p < pattern.count, pattern[p] == text[t] || pattern[p] == UInt8(ascii: "?") {
            p += 1
            t += 1
        } else if let last = star {
            p = last.pattern + 1
            t = last.text + 1
            star = (last.pattern, t)
        } else {
            return false
        }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
}
