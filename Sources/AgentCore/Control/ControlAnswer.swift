internal import FileAccess
internal import FileTailing
internal import Primitives
internal import SystemPackage

/// What the pipeline answers; what can be worked out elsewhere is not worked out there.
enum ControlAnswer: Sendable {
    case files([FileDescription])
    /// For `explain`: what is followed, and what is known of the path.
    case known([TailSource], [FileDescription])
    case sought([Sought])
    case reloaded(ReloadPlan)
    case status(AgentStatus)
    case failed(String)

    /// A line each.
    func json(_ request: ControlRequest, fileSystem: any FileSystem, now: Timestamp) throws(ControlError) -> [JSONValue]
    {
        switch self {
        case .files(let files):
            return files.sorted { $0.path.string < $1.path.string }.map { $0.json(now: now) }
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

extension FileDescription {
    func json(now: Timestamp) -> JSONValue {
        let lag = behindSince.map { max(0, now.milliseconds / 1000 - $0.seconds) } ?? 0
        return .object([
            "path": .string(path.string), "source": .string(source), "original_path": .string(originalPath.string),
            "id": .string("\(id)"), "device": .integer(Int64(truncatingIfNeeded: number.device)),
            "inode": .integer(Int64(truncatingIfNeeded: number.inode)), "size": .integer(size),
            "read": .integer(readPosition), "acknowledged": .integer(acknowledged),
            "lag_bytes": .integer(max(0, size - acknowledged)), "lag_seconds": .integer(lag),
            "compressed": .boolean(isCompressed), "open": .boolean(isOpen), "placement": .string("\(placement)"),
            "state": .string(state.text), "problem": problem.map { .string("\($0)") } ?? .null,
        ])
    }
}

extension FileDescription.State {
    var text: String {
        switch self {
        case .reading: "reading"
        case .upToDate: "up to date"
        case .waitsForNewline: "waits for the end of a line"
        case .waitsForEarlier: "waits for an earlier file of its path"
        case .failing: "cannot be read"
        case .done: "done"
        case .missing: "not to be found"
        case .waitsForAcknowledgement: "waits for acknowledgements"
        }
    }
}

private func explain(
    _ path: FilePath, _ sources: [TailSource], _ files: [FileDescription], _ fileSystem: any FileSystem, now: Timestamp
) -> JSONValue {
    let known = files.filter { $0.path == path || $0.originalPath == path }
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
    of path: FilePath, _ source: TailSource, _ pattern: GlobPattern, _ known: [FileDescription],
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
    let isKnown = known.contains { $0.source == source.name }
    if let limit = source.ignoreOlder, !isKnown {
        let age = now.milliseconds / 1000 - status.modified.seconds
        if age > limit.components.seconds {
            return ("include: \(pattern) would take it, but it was modified \(age) s ago, before ignore_older", false)
        }
    }
    if !isKnown, let file = known.first {
        return ("include: \(pattern) takes it; it is followed as \(file.path)", true)
    }
    var reason = "taken by include: \(pattern)" + (isKnown ? "" : ", and not found yet")
    if source.longLines == .truncate {
        reason += "; of lines longer than \(source.maximumLineBytes) bytes the beginning is sent (long.lines: truncate)"
    }
    return (reason, true)
}
