internal import FileAccess
internal import FileTailing
internal import Primitives
internal import SystemPackage

/// What the pipeline answers; what can be worked out elsewhere is not worked out there.
enum ControlAnswer: Sendable {
    case files([FileReport])
    /// For `explain`: what is followed, and what is known of the path.
    case known([TailSource], [FileReport])
    case sought([Sought])
    case reloaded(ReloadPlan)
    case status(AgentStatus)
    case failed(String)

    /// A line each.
    func json(_ request: ControlRequest, fileSystem: any FileSystem, now: Timestamp) throws(ControlError) -> [JSONValue]
    {
        switch self {
        case .files(let files):
            return files.sorted { $0.file.path.string < $1.file.path.string }.map { $0.json(now: now) }
        case .known(let sources, let files):
            guard case .explain(let path) = request else { return [] }
            return [explain(path, sources, files, fileSystem, now: now)]
        case .sought(let sought):
            return sought.map {
                .object([
                    "source": .string($0.source), "path": .string($0.path.string), "from": .integer($0.from),
                    "to": .integer($0.to),
                ])
            }
        case .reloaded(let plan): return [plan.json]
        case .status(let status): return status.json(now: now)
        case .failed(let reason): throw ControlError(reason)
        }
    }
}

private func explain(
    _ path: FilePath, _ sources: [TailSource], _ files: [FileReport], _ fileSystem: any FileSystem, now: Timestamp
) -> JSONValue {
    let known = files.filter { $0.file.path == path || $0.file.originalPath == path }
    let verdicts: [JSONValue] = sources.filter { !$0.include.isEmpty }.map { source in
        let reason: String
        var isTaken = false
        switch source.verdict(on: path) {
        case .taken(let pattern):
            (reason, isTaken) = explainStatus(of: path, source, pattern, known, fileSystem, now)
        case .excluded(let pattern): reason = "left out by exclude: \(pattern)"
        case .compressed: reason = "left out: compressed files are left alone (compressed: read takes gzip files)"
        case .notIncluded: reason = "no include pattern matches it"
        }
        return .object(["source": .string(source.name), "taken": .boolean(isTaken), "reason": .string(reason)])
    }
    return .object([
        "path": .string(path.string), "sources": .array(verdicts), "files": .array(known.map { $0.json(now: now) }),
    ])
}

private func explainStatus(
    of path: FilePath, _ source: TailSource, _ pattern: GlobPattern, _ known: [FileReport],
    _ fileSystem: any FileSystem, _ now: Timestamp
) -> (String, Bool) {
    let status: FileStatus
    do throws(FileError) {
        status = try fileSystem.status(of: path, followingLinks: true)
    } catch {
        return (
            "include: \(pattern) would take it, but it cannot be looked at (\(error.operation): \(error.errno))", false
        )
    }
    guard status.kind == .regular else { return ("include: \(pattern) would take it, but it is no file", false) }
    let isKnown = known.contains { $0.file.source == source.name }
    if let limit = source.ignoreOlder, !isKnown {
        let age = now.milliseconds / 1000 - status.modified.seconds
        if age > limit.components.seconds {
            return ("include: \(pattern) would take it, but it was modified \(age) s ago, before ignore_older", false)
        }
    }
    if !isKnown, let file = known.first {
        return ("include: \(pattern) takes it; it is followed as \(file.file.path)", true)
    }
    var reason = "taken by include: \(pattern)" + (isKnown ? "" : ", and not found yet")
    if source.longLines == .truncate {
        reason += "; of lines longer than \(source.maximumLineBytes) bytes the beginning is sent (long.lines: truncate)"
    }
    return (reason, true)
}
