package import FileAccess
internal import Synchronization
package import SystemPackage

/// The real file system with exceptions: files that hold something else, fail, or file systems of a stated size.
package final class FixtureFileSystem: ForwardingFileSystem {
    package enum Exception: Sendable {
        case content([UInt8])
        case failure(Errno)
    }

    private struct State {
        var exceptions: [FilePath: Exception] = [:]
        var spaces: [FilePath: FileSystemSpace] = [:]
        var read: Set<FilePath> = []
    }

    package let base: any FileSystem = PosixFileSystem()
    private let state = Mutex(State())
    private let beforeSpace: @Sendable (FilePath) -> Void

    /// - Parameter beforeSpace: called before each question for space, on the asker's thread; it may block.
    package init(beforeSpace: @escaping @Sendable (FilePath) -> Void = { _ in }) { self.beforeSpace = beforeSpace }

    package func set(_ path: FilePath, to exception: Exception?) {
        state.withLock { $0.exceptions[path] = exception }
    }

    package func set(spaceAt path: FilePath, to space: FileSystemSpace) {
        state.withLock { $0.spaces[path] = space }
    }

    /// The files that were opened so far.
    package var filesRead: Set<FilePath> { state.withLock { $0.read } }

    package func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let exception = state.withLock { state in
            state.read.insert(path)
            return state.exceptions[path]
        }
        switch exception {
        case .content(let bytes): return MemoryFile(bytes)
        case .failure(let errno): throw FileError(operation: "open", path: path, errno: errno)
        case nil: return try base.open(path, mode)
        }
    }

    package func space(at path: FilePath) throws(FileError) -> FileSystemSpace {
        beforeSpace(path)
        if let space = state.withLock({ $0.spaces[path] }) { return space }
        throw FileError(operation: "statvfs", path: path, errno: .noSuchFileOrDirectory)
    }

    package func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry] {
        if case .failure(let errno) = state.withLock({ $0.exceptions[directory] }) {
            throw FileError(operation: "opendir", path: directory, errno: errno)
        }
        return try base.list(directory)
    }

    package func createDirectories(_ path: FilePath) throws(FileError) { throw readOnly(path) }
    package func rename(_ from: FilePath, to: FilePath) throws(FileError) { throw readOnly(from) }
    package func remove(_ path: FilePath) throws(FileError) { throw readOnly(path) }
    package func removeDirectory(_ path: FilePath) throws(FileError) { throw readOnly(path) }
    package func synchronizeDirectory(_ path: FilePath) throws(FileError) { throw readOnly(path) }

    private func readOnly(_ path: FilePath) -> FileError {
        FileError(operation: "write", path: path, errno: .readOnlyFileSystem)
    }
}

/// Bytes that can be read like a file.
private final class MemoryFile: OpenFile {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into target: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        let part = bytes.dropFirst(Int(position)).prefix(target.count)
        target.copyBytes(from: part)
        return part.count
    }

    func write(_ bytes: RawSpan, at position: Int64) throws(FileError) { throw readOnly }
    func write(_ head: RawSpan, _ tail: RawSpan, at position: Int64) throws(FileError) { throw readOnly }
    func synchronizeData() throws(FileError) { throw readOnly }
    func truncate(to size: Int64) throws(FileError) { throw readOnly }
    func reserve(_ size: Int64) throws(FileError) { throw readOnly }
    func nextData(from position: Int64) throws(FileError) -> Int64? { position }
    func setModified(_ time: FileTime) throws(FileError) {}

    func tryLock() throws(FileError) -> Bool { true }

    func status() throws(FileError) -> FileStatus {
        FileStatus(
            kind: .regular, number: FileNumber(device: 0, inode: 0), size: Int64(bytes.count), allocated: 0,
            modified: FileTime(seconds: 0, nanoseconds: 0), born: nil, links: 1)
    }

    private var readOnly: FileError { FileError(operation: "write", path: "memory", errno: .readOnlyFileSystem) }
}
