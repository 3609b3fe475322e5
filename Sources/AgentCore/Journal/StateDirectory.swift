internal import FileAccess
internal import SystemPackage

/// What tells whether a state directory is the one that it was: a copy of it has another inode or another birth, and a
/// clone of the whole machine usually another machine id (machine-id(5)). The device is no evidence: it may change with a
/// reboot or a new mount.
struct StateAnchor: Hashable, Sendable {
    var inode: UInt64
    /// nil on file systems that do not keep it.
    var born: FileTime?
    /// nil where the machine has none, as in many containers.
    var machine: String?

    /// Whether nothing contradicts that both are the same.
    func agrees(with other: StateAnchor) -> Bool {
        inode == other.inode && (born == nil || other.born == nil || born == other.born)
            && (machine == nil || other.machine == nil || machine == other.machine)
    }
}

/// The agent's state directory, locked for one process.
struct StateDirectory: Sendable {
    let path: FilePath
    let anchor: StateAnchor
    /// Held as long as this is: the lock file is made once, and never replaced or written to.
    private let lock: any OpenFile

    /// Makes the directory where it is missing, durably.
    ///
    /// - Throws: also where another agent uses the directory.
    init(_ path: FilePath, fileSystem: any FileSystem) throws {
        self.path = path
        try Self.create(path, fileSystem)
        lock = try fileSystem.open(path.appending(".lock"), .create)
        guard try lock.tryLock() else { throw AgentError("\(path) is in use by another agent") }
        try fileSystem.synchronizeDirectory(path)
        let status = try lock.status()
        anchor = StateAnchor(inode: status.number.inode, born: status.born, machine: Self.machineID(fileSystem))
    }

    /// Whether this process still has the directory: its lock file is the one that bears the name.
    ///
    /// - Throws: where that cannot be told just now.
    func isInPlace(_ fileSystem: any FileSystem) throws(FileError) -> Bool {
        let own = try lock.status().number
        do throws(FileError) {
            return try fileSystem.status(of: path.appending(".lock"), followingLinks: true).number == own
        } catch {
            if error.isNotFound || error.errno == .notDirectory { return false }
            throw error
        }
    }

    private static func create(_ path: FilePath, _ fileSystem: any FileSystem) throws(FileError) {
        var missing: [FilePath] = []
        var ancestor = path
        while !(try fileSystem.exists(ancestor)), !ancestor.isEmpty {
            missing.append(ancestor)
            let parent = ancestor.removingLastComponent()
            if parent == ancestor { break }
            ancestor = parent
        }
        if missing.isEmpty { return }
        try fileSystem.createDirectories(path)
        // A parent that may not be opened for reading cannot be synced; the kernel does so within seconds.
        for made in missing { try? fileSystem.synchronizeDirectory(made.removingLastComponent()) }
    }

    private static func machineID(_ fileSystem: any FileSystem) -> String? {
        guard let bytes = try? fileSystem.readWhole("/etc/machine-id", limit: 64) else { return nil }
        let text = String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        return text.isEmpty || text == "uninitialized" ? nil : text
    }
}
