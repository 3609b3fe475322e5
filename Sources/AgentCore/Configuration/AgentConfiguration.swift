package import HostMetrics
package import MetricInputs
package import YAMLConfiguration

/// Everything that `agent.yaml` says; a value that it does not say is its default.
package struct AgentConfiguration: Sendable, Equatable {
    /// Where the agent keeps what it has to remember.
    package var stateDirectory = "/var/lib/tributary-agent"
    /// What this host is called in record keys.
    package var hostName: String
    package var collector = CollectorConnection()
    /// The most memory, in bytes, that buffers of all kinds may hold together.
    package var memoryLimit = 24 << 20
    /// Files known at once; further ones wait until others are forgotten.
    package var fileLimit = 20_000
    /// The most memory, in bytes, that the whole agent may come to need: a configuration that may need more is refused.
    package var memoryMaximum = 160 << 20
    /// The most bytes on disk, per source, of samples that were not sent yet; beyond them the oldest go.
    package var spoolLimit = 64 << 20
    /// The most bytes on disk of records that the cluster refused; beyond them the oldest go.
    package var deadLetterLimit = 64 << 20
    /// Where the agent answers by HTTP how it is (`StatusServer`); nil: nowhere.
    package var statusListen: HostPort?
    /// At least one, with unique names.
    package var sources: [AgentSource]

    package init(hostName: String, sources: [AgentSource]) {
        self.hostName = hostName
        self.sources = sources
    }
}

/// How records get to the collector (or to a Kafka cluster).
package struct CollectorConnection: Sendable, Equatable {
    package enum Compression: String, Sendable, CaseIterable {
        case lz4, gzip, none
    }

    /// Tried in turn until one answers. At least one.
    package var bootstrap = [HostPort(host: "127.0.0.1", port: 9092)]
    package var compression = Compression.lz4
    /// The most bytes of records in a batch, before compression: it has to stay under 1 MiB as a whole.
    package var batchBytes = 1_000_000
    /// The longest that a record waits for others. A record that comes alone does not wait.
    package var lingerLimit = Duration.milliseconds(50)

    package init() {}
}

/// Where records come from.
package enum AgentSource: Sendable, Equatable {
    case file(FileSource)
    case hostMetrics(HostMetricsSource)
    case prometheus(InputSource<ScrapeConfiguration>)
    case statsd(InputSource<StatsDConfiguration>)
    case textfile(InputSource<TextfileConfiguration>)

    package var name: String {
        switch self {
        case .file(let source): source.name
        case .hostMetrics(let source): source.name
        case .prometheus(let source): source.name
        case .statsd(let source): source.name
        case .textfile(let source): source.name
        }
    }

    package var topic: String {
        switch self {
        case .file(let source): source.topic
        case .hostMetrics(let source): source.topic
        case .prometheus(let source): source.topic
        case .statsd(let source): source.topic
        case .textfile(let source): source.topic
        }
    }

    /// Whether what it gives cannot be read again, and so is kept on disk until it is sent.
    package var isStored: Bool {
        switch self {
        case .file: false
        case .hostMetrics, .prometheus, .statsd, .textfile: true
        }
    }
}

/// Lines of files.
package struct FileSource: Sendable, Equatable {
    /// Where to begin in a file that the agent has not seen before.
    package enum Start: String, Sendable, CaseIterable {
        case beginning
        /// Behind what is there when the source is started for the very first time. All other files are read from their
        /// beginning: what appears while the agent is away, as by rotation, was never skipped on purpose.
        case end
    }

    /// What becomes of lines that are longer than `maximumLineBytes`.
    package enum LongLines: String, Sendable, CaseIterable {
        /// Cut into records of that size, each with the header `fragment`, its index.
        case split
        /// Only so much of their beginning is sent, with the headers `truncated` and `original_bytes`.
        case truncate
    }

    package enum Encoding: String, Sendable, CaseIterable {
        case auto
        case utf16LittleEndian = "utf-16le"
        case utf16BigEndian = "utf-16be"
    }

    package enum Compressed: String, Sendable, CaseIterable {
        case leave, read
    }

    package var name: String
    package var topic: String
    /// Globs of absolute paths. At least one.
    package var include: [String]
    package var exclude: [String] = []
    package var start = Start.beginning
    /// In bytes, from 128 to 1 MiB. The default is below 1 MiB because a batch has to pass a cluster's default
    /// `max.message.bytes`, 1048588, even where nothing of it can be compressed: 1 MiB of line leaves 12 bytes for the
    /// batch's header (61), the record's own and its key, and would end as a dead letter.
    package var maximumLineBytes = 1_000_000
    package var longLines = LongLines.split
    /// How text without a byte order mark is written.
    package var encoding = Encoding.auto
    /// What becomes of gzip files that the globs match.
    package var compressed = Compressed.leave
    /// Files that have not changed for so long are left alone; nil: none is.
    package var ignoreOlder: Duration?

    /// - Parameter topic: `logs.<name>` unless given.
    package init(name: String, topic: String? = nil, include: [String]) {
        self.name = name
        self.topic = topic ?? "logs." + name
        self.include = include
    }
}

/// Measurements of the host.
package struct HostMetricsSource: Sendable, Equatable {
    package var name: String
    package var topic: String
    package var stream = MetricStreamConfiguration()

    /// - Parameter topic: `metrics.<name>` unless given.
    package init(name: String, topic: String? = nil) {
        self.name = name
        self.topic = topic ?? "metrics." + name
    }
}

/// Metrics that others measured.
package struct InputSource<Input: Sendable & Equatable>: Sendable, Equatable {
    package var name: String
    package var topic: String
    package var input: Input
    package var format = MetricFormat.json

    /// - Parameter topic: `metrics.<name>` unless given.
    package init(name: String, topic: String? = nil, _ input: Input) {
        self.name = name
        self.topic = topic ?? "metrics." + name
        self.input = input
    }
}
