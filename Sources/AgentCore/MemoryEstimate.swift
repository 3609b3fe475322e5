internal import FileTailing
internal import MetricInputs

/// The most memory that an agent with a configuration takes: what each part of it may hold at the same time, added up.
/// A bound and not a forecast: an agent whose files are few and short takes a third of it.
package struct MemoryEstimate: Sendable, Equatable {
    package struct Part: Sendable, Equatable {
        package var name: String
        package var bytes: Int
    }

    package var parts: [Part]
    package var total: Int { parts.reduce(0) { $0 + $1.bytes } }

    /// Program, runtime, threads and connections, measured idle with a release build.
    static let program = 20 << 20
    /// One known file, its names and a directory of its own, measured with 10,000 of them and rounded up.
    static let perFile = 2560
    /// An open file's objects, and what the journal and a batch say of it.
    static let perDescriptor = 2 << 10

    package init(_ configuration: AgentConfiguration) {
        let limits = configuration.tailLimits
        var longest = 0
        var readers = 0
        for case .file(let source) in configuration.sources {
            longest = max(longest, source.maximumLineBytes)
            readers += 1
        }
        let inputs = configuration.sources.reduce(0) { $0 + $1.inputBytes }
        let compressed = limits.decompressionBytes(maximumLineBytes: longest)
        parts = [
            Part(name: "program", bytes: Self.program),
            Part(name: "batches and what is on its way (memory.limit)", bytes: configuration.memoryLimit),
            // A line that is longer than the buffer is read into a larger one.
            Part(
                name: "read buffer and the longest line", bytes: readers == 0 ? 0 : limits.readBufferBytes + 2 * longest
            ),
            Part(
                name: "\(limits.decompressions) compressed files at a time",
                bytes: readers == 0 ? 0 : limits.decompressions * compressed),
            Part(
                name: "up to \(limits.files) files (files.limit)", bytes: readers == 0 ? 0 : limits.files * Self.perFile
            ),
            Part(
                name: "of them open: \(limits.openFiles), and \(limits.pinnedFiles) that were rotated or deleted",
                bytes: readers == 0 ? 0 : (limits.openFiles + limits.pinnedFiles) * Self.perDescriptor),
        ]
        if inputs > 0 { parts.append(Part(name: "series of metrics from others (series.limit)", bytes: inputs)) }
    }

    /// For people, a part on each line.
    package var lines: [String] {
        parts.map { "\(Self.mebibytes($0.bytes))  \($0.name)" } + ["\(Self.mebibytes(total))  at the most, in all"]
    }

    /// For programs, an object on each line.
    package var json: [JSONValue] {
        parts.map { .object(["part": .string($0.name), "bytes": .integer(Int64($0.bytes))]) }
            + [.object(["total_bytes": .integer(Int64(total))])]
    }

    static func mebibytes(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 19)) >> 20
        let text = "\(tenths / 10).\(tenths % 10) MiB"
        return String(repeating: " ", count: max(0, 10 - text.count)) + text
    }

    /// - Throws: where it is more than the configuration allows.
    package func check(against limit: Int) throws(AgentError) {
        if total <= limit { return }
        throw AgentError(
            "memory.max: at the most \(Self.mebibytes(total)) may be needed, which is more than \(Self.mebibytes(limit)):\n"
                + lines.joined(separator: "\n")
                + "\nlower memory.limit, files.limit, max.line.bytes or series.limit, or raise memory.max")
    }
}

extension AgentSource {
    /// What a series takes at most where it is kept, and as a point: see `ExpositionLimits` and `StatsDConfiguration`.
    private static let perSeries = 1 << 10

    /// Series are remembered between two looks; points, and then records, are there for a moment: the points of all targets
    /// perhaps, the records of one look at a time.
    fileprivate var inputBytes: Int {
        switch self {
        case .file, .hostMetrics: 0
        case .prometheus(let source): (2 * source.input.targets.count + 1) * source.input.seriesLimit * Self.perSeries
        case .statsd(let source): 2 * source.input.seriesLimit * Self.perSeries
        case .textfile(let source): 3 * source.input.seriesLimit * Self.perSeries + source.input.fileLimit
        }
    }
}
