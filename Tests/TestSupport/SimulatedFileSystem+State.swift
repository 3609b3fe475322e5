internal import FileAccess
internal import Primitives
internal import SystemPackage

extension SimulatedFileSystem {
    /// Files and directories by number; 0 is the root.
    struct State: Sendable {
        struct Stop: Sendable {
            var number: Int
            var midway: Bool
            var random: SeededGenerator
        }

        struct FailureRule: Sendable {
            var failure: Failure
            var left: Int
            var matches: @Sendable (Operation) -> Bool
        }

        struct Stamps: Sendable {
            var born: Timestamp
            var modified: Timestamp
        }

        var files: [Int: SimulatedContent] = [:]
        var directories: [Int: SimulatedDirectory] = [0: SimulatedDirectory()]
        var links: [Int: FilePath] = [:]
        var stamps: [Int: Stamps] = [0: Stamps(born: .none, modified: .none)]
        var nextNumber = 1
        /// Names as `list` gives them, made once.
        var components: [String: FilePath.Component] = [:]
        /// How many open files there are of each, and which of them holds its lock.
        var openCounts: [Int: Int] = [:]
        var locks: [Int: ObjectIdentifier] = [:]

        /// Which life this is: raised by a restart.
        var generation = 0
        var operations: [Operation] = []
        var stop: Stop?
        var hasStopped = false
        var failures: [FailureRule] = []
        var capacity = Int64(1) << 40
        var usedBytes: Int64 = 0
        var time = Timestamp(milliseconds: 1_700_000_000_000)
    }
}

extension SimulatedFileSystem.State {
    typealias Operation = SimulatedFileSystem.Operation

    // MARK: Stopping and failing

    /// Does an operation that changes something, unless this is where to stop or to fail.
    ///
    /// - Parameters:
    ///   - torn: what happens of it where it is stopped midway; by default all of it.
    ///   - failed: what happens of it where it fails.
    mutating func perform(
        _ kind: Operation.Kind, _ path: FilePath, _ name: StaticString,
        torn: ((inout Self, inout SeededGenerator) throws(FileError) -> Void)? = nil,
        failed: ((inout Self, SimulatedFileSystem.Failure) throws(FileError) -> Void)? = nil,
        _ body: (inout Self) throws(FileError) -> Void
    ) throws(FileError) {
        if hasStopped { throw FileError(operation: name, path: path, errno: .ioError) }
        let operation = Operation(number: operations.count + 1, kind: kind, path: path)
        operations.append(operation)
        if var stop, stop.number == operation.number {
            hasStopped = true
            if stop.midway {
                if let torn { try torn(&self, &stop.random) } else { try body(&self) }
            }
            throw FileError(operation: name, path: path, errno: .ioError)
        }
        if let failure = failure(of: operation) {
            try failed?(&self, failure)
            throw FileError(operation: name, path: path, errno: failure.errno)
        }
        try body(&self)
    }

    private mutating func failure(of operation: Operation) -> SimulatedFileSystem.Failure? {
        for index in failures.indices where failures[index].left > 0 && failures[index].matches(operation) {
            failures[index].left -= 1
            return failures[index].failure
        }
        return nil
    }

    private func checkRunning(_ name: StaticString, _ path: FilePath) throws(FileError) {
        if hasStopped { throw FileError(operation: name, path: path, errno: .ioError) }
    }

    // MARK: Files

    mutating func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> Int {
        try checkRunning("open", path)
        let (parent, name, existing) = try place(path, "open", followingLast: true)
        if let existing {
            // As open(2): a directory may be opened only to read it.
            if directories[existing] != nil && mode != .read {
                throw FileError(operation: "open", path: path, errno: .isDirectory)
            }
            if mode == .replace {
                try perform(.empty, path, "open") { (state) throws(FileError) in
                    state.resize(existing, to: 0)
                }
            }
            openCounts[existing, default: 0] += 1
            return existing
        }
        guard mode == .create || mode == .replace, let name else {
            throw FileError(operation: "open", path: path, errno: .noSuchFileOrDirectory)
        }
        let number = nextNumber
        try perform(.create, path, "open") { (state) throws(FileError) in
            state.nextNumber += 1
            state.files[number] = SimulatedContent()
            state.stamps[number] = Stamps(born: state.time, modified: state.time)
            state.directories[parent]?.change(.put(name, number))
            state.openCounts[number, default: 0] += 1
        }
        return number
    }

