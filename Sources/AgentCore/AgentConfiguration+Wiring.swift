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

    /// Descriptors for all but the files: the journal, spools, connections, directories while they are listed, files of
    /// /proc.
    private static let otherDescriptors = 64
    /// With fewer for files, each read would open one.
    private static let fewestDescriptors = 16

    /// Checks what reading the file alone does not: globs, and how much memory and how many descriptors may be needed.
    package func validate() throws(AgentError) {
        let allowed = DescriptorLimit.raise()
        let needed = Self.otherDescriptors + Self.fewestDescriptors
        if allowed < needed {
            throw AgentError(
                "only \(allowed) files may be open at a time, and at least \(needed) are needed: raise the hard limit "
                    + "(ulimit -Hn, or LimitNOFILE= of the systemd unit)")
        }
        for case .file(let source) in sources { _ = try source.tailSource }
        try MemoryEstimate(self).check(against: memoryMaximum)
    }

    /// The bounds of reading files, within what the process may have open.
    package var tailLimits: TailLimits {
        var limits = TailLimits()
        limits.files = fileLimit
        limits.fit(descriptors: Int(clamping: DescriptorLimit.raise()) - Self.otherDescriptors)
        return limits
    }
}

extension FileSource {
    fileprivate var tailSource: TailSource {
        get throws(AgentError) {
            var tailed = TailSource(
                name: name, include: try globs(include), exclude: try globs(exclude),
                start: start == .beginning ? .beginning : .end, maximumLineBytes: maximumLineBytes,
                longLines: longLines == .split ? .split : .truncate, ignoreOlder: ignoreOlder)
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
