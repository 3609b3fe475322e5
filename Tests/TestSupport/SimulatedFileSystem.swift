package import FileAccess
package import Primitives
internal import Synchronization
package import SystemPackage

/// A file system in memory that loses what a real one may lose.
///
/// It keeps apart what the kernel has and what the disk has. What the disk is sure to have:
///
/// - of a file's bytes: what was written before the last `synchronizeData` that succeeded;
/// - of a directory's names: what was there at its last `synchronizeDirectory`.
///
/// Everything that changes something is an operation with a number, from 1. A test has it stop at one of them: from
/// then on every call fails, until `restart` brings the file system back as a crash leaves it. After a `kill` all that
/// the kernel had is there; after a `powerLoss` what was not synced is there, gone, torn or out of order, as a seed
/// decides. Open files from before a restart fail for ever.
///
/// After a failed `synchronizeData` the bytes it was about are still read, but will never reach the disk, whatever a
/// later call says: so does Linux.
package final class SimulatedFileSystem: FileSystem {
    package enum Crash: Sendable, CaseIterable {
        /// The process ends; the machine runs on.
        case kill
        /// The machine ends.
        case powerLoss
    }

    package struct Operation: Sendable, CustomStringConvertible {
        package enum Kind: Sendable {
            case create, empty, write, truncate, synchronize, reserve, rename, remove, removeDirectory,
                createDirectory, synchronizeDirectory
            /// Changes nothing and has no number of its own; asked about only for failures.
            case read
        }

        package var number: Int
        package var kind: Kind
        package var path: FilePath

        package var description: String { "\(number): \(kind) \(path)" }
    }

    package enum Failure: Sendable {
        case error(Errno)
        /// Of a write, some bytes get through before the error.
        case partialWrite(bytes: Int, then: Errno)
    }

    let state: Mutex<State>

    package init() {
        state = Mutex(State())
    }

    // MARK: What a test does

    /// How many operations there were.
    package var operationCount: Int { state.withLock { $0.operations.count } }

    /// All operations so far.
    package var operations: [Operation] { state.withLock { $0.operations } }

    /// Whether it stopped and was not restarted.
    package var hasStopped: Bool { state.withLock { $0.hasStopped } }

    /// Stops at an operation: before it has any effect, or midway. Midway a write is torn at a byte that `seed` decides,
    /// and anything else is done but not answered.
    package func stop(atOperation number: Int, midway: Bool = false, seed: UInt64 = 0) {
        state.withLock { $0.stop = State.Stop(number: number, midway: midway, random: SeededGenerator(seed: seed)) }
    }

    /// Ends the machine's or the process's life, where `stop` has not done so, and begins the next.
    package func restart(after crash: Crash, seed: UInt64 = 0) {
        state.withLock { $0.restart(after: crash, seed: seed) }
    }

    /// Has operations fail: the first `times` of those for which `matches` says yes.
    package func fail(
        _ failure: Failure, times: Int = 1, where matches: @escaping @Sendable (Operation) -> Bool
    ) {
        state.withLock { $0.failures.append(State.FailureRule(failure: failure, left: times, matches: matches)) }
    }

    package func failNoMore() {
        state.withLock { $0.failures = [] }
    }

    /// How many bytes of file content fit; what goes beyond is refused with ENOSPC.
    package var capacity: Int64 {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    /// The time that files are stamped with.
    package var time: Timestamp {
        get { state.withLock { $0.time } }
        set { state.withLock { $0.time = newValue } }
    }

    package func createSymbolicLink(_ path: FilePath, to target: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.createLink(path, to: target) }
    }

    // MARK: FileSystem

    package func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let (number, generation) = try locked { (state) throws(FileError) in
            (try state.open(path, mode), state.generation)
        }
        return SimulatedFile(fileSystem: self, number: number, generation: generation, path: path)
    }

    package func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry] {
        try locked { (state) throws(FileError) in try state.list(directory) }
    }

    package func status(of path: FilePath, followingLinks: Bool) throws(FileError) -> FileStatus {
        try locked { (state) throws(FileError) in
            try state.status(of: try state.find(path, "statx", followingLast: followingLinks))
        }
    }

    package func createDirectories(_ path: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.createDirectories(path) }
    }

    package func rename(_ from: FilePath, to: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.rename(from, to: to) }
    }

    package func remove(_ path: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.remove(path) }
    }

    package func removeDirectory(_ path: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.removeDirectory(path) }
    }

    package func synchronizeDirectory(_ path: FilePath) throws(FileError) {
        try locked { (state) throws(FileError) in try state.synchronizeDirectory(path) }
    }

    package func resolve(_ path: FilePath) throws(FileError) -> FilePath {
        try locked { (state) throws(FileError) in try state.resolve(path) }
    }

    package func space(at path: FilePath) throws(FileError) -> FileSystemSpace {
        try locked { (state) throws(FileError) in
            _ = try state.find(path, "statvfs", followingLast: true)
            let free = UInt64(max(0, state.capacity - state.usedBytes))
            return FileSystemSpace(
                capacity: UInt64(state.capacity), available: free, free: free, inodes: 1 << 20, freeInodes: 1 << 19)
        }
    }

    func locked<Result>(_ body: (inout State) throws(FileError) -> Result) throws(FileError) -> Result {
        let result = state.withLock { state in
            do throws(FileError) {
                return Swift.Result<Result, FileError>.success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// An open file of the simulated file system.
final class SimulatedFile: OpenFile {
    private let fileSystem: SimulatedFileSystem
    private let number: Int
    private let generation: Int
    private let path: FilePath

    init(fileSystem: SimulatedFileSystem, number: Int, generation: Int, path: FilePath) {
        self.fileSystem = fileSystem
        self.number = number
        self.generation = generation
        self.path = path
    }

    deinit {
        let me = ObjectIdentifier(self)
        fileSystem.state.withLock { $0.close(number, generation: generation, holder: me) }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        // The pointer does not leave this call; the lock's closure only cannot know that.
        let part = try perform("pread") { (state) throws(FileError) in
            try state.read(number, count: bytes.count, at: position, path: path)
        }
        part.withUnsafeBytes { bytes.copyMemory(from: $0) }
        return part.count
    }

    func write(_ bytes: RawSpan, at position: Int64) throws(FileError) {
        let copy = Array(bytes)
        try perform("pwrite") { (state) throws(FileError) in
            try state.write(number, copy, at: position, path: path)
        }
    }

    func write(_ head: RawSpan, _ tail: RawSpan, at position: Int64) throws(FileError) {
        let copy = Array(head) + Array(tail)
        try perform("pwritev") { (state) throws(FileError) in
            try state.write(number, copy, at: position, path: path)
        }
    }

    func synchronizeData() throws(FileError) {
        try perform("fdatasync") { (state) throws(FileError) in try state.synchronize(number, path: path) }
    }

    func truncate(to size: Int64) throws(FileError) {
        try perform("ftruncate") { (state) throws(FileError) in try state.truncate(number, to: size, path: path) }
    }

    func reserve(_ size: Int64) throws(FileError) {
        try perform("fallocate") { (state) throws(FileError) in
            try state.perform(.reserve, path, "fallocate") { _ in }
        }
    }

    func nextData(from position: Int64) throws(FileError) -> Int64? {
        try perform("lseek") { (state) throws(FileError) in state.nextData(number, from: position) }
    }

    func status() throws(FileError) -> FileStatus {
        try perform("statx") { (state) throws(FileError) in try state.status(of: number) }
    }

    func setModified(_ time: FileTime) throws(FileError) {
        try perform("futimens") { (state) throws(FileError) in
            state.stamps[number]?.modified = Timestamp(
                milliseconds: time.seconds * 1000 + time.nanoseconds / 1_000_000)
        }
    }

    func tryLock() throws(FileError) -> Bool {
        let me = ObjectIdentifier(self)
        return try perform("flock") { (state) throws(FileError) in state.lock(number, holder: me) }
    }

    private func perform<Result>(
        _ name: StaticString, _ body: (inout SimulatedFileSystem.State) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        try fileSystem.locked { (state) throws(FileError) in
            guard state.generation == generation else {
                throw FileError(operation: name, path: path, errno: .badFileDescriptor)
            }
            return try body(&state)
        }
    }
}
