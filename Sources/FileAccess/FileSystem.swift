// FileAccess: every file system call of the project, behind two protocols, so that a test can put a simulated disk in
// place of the real one.
//
// It promises that a call either did what it says or threw a `FileError` that names the operation, the path and the
// errno; interrupted calls (EINTR) are repeated, short reads and writes are completed. It does no buffering, starts no
// threads, and every call may block: never call it from a cooperative thread or an event loop.

package import SystemPackage

/// A file system.
package protocol FileSystem: Sendable {
    /// Opens a file.
    func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile

    /// The entries of a directory, without "." and "..", in no particular order.
    func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry]

    /// What is known about a path.
    ///
    /// - Parameter followingLinks: whether a symbolic link's target is meant instead of the link.
    func status(of path: FilePath, followingLinks: Bool) throws(FileError) -> FileStatus

    /// Creates a directory and those above it that are missing. What is there already is no error.
    func createDirectories(_ path: FilePath) throws(FileError)

    /// Renames, replacing what bears the new name (rename(2)). Durable after `synchronizeDirectory` of both parents.
    func rename(_ from: FilePath, to: FilePath) throws(FileError)

    /// Removes a file. Durable after `synchronizeDirectory` of its parent.
    func remove(_ path: FilePath) throws(FileError)

    /// Removes an empty directory.
    func removeDirectory(_ path: FilePath) throws(FileError)

    /// Makes the directory's entries durable (fsync(2) on the directory).
    func synchronizeDirectory(_ path: FilePath) throws(FileError)

    /// The path with every symbolic link resolved (realpath(3)).
    func resolve(_ path: FilePath) throws(FileError) -> FilePath

    /// Capacity and free bytes of the file system that holds `path` (statvfs(3)).
    func space(at path: FilePath) throws(FileError) -> FileSystemSpace
}

/// What can be read of an open file.
package protocol ReadableFile: AnyObject, Sendable {
    /// Reads into `bytes` from `position`.
    ///
    /// - Returns: how many bytes were read; fewer than asked for only at the end of the file.
    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int

    func status() throws(FileError) -> FileStatus

    /// The same file as far as it is in memory: its reads throw what `needsWaiting` says where they would have to wait
    /// for the disk.
    var resident: any ReadableFile { get }
}

/// An open file. It is closed when the last reference goes: a reader in flight keeps it readable even after the file
/// was removed.
package protocol OpenFile: ReadableFile {
    /// As `read`, where everything that is asked for is in memory already (preadv2(2), RWF_NOWAIT).
    ///
    /// - Throws: what `needsWaiting` says, where the disk would have to be waited for, or where the file system cannot
    ///   tell; what `bytes` holds then is undefined.
    func readResident(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int

    /// Writes all of `bytes` at `position`. Durable after `synchronizeData`.
    ///
    /// After an error some of the bytes may have been written.
    func write(_ bytes: RawSpan, at position: Int64) throws(FileError)

    /// Writes `head` and right behind it `tail`, in one system call where the kernel takes it in one.
    func write(_ head: RawSpan, _ tail: RawSpan, at position: Int64) throws(FileError)

    /// Makes what was written durable, with the metadata needed to read it back (fdatasync(2)).
    ///
    /// An error is final for what was written since the last success: the kernel may have dropped it, and a second
    /// call that succeeds proves nothing.
    func synchronizeData() throws(FileError)

    /// Cuts or extends the file to `size` bytes.
    func truncate(to size: Int64) throws(FileError)

    /// Reserves disk blocks up to `size` bytes without changing the file's length (fallocate(2), KEEP_SIZE). A file
    /// system that cannot do so is no error.
    func reserve(_ size: Int64) throws(FileError)

    /// Where data begins at or after `position`, past a hole (lseek(2), SEEK_DATA); nil where only a hole follows.
    /// A file system that does not know holes answers `position`.
    func nextData(from position: Int64) throws(FileError) -> Int64?

    /// Sets when the file was modified last (futimens(2)): of a file that is written anew with an old one's content.
    func setModified(_ time: FileTime) throws(FileError)

    /// Takes an exclusive lock that lasts as long as this open file (flock(2)).
    ///
    /// - Returns: false where another holds it.
    func tryLock() throws(FileError) -> Bool
}

package enum OpenMode: Sendable {
    /// An existing file, to read. Never blocks on a FIFO.
    case read
    /// An existing file, to read and write.
    case update
    /// To read and write; created (mode 0640) where missing.
    case create
    /// As `create`, emptied first.
    case replace
}

package enum FileKind: Sendable {
    case regular, directory, symbolicLink, other
}

package struct DirectoryEntry: Sendable {
    package var name: FilePath.Component
    /// nil where the file system does not tell without a look at the file.
    package var kind: FileKind?
    /// Tells one listing from another; it need not be what `status` says, as with overlays and mount points.
    package var inode: UInt64

    package init(name: FilePath.Component, kind: FileKind?, inode: UInt64) {
        self.name = name
        self.kind = kind
        self.inode = inode
    }
}

/// Device and inode: which file it is, as long as it exists.
package struct FileNumber: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

package struct FileStatus: Sendable {
    package var kind: FileKind
    package var number: FileNumber
    package var size: Int64
    /// Bytes of disk blocks in use.
    package var allocated: Int64
    package var modified: FileTime
    /// When the file was created, where the file system keeps it (statx(2), STATX_BTIME).
    package var born: FileTime?
    /// How many names the file has; 0 for one that is open and deleted.
    package var links: UInt64

    package init(
        kind: FileKind, number: FileNumber, size: Int64, allocated: Int64, modified: FileTime, born: FileTime?,
        links: UInt64
    ) {
        self.kind = kind
        self.number = number
        self.size = size
        self.allocated = allocated
        self.modified = modified
        self.born = born
        self.links = links
    }
}

/// A file system's time stamp: seconds since 1970 and nanoseconds.
package struct FileTime: Hashable, Comparable, Sendable {
    package var seconds: Int64
    package var nanoseconds: Int64

    package init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (left: FileTime, right: FileTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

package struct FileSystemSpace: Sendable {
    package var capacity: UInt64
    /// Free for everyone, root or not.
    package var available: UInt64
    package var free: UInt64
    package var inodes: UInt64
    package var freeInodes: UInt64

    package init(capacity: UInt64, available: UInt64, free: UInt64, inodes: UInt64, freeInodes: UInt64) {
        self.capacity = capacity
        self.available = available
        self.free = free
        self.inodes = inodes
        self.freeInodes = freeInodes
    }
}
