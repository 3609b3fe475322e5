package import BrokerCore
package import YAMLConfiguration

/// Everything that `collector.yaml` says; a value that it does not say is its default.
package struct CollectorConfiguration: Sendable, Equatable {
    /// What an acknowledgement stands for.
    package enum Flush: Sendable, Equatable {
        /// The records are on stable storage.
        case commit
        /// They will be after this time at most; a power failure before it takes them back.
        case interval(Duration)
        /// They will be when the system gets to it.
        case os
    }

    package struct Limits: Sendable, Equatable {
        /// Connections at a time.
        package var connections = 10_000
        /// Connections at a time from one address.
        package var connectionsPerAddress = 1000
        /// A connection on which nothing is asked for so long is closed.
        package var connectionIdle = Duration.seconds(600)
        /// Fetch sessions at a time.
        package var fetchSessions = 1000
        /// The size of one request.
        package var requestBytes = 104_857_600
        /// All requests that are being received or handled, together.
        package var queuedBytes = 256 << 20

        package init() {}
    }

    /// For each client id that no other quota fits, in bytes per second; nil: no limit.
    package struct Quotas: Sendable, Equatable {
        package var producerByteRate: Int?
        package var consumerByteRate: Int?

        package init() {}
    }

    /// Port 0 asks for a free one.
    package var listen = HostPort(host: "127.0.0.1", port: 9092)
    /// What clients are told to connect to; nil: where the collector listens.
    package var advertised: HostPort?
    package var dataDirectory = "/var/lib/tributary-collector"
    package var flush = Flush.commit
    package var autoCreateTopics = true
    /// How many partitions a topic gets that no rule says otherwise of.
    package var defaultPartitions = 1
    /// Appends are refused while the disk has less free.
    package var minimumFreeBytes = 64 << 20
    /// How often retention looks for what to delete.
    package var retentionCheckInterval = Duration.seconds(300)
    /// How often compaction looks for what to do.
    package var cleanerBackoff = Duration.seconds(15)
    /// Bytes for compaction's map of keys, at the most.
    package var cleanerMemory = 128 << 20
    /// Bytes that compaction reads and writes in a second, at the most.
    package var cleanerBytesPerSecond = 64 << 20
    package var limits = Limits()
    package var quotas = Quotas()
    /// Who may do everything, whatever the access rules say.
    package var superUsers: [String] = []
    /// Whether what no access rule is about is open to everybody when there are rules, too.
    package var allowsEveryoneWithoutRule = false
    /// What consumer groups keep to.
    package var groups = GroupSettings()
    package var topicRules: [TopicRule] = []

    package init() {}
}

/// Settings for all topics whose name matches a pattern.
package struct TopicRule: Sendable, Equatable {
    package var pattern: TopicPattern
    package var settings: TopicRuleSettings

    package init(pattern: TopicPattern, settings: TopicRuleSettings) {
        self.pattern = pattern
        self.settings = settings
    }
}

/// A topic name in which `*` stands for any characters and `?` for one.
package struct TopicPattern: Sendable, Equatable, CustomStringConvertible {
    package let description: String

    /// - Returns: nil for what no topic's name can match.
    package init?(_ text: String) {
        let isGood = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || ".-_*?".utf8.contains(byte)
        }
        guard isGood, (1...249).contains(text.utf8.count) else { return nil }
        description = text
    }
}
