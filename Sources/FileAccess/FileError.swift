package import SystemPackage

/// A file system call that failed: which, on what, and the system's reason.
package struct FileError: Error, Sendable, CustomStringConvertible {
    /// The system call, as its man page is named.
    package var operation: StaticString
    package var path: FilePath
    package var errno: Errno

    package init(operation: StaticString, path: FilePath, errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var isNotFound: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

    /// Nothing failed: it cannot be had without waiting for the disk.
    package var needsWaiting: Bool { errno == .resourceTemporarilyUnavailable }

    /// The disk, or the user's share of it, is full: it may heal.
    package var isOutOfSpace: Bool { errno == .noSpace || errno.rawValue == quotaExceeded }

    package var description: String { "\(path): \(operation): \(errno)" }
}

/// EDQUOT on Linux.
private let quotaExceeded: CInt = 122
