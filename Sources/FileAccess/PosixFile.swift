internal import CLinux
internal import Glibc
internal import SystemPackage

/// A descriptor of the operating system, closed when the last reference goes.
package final class PosixFile: OpenFile {
    private let descriptor: CInt
    private let path: FilePath

    init(descriptor: CInt, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    package func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        var count = 0
        while count < bytes.count {
            let part = try call("pread", path) {
                unsafe pread(descriptor, bytes.baseAddress! + count, bytes.count - count, Int(position) + count)
            }
            if part == 0 { break }
            count += part
        }
        return count
    }

    package func readResident(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        var count = 0
        do throws(FileError) {
            // Less than asked for is either all there is, or all that is in memory: the next call tells.
            while count < bytes.count {
                let part = try call("preadv2", path) {
                    unsafe tributary_read_resident(
                        descriptor, bytes.baseAddress! + count, UInt64(bytes.count - count), position + Int64(count))
                }
                if part == 0 { break }
                count += Int(part)
            }
        } catch {
            // A file system without RWF_NOWAIT might wait in any read.
            guard error.errno == .notSupported || error.errno == .noFunction else { throw error }
            throw FileError(operation: "preadv2", path: path, errno: .resourceTemporarilyUnavailable)
        }
        return count
    }

    package func write(_ bytes: RawSpan, at position: Int64) throws(FileError) {
        try unsafe bytes.withUnsafeBytes { bytes throws(FileError) in
            try unsafe write(bytes, at: position)
        }
    }

    package func write(_ head: RawSpan, _ tail: RawSpan, at position: Int64) throws(FileError) {
        try unsafe head.withUnsafeBytes { head throws(FileError) in
            try unsafe tail.withUnsafeBytes { tail throws(FileError) in
                let parts = unsafe [
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.baseAddress), iov_len: tail.count),
                ]
                let written = try call("pwritev", path) { unsafe pwritev(descriptor, parts, 2, Int(position)) }
                if written < head.count {
                    try unsafe write(UnsafeRawBufferPointer(rebasing: head[written...]), at: position + Int64(written))
                }
                let tailWritten = max(0, written - head.count)
                if tailWritten < tail.count {
                    try unsafe write(
                        UnsafeRawBufferPointer(rebasing: tail[tailWritten...]),
                        at: position + Int64(head.count + tailWritten))
                }
            }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) {
        var count = 0
        while count < bytes.count {
            count += try call("pwrite", path) {
                unsafe pwrite(descriptor, bytes.baseAddress! + count, bytes.count - count, Int(position) + count)
            }
        }
    }

    package func synchronizeData() throws(FileError) {
        try call("fdatasync", path) { fdatasync(descriptor) }
    }

    package func truncate(to size: Int64) throws(FileError) {
        try call("ftruncate", path) { ftruncate(descriptor, Int(size)) }
    }

    package func reserve(_ size: Int64) throws(FileError) {
        do throws(FileError) {
            try call("fallocate", path) { tributary_reserve(descriptor, size) }
        } catch {
            if error.errno != .notSupported && error.errno != .noFunction { throw error }
        }
    }

    package func nextData(from position: Int64) throws(FileError) -> Int64? {
        do throws(FileError) {
            return try call("lseek", path) { tributary_seek_data(descriptor, position) }
        } catch {
            // Only a hole up to the end, or a file system that knows no holes.
            if error.errno == .noSuchAddressOrDevice { return nil }
            if error.errno == .invalidArgument { return position }
            throw error
        }
    }

    package func status() throws(FileError) -> FileStatus {
        var found = tributary_file_status()
        try call("statx", path) { unsafe tributary_descriptor_status(descriptor, &found) }
        return FileStatus(found)
    }

    package func setModified(_ time: FileTime) throws(FileError) {
        // The first is the time of the last access, which is left alone: UTIME_OMIT is no value that Swift imports.
        let times = [
            timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2),
            timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds)),
        ]
        try call("futimens", path) { unsafe futimens(descriptor, times) }
    }

    package func tryLock() throws(FileError) -> Bool {
        do throws(FileError) {
            try call("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error.errno == .wouldBlock { return false }
            throw error
        }
    }
}
