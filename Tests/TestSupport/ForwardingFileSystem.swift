package import FileAccess
package import SystemPackage

/// A file system in front of another: it writes out the calls that it disturbs or counts, all others go through.
package protocol ForwardingFileSystem: FileSystem {
    var base: any FileSystem { get }
}

extension ForwardingFileSystem {
    package func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        try base.open(path, mode)
    }

    package func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry] { try base.list(directory) }

    package func status(of path: FilePath, followingLinks: Bool) throws(FileError) -> FileStatus {
        try base.status(of: path, followingLinks: followingLinks)
    }

    package func createDirectories(_ path: FilePath) throws(FileError) { try base.createDirectories(path) }
    package func rename(_ from: FilePath, to: FilePath) throws(FileError) { try base.rename(from, to: to) }
    package func remove(_ path: FilePath) throws(FileError) { try base.remove(path) }
    package func removeDirectory(_ path: FilePath) throws(FileError) { try base.removeDirectory(path) }
    package func synchronizeDirectory(_ path: FilePath) throws(FileError) { try base.synchronizeDirectory(path) }
    package func resolve(_ path: FilePath) throws(FileError) -> FilePath { try base.resolve(path) }
    package func space(at path: FilePath) throws(FileError) -> FileSystemSpace { try base.space(at: path) }
}

/// An open file in front of another, as `ForwardingFileSystem`.
package protocol ForwardingFile: OpenFile {
    var base: any OpenFile { get }
}

extension ForwardingFile {
    package func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try base.read(into: bytes, at: position)
    }

    package func readResident(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try base.readResident(into: bytes, at: position)
    }

    package func write(_ bytes: RawSpan, at position: Int64) throws(FileError) { try base.write(bytes, at: position) }

    package func write(_ head: RawSpan, _ tail: RawSpan, at position: Int64) throws(FileError) {
        try base.write(head, tail, at: position)
    }

    package func synchronizeData() throws(FileError) { try base.synchronizeData() }
    package func truncate(to size: Int64) throws(FileError) { try base.truncate(to: size) }
    package func reserve(_ size: Int64) throws(FileError) { try base.reserve(size) }
    package func nextData(from position: Int64) throws(FileError) -> Int64? { try base.nextData(from: position) }
    package func status() throws(FileError) -> FileStatus { try base.status() }
    package func setModified(_ time: FileTime) throws(FileError) { try base.setModified(time) }
    package func tryLock() throws(FileError) -> Bool { try base.tryLock() }
}
