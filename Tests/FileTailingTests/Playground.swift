import FileAccess
import FileTailing
import Glibc
import Primitives
import Synchronization
import SystemPackage
import Testing

/// A time of day that stands still until it is told to move on.
final class StillClock: WallClock {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp = SystemWallClock().now()) { time = Mutex(start) }

    func now() -> Timestamp { time.withLock { $0 } }
    func advance(_ seconds: Int64) { time.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + seconds * 1000) } }
}

/// Events as a test tells them.
final class ToldWatcher: DirectoryWatcher {
    let descriptor: CInt = -1
    var events: [WatchEvent] = []
    var failure: Errno?
    private(set) var watched: [FilePath] = []

    func watch(_ directory: FilePath) throws(FileError) -> WatchNumber {
        if let failure { throw FileError(operation: "watch", path: directory, errno: failure) }
        watched.append(directory)
        return WatchNumber(Int32(watched.count - 1))
    }

    func unwatch(_ watch: WatchNumber) {}

    func takeEvents(_ body: (WatchEvent) -> Void) throws(FileError) {
        let told = events
        events.removeAll()
        for event in told { body(event) }
    }

    func number(of directory: FilePath) -> WatchNumber {
        WatchNumber(Int32(watched.lastIndex(of: directory)!))
    }
}

struct Line: Equatable {
    var text: String
    var info: LineInfo
}

/// A directory of its own, a tailer on it, and what the tailer handed out.
final class Playground {
    let directory: FilePath
    let clock = StillClock()
    var fileSystem: any FileSystem = PosixFileSystem()
    var limits = TailLimits()
    var sources: [TailSource] = []
    var watcher: (any DirectoryWatcher)?
    private var made: Tailer?
    var saved: [TailedFileID: FileCheckpoint] = [:]
    var retired: [RetiredFile] = []
    var lines: [FilePath: [Line]] = [:]
    /// All lines of all files as they came.
    var order: [(id: TailedFileID, line: Line)] = []
    /// Where lines end, by file.
    var ends: [TailedFileID: Set<Int64>] = [:]
    /// Up to where files were acknowledged and stored so: that must never come again.
    var committed: [TailedFileID: Int64] = [:]
    var started: Set<String> = []