    mutating func close(_ number: Int, generation: Int, holder: ObjectIdentifier) {
        guard generation == self.generation, let count = openCounts[number] else { return }
        if locks[number] == holder { locks[number] = nil }
        openCounts[number] = count > 1 ? count - 1 : nil
    }

    mutating func lock(_ number: Int, holder: ObjectIdentifier) -> Bool {
        if let owner = locks[number], owner != holder { return false }
        locks[number] = holder
        return true
    }

    mutating func read(
        _ number: Int, count: Int, at position: Int64, path: FilePath
    ) throws(FileError) -> ArraySlice<UInt8> {
        try checkRunning("pread", path)
        if let failure = failure(of: Operation(number: operations.count, kind: .read, path: path)) {
            throw FileError(operation: "pread", path: path, errno: failure.errno)
        }
        guard let bytes = files[number]?.bytes else {
            throw FileError(operation: "pread", path: path, errno: .isDirectory)
        }
        let start = min(Int(clamping: max(0, position)), bytes.count)
        return bytes[start..<min(bytes.count, start + count)]
    }

    mutating func write(_ number: Int, _ bytes: [UInt8], at position: Int64, path: FilePath) throws(FileError) {
        if bytes.isEmpty { return try checkRunning("pwrite", path) }
        try perform(
            .write, path, "pwrite",
            torn: { (state, random) throws(FileError) in
                state.put(number, Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))), at: position)
            },
            failed: { (state, failure) throws(FileError) in
                if case .partialWrite(let count, _) = failure {
                    state.put(number, Array(bytes.prefix(count)), at: position)
                }
            },
            { (state) throws(FileError) in
                let size = state.files[number]?.bytes.count ?? 0
                let room = max(0, state.capacity - state.usedBytes)
                // What lies in the file already takes no new room.
                let fitting = max(0, Int64(size) - position) + room
                if Int64(bytes.count) <= fitting { return state.put(number, bytes, at: position) }
                state.put(number, Array(bytes.prefix(Int(fitting))), at: position)
                throw FileError(operation: "pwrite", path: path, errno: .noSpace)
            })
    }

    private mutating func put(_ number: Int, _ bytes: [UInt8], at position: Int64) {
        if bytes.isEmpty { return }
        changeSize(number) { $0.change(.write(position: Int(position), bytes)) }
        stamps[number]?.modified = time
    }

    mutating func truncate(_ number: Int, to size: Int64, path: FilePath) throws(FileError) {
        try perform(.truncate, path, "ftruncate") { (state) throws(FileError) in state.resize(number, to: Int(size)) }
    }

    private mutating func resize(_ number: Int, to size: Int) {
        changeSize(number) { $0.change(.resize(size)) }
        stamps[number]?.modified = time
    }

    private mutating func changeSize(_ number: Int, _ change: (inout SimulatedContent) -> Void) {
        let before = files[number]?.bytes.count ?? 0
        if files[number] != nil { change(&files[number]!) }
        usedBytes += Int64((files[number]?.bytes.count ?? 0) - before)
    }

    mutating func synchronize(_ number: Int, path: FilePath) throws(FileError) {
        try perform(
            .synchronize, path, "fdatasync",
            failed: { (state, _) throws(FileError) in state.files[number]?.forgetPending() },
            { (state) throws(FileError) in state.files[number]?.synchronize() })
    }

    func nextData(_ number: Int, from position: Int64) -> Int64? {
        files[number]?.nextData(from: Int(position)).map { Int64($0) }
    }

    func status(of number: Int) throws(FileError) -> FileStatus {
        let stamp = stamps[number] ?? Stamps(born: time, modified: time)
        let kind: FileKind =
            directories[number] != nil ? .directory : links[number] != nil ? .symbolicLink : .regular
        let names = directories.values.reduce(0) { sum, directory in
            sum + directory.entries.values.reduce(0) { $0 + ($1 == number ? 1 : 0) }
        }
        return FileStatus(
            kind: kind, number: FileNumber(device: 1, inode: UInt64(number)),
            size: Int64(files[number]?.bytes.count ?? 0), allocated: Int64(files[number]?.allocated ?? 0),
            modified: FileTime(stamp.modified), born: FileTime(stamp.born), links: UInt64(names))
    }
}

extension SimulatedFileSystem.Failure {
    var errno: Errno {
        switch self {
        case .error(let errno), .partialWrite(_, let errno): errno
        }
    }
}

extension FileTime {
    init(_ time: Timestamp) {
        self.init(seconds: time.milliseconds / 1000, nanoseconds: time.milliseconds % 1000 * 1_000_000)
    }
}
