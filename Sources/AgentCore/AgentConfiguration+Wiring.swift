internal import FileAccess
internal import FileTailing
internal import Primitives
internal import RecordBatches

extension AgentConfiguration {
    /// The sources, as the modules take them that read them.
    ///
    /// - Throws: `AgentError` for a glob that cannot be.
    func split(
        fileSystem: any FileSystem, clock: any WallClock
    ) throws(AgentError) -> (files: [TailSource], metrics: [MetricsSource]) {
        var files: [TailSource] = []
        var metrics: [MetricsSource] = []
        for source in sources {
            switch source {
            case .file(let source): files.append(try source.tailSource)
            case .hostMetrics(let source):
                metrics.append(MetricsSource(source, hostName: hostName, fileSystem: fileSystem, clock: clock))
            }
        }
        return (files, metrics)
    }

    /// Checks what reading the file alone does not: globs.
    package func validate() throws(AgentError) {
        for case .file(let source) in sources { _ = try source.tailSource }
    }
}

extension FileSource {
    fileprivate var tailSource: TailSource {
        get throws(AgentError) {
            TailSource(
                name: name, include: try globs(include), exclude: try globs(exclude),
                start: start == .beginning ? .beginning : .end, maximumLineBytes: maximumLineBytes,
                longLines: .split, ignoreOlder: ignoreOlder)
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