    init() {
        var template = Array("/tmp/tailing.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory") }
        directory = FilePath(platformString: made)
        limits.settleTime = .seconds(5)
    }

    deinit {
        made = nil
        _ = try? FilePathRemover.remove(directory)
    }

    var tailer: Tailer {
        if let made { return made }
        let new = Tailer(
            sources: sources, fileSystem: fileSystem, watcher: watcher, resuming: Array(saved.values),
            startedBefore: started, clock: clock, limits: limits)
        made = new
        return new
    }

    func source(
        _ include: String..., exclude: [String] = [], start: TailSource.Start = .beginning, maximum: Int = 1 << 20,
        long: TailSource.LongLines = .split, ignoreOlder: Duration? = nil
    ) {
        sources.append(
            TailSource(
                name: "s\(sources.count)", include: include.map { pattern("\(directory)/\($0)") },
                exclude: exclude.map(pattern), start: start, maximumLineBytes: maximum, longLines: long,
                ignoreOlder: ignoreOlder))
    }

    func path(_ name: String) -> FilePath { directory.appending(FilePath(name).components) }

    // MARK: Files

    func append(_ name: String, _ text: String) { append(path(name), Array(text.utf8)) }

    func append(_ path: FilePath, _ bytes: [UInt8]) { Self.write(path, bytes) }

    /// At the end of the file.
    static func write(_ path: FilePath, _ bytes: [UInt8]) {
        let descriptor = path.withPlatformString { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
        precondition(descriptor >= 0, "cannot open \(path)")
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
    }

    func move(_ from: String, _ to: String) {
        precondition(rename(path(from).string, path(to).string) == 0, "cannot move \(from)")
    }

    /// The birth time of a file that is made now.
    func birth() -> FileTime? {
        append("tick", "")
        defer { delete("tick") }
        return try? PosixFileSystem().status(of: path("tick"), followingLinks: false).born
    }

    /// Until a file made now has another birth time than one made before.
    func pauseForClockTick() {
        let start = birth()
        while birth() == start {}
    }

    func delete(_ name: String) { precondition(unlink(path(name).string) == 0, "cannot delete \(name)") }
    func truncate(_ name: String, to size: Int = 0) { precondition(Glibc.truncate(path(name).string, size) == 0) }
    func makeDirectory(_ name: String) { try? PosixFileSystem().createDirectories(path(name)) }

    /// By gzip(1).
    func gzip(_ name: String, keep: Bool = false) {
        let arguments = ["gzip", keep ? "-kf" : "-f", path(name).string]
        var process: pid_t = 0
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        precondition(posix_spawnp(&process, "gzip", nil, nil, &pointers, environ) == 0, "no gzip")
        for pointer in pointers { free(pointer) }
        var status: CInt = 0
        precondition(waitpid(process, &status, 0) == process && status == 0, "gzip of \(name) failed")
    }

    func link(_ name: String, to target: String) { precondition(symlink(target, path(name).string) == 0) }

    // MARK: Tailing

    /// Looks everywhere and reads all there is.
    func drain(limit: Int = 1 << 16, acknowledging: Bool = true, everything: Bool = true) {
        tailer.reconcile(everything: everything)
        var turns = 0
        while let id = tailer.nextReadable() {
            _ = read(id, limit: limit)
            turns += 1
            precondition(turns < 100_000, "a file is readable for ever")
        }
        if acknowledging { acknowledge() }
        store()
    }

    func read(_ id: TailedFileID, limit: Int) -> ReadOutcome {
        guard let key = tailer.originalPath(of: id) else { return tailer.read(id, limit: limit) { _, _ in true } }
        return tailer.read(id, limit: limit) { bytes, info in
            let text = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            lines[key, default: []].append(Line(text: text, info: info))
            if info.start < committed[id, default: 0] { Issue.record("acknowledged at \(info.start), and read again") }
            ends[id, default: []].insert(info.end)
            order.append((id, Line(text: text, info: info)))
            return true
        }
    }

    func acknowledge() {
        for file in tailer.snapshot() { tailer.acknowledge(file.id, upTo: file.readPosition) }
    }

    /// As the agent's journal.
    func store() {
        for checkpoint in tailer.takeChangedCheckpoints() {
            let encoded = checkpoint.encoded()
            let decoded = try? FileCheckpoint(decoding: encoded.span.bytes)
            #expect(decoded == checkpoint)
            saved[checkpoint.id] = decoded
            committed[checkpoint.id] = checkpoint.position
        }
        for file in tailer.takeRetired() {
            saved[file.id] = nil
            retired.append(file)
        }
    }

    /// As a kill: what was not stored is gone.
    func restart() {
        made = nil
        started = Set(sources.map(\.name))
        if watcher is InotifyWatcher { watcher = try? InotifyWatcher() }
    }

    func texts(_ name: String) -> [String] { lines[path(name), default: []].map(\.text) }

    func checkCounts(sourceLocation: SourceLocation = #_sourceLocation) {
        let counters = tailer.counters
        #expect(
            counters.bytesRead == counters.lineBytes + counters.bytesCut + counters.nulBytesSkipped,
            sourceLocation: sourceLocation)
    }
}

func pattern(_ text: String) -> GlobPattern {
    do { return try GlobPattern(text) } catch { preconditionFailure("\(error)") }
}

enum FilePathRemover {
    static func remove(_ path: FilePath) throws(FileError) {
        let files = PosixFileSystem()
        for entry in try files.list(path) {
            let path = path.appending(entry.name)
            if entry.kind == .directory { try remove(path) } else { try files.remove(path) }
        }
        try files.removeDirectory(path)
    }
}
