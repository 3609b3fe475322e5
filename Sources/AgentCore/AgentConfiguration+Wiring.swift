internal import FileAccess
package import FileTailing
internal import Primitives
internal import RecordBatches

extension AgentConfiguration {
    /// The sources, as the modules take them that read them.
    ///
    /// - Throws: `AgentError` for a glob that cannot be.
    func split(
        fileSystem: any FileSystem, clock: any WallClock, wake: @escaping @Sendable () -> Void
    ) throws(AgentError) -> (files: [TailSource], metrics: [MetricsSource]) {
        var files: [TailSource] = []
        var metrics: [MetricsSource] = []
        for source in sources {
            if case .file(let source) = source { files.append(try source.tailSource) }
            let sampled = MetricsSource(source, hostName: hostName, fileSystem: fileSystem, clock: clock, wake: wake)
            if let sampled { metrics.append(sampled) }
        }
        return (files, metrics)
    }

    /// Checks what reading the file alone does not: globs, and how much memory may be needed.
    package func validate() throws(AgentError) {
        for case .file(let source) in sources { _ = try source.tailSource }
        try MemoryEstimate(self).check(against: memoryMaximum)
    }

    /// The bounds of reading files.
    package var tailLimits: TailLimits {
        var limits = TailLimits()
        limits.files = fileLimit
        return limits
    }
}

extension FileSource {
    fileprivate var tailSource: TailSource {
        get throws(AgentError) {
            var tailed = TailSource(
                name: name, include: try globs(include), exclude: try globs(exclude),
                start: start == .beginning ? .beginning : .end, maximumLineBytes: maximumLineBytes,
                longLines: .split, ignoreOlder: ignoreOlder)
            tailed.readsCompressed = compressed == .read
            tailed.encoding =
                switch encoding {
                case .auto: .bytes
                case .utf16LittleEndian: .utf16LittleEndian
                case .utf16BigEndian: .utf16BigEndian
                }
            return tailed
        }
    }

    private func globs(_ patterns: [String]) throws(AgentError) -> [GlobPattern] {
        var globs: [GlobPattern] = []
        for pattern in patterns {
            do throws(GlobError) {
                globs.append(try GlobPattern(pattern))
            } catch {
                throw AgentError("source \"\(name)\": \(error)")
            }
        }
        return globs
    }
}

extension CollectorConnection.Compression {
    var codec: CompressionCodec {
        switch self {
        case .lz4: .lz4
        case .gzip: .gzip
        case .none: .none
        }
    }
}
