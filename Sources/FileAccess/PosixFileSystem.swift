internal import CLinux
internal import Glibc
package import SystemPackage

/// The operating system's own file systems.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let flags: CInt
        switch mode {
        case .read: flags = O_RDONLY | O_NONBLOCK
        case .update: flags = O_RDWR
        case .create: flags = O_RDWR | O_CREAT
        case .replace: flags = O_RDWR | O_CREAT | O_TRUNC
        }
        let descriptor = try call("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, flags | O_CLOEXEC, 0o640) }
        }
        return PosixFile(descriptor: descriptor, path: path)
    }

    package func list(_ directory: FilePath) throws(FileError) -> [DirectoryEntry] {
        guard let stream = unsafe directory.withPlatformString({ unsafe opendir($0) }) else {
            throw FileError(operation: "opendir", path: directory, errno: .current)
        }
        defer { unsafe closedir(stream) }
        var entries: [DirectoryEntry] = []
        while true {
            Glibc.errno = 0
            guard let entry = unsafe readdir(stream) else {
                if Glibc.errno == 0 { return entries }
                throw FileError(operation: "readdir", path: directory, errno: .current)
            }
            let kind: FileKind? =
                switch unsafe Int(entry.pointee.d_type) {
                case Int(DT_REG): .regular
                case Int(DT_DIR): .directory
                case Int(DT_LNK): .symbolicLink
                case Int(DT_UNKNOWN): nil
                default: .other
                }
            let inode = unsafe entry.pointee.d_ino
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: 256) {
                    unsafe FilePath.Component(platformString: $0)
                }
            }
            // "." and ".." are components of another kind; an empty name cannot be.
            if let name, name.kind == .regular {
                entries.append(DirectoryEntry(name: name, kind: kind, inode: UInt64(inode)))
            }
        }
    }

    package func status(of path: FilePath, followingLinks: Bool) throws(FileError) -> FileStatus {
        var found = tributary_file_status()
        try call("statx", path) {
            unsafe path.withPlatformString { unsafe tributary_status($0, followingLinks, &found) }
        }
        return FileStatus(found)
    }

    package func createDirectories(_ path: FilePath) throws(FileError) {
        if unsafe path.withPlatformString({ unsafe mkdir($0, 0o750) }) == 0 { return }
        let failure = Errno.current
        switch failure {
        case .fileExists:
            if try status(of: path, followingLinks: true).kind == .directory { return }
        case .noSuchFileOrDirectory:
            let parent = path.removingLastComponent()
            if parent.isEmpty || parent == path { break }
            try createDirectories(parent)
            // Not once more from the top: where nothing can be made, as in /proc, that would never end.
            if unsafe path.withPlatformString({ unsafe mkdir($0, 0o750) }) == 0 { return }
            guard Errno.current == .fileExists else { break }
            return try createDirectories(path)
        default: break
        }
        throw FileError(operation: "mkdir", path: path, errno: failure)
    }

    package func rename(_ from: FilePath, to: FilePath) throws(FileError) {
        try call("rename", from) {
            unsafe from.withPlatformString { old in
                unsafe to.withPlatformString { unsafe Glibc.rename(old, $0) }
            }
        }
    }

    package func remove(_ path: FilePath) throws(FileError) {
        try call("unlink", path) { unsafe path.withPlatformString { unsafe unlink($0) } }
    }

    package func removeDirectory(_ path: FilePath) throws(FileError) {
        try call("rmdir", path) { unsafe path.withPlatformString { unsafe rmdir($0) } }
    }

    package func synchronizeDirectory(_ path: FilePath) throws(FileError) {
        let descriptor = try call("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        }
        defer { close(descriptor) }
        try call("fsync", path) { fsync(descriptor) }
    }

    package func resolve(_ path: FilePath) throws(FileError) -> FilePath {
        guard let resolved = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else {
            throw FileError(operation: "realpath", path: path, errno: .current)
        }
        defer { unsafe free(resolved) }
        return unsafe FilePath(platformString: resolved)
    }

    package func space(at path: FilePath) throws(FileError) -> FileSystemSpace {
        var found = statvfs()
        try call("statvfs", path) { unsafe path.withPlatformString { unsafe statvfs($0, &found) } }
        let block = UInt64(found.f_frsize)
        return FileSystemSpace(
            capacity: UInt64(found.f_blocks) * block, available: UInt64(found.f_bavail) * block,
            free: UInt64(found.f_bfree) * block, inodes: UInt64(found.f_files), freeInodes: UInt64(found.f_ffree))
    }
}

/// Makes a call until it is not interrupted, and turns -1 into an error.
@discardableResult
func call<Result: SignedInteger>(
    _ operation: StaticString, _ path: @autoclosure () -> FilePath, _ body: () -> Result
) throws(FileError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let failure = Errno.current
        if failure != .interrupted { throw FileError(operation: operation, path: path(), errno: failure) }
    }
}

extension FileStatus {
    init(_ found: tributary_file_status) {
        let kind: FileKind =
            switch mode_t(found.mode) & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        self.init(
            kind: kind,
            number: FileNumber(
                device: UInt64(found.device_major) << 32 | UInt64(found.device_minor), inode: found.inode),
            size: Int64(clamping: found.size),
            allocated: Int64(clamping: found.blocks) * 512,
            modified: FileTime(seconds: found.modified_seconds, nanoseconds: Int64(found.modified_nanoseconds)),
            born: found.has_birth
                ? FileTime(seconds: found.birth_seconds, nanoseconds: Int64(found.birth_nanoseconds)) : nil,
            links: UInt64(found.links))
    }
}

extension Errno {
    static var current: Errno { Errno(rawValue: Glibc.errno) }
}
