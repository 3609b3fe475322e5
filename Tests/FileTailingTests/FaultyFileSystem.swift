import FileAccess
import Synchronization
import SystemPackage
import TestSupport

/// The real file system with some failures and without some abilities.
final class FaultyFileSystem: ForwardingFileSystem {
    let base: any FileSystem = PosixFileSystem()
    private let birthTimes: Bool
    private let failures = Mutex<[FilePath: Errno]>([:])
    private let counts = Mutex<[String: Int]>([:])
    private let actions = Mutex<[Int: @Sendable () -> Void]>([:])
    private let plans = Mutex<[String: [(from: FilePath, to: FilePath)]]>([:])

    init(birthTimes: Bool = true) { self.birthTimes = birthTimes }

    func fail(_ path: FilePath, _ errno: Errno?) { failures.withLock { $0[path] = errno } }
    func calls(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }
    /// Of all kinds.
    var calls: Int { counts.withLock { $0.values.reduce(0, +) } }
    func resetCalls() { counts.withLock { $0.removeAll() } }

    /// Renames files, those of them that are there, at a certain call: before a `.gz` file is opened ("open.gz"), or
    /// after a directory is listed ("list").
    func rename(at call: String, _ count: Int, _ names: [(from: FilePath, to: FilePath)]) {
        plans.withLock { $0["\(call) \(count)"] = names }
    }

    /// Does something before a certain call, of whatever kind.
    func act(at call: Int, _ action: @escaping @Sendable () -> Void) { actions.withLock { $0[call] = action } }

    fileprivate func count(_ name: String) {
        counts.withLock { $0[name, default: 0] += 1 }
        let action = actions.withLock { actions -> (@Sendable () -> Void)? in
            actions.removeValue(forKey: calls)
        }
        action?()
    }

    private func carryOut(_ call: String) {
        let names = plans.withLock { $0.removeValue(forKey: "\(call) \(calls(call))") } ?? []
        for (from, to) in names { try? base.rename(from, to: to) }
    }

    fileprivate func check(_ path: FilePath) throws(FileError) {
        if let errno = failures.withLock({ $0[path] ?? $0["*"] }) {
            throw FileError(operation: "open", path: path, errno: errno)
        }
    }

    fileprivate func strip(_ status: FileStatus) -> FileStatus {
        var status = status
        if !birthTimes { status.born = nil }
        return status
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        count("open")
        if path.extension == "gz" {
            count("open.gz")
            carryOut("open.gz")
        }
        try check(path)
        return FaultyFile(try base.open(path, mode), path: path, system: self)
    }

    func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry] {
        count("list")
        try check(directory)
        let entries = try base.list(directory)
        carryOut("list")
        return entries
    }

    func status(of path: FilePath, followingLinks: Bool) throws(FileError) -> FileStatus {
        count("status")
        return strip(try base.status(of: path, followingLinks: followingLinks))
    }
}

final class FaultyFile: ForwardingFile {
    let base: any OpenFile
    private let path: FilePath
    private let system: FaultyFileSystem

    init(_ base: any OpenFile, path: FilePath, system: FaultyFileSystem) {
        self.base = base
        self.path = path
        self.system = system
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        system.count("read")
        try system.check(path)
        return try base.read(into: bytes, at: position)
    }

    func status() throws(FileError) -> FileStatus {
        system.count("status")
        return system.strip(try base.status())
    }
}
