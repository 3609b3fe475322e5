internal import CLinux
package import FileAccess
internal import Glibc
package import SystemPackage

/// inotify(7). Events that repeat the one before them are merged by the kernel already.
@safe package final class InotifyWatcher: DirectoryWatcher {
    package let descriptor: CInt
    private let buffer: UnsafeMutableRawBufferPointer

    package init() throws(FileError) {
        descriptor = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
        if descriptor == -1 {
            throw FileError(operation: "inotify_init1", path: "inotify", errno: Errno(rawValue: Glibc.errno))
        }
        unsafe buffer = .allocate(byteCount: 64 << 10, alignment: MemoryLayout<inotify_event>.alignment)
    }

    deinit {
        close(descriptor)
        unsafe buffer.deallocate()
    }

    package func watch(_ directory: FilePath) throws(FileError) -> WatchNumber {
        let mask =
            IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
            | Int32(bitPattern: UInt32(IN_ONLYDIR))
        let watch = unsafe directory.withPlatformString {
            unsafe inotify_add_watch(descriptor, $0, UInt32(bitPattern: mask))
        }
        if watch == -1 {
            throw FileError(operation: "inotify_add_watch", path: directory, errno: Errno(rawValue: Glibc.errno))
        }
        return WatchNumber(watch)
    }

    package func unwatch(_ watch: WatchNumber) {
        // Fails where the directory went before, which is no matter.
        _ = inotify_rm_watch(descriptor, watch.value)
    }

    package func takeEvents(_ body: (WatchEvent) -> Void) throws(FileError) {
        // What comes meanwhile is left for the next call: writers may be faster than it is taken.
        var left: CInt = 0
        guard unsafe ioctl(descriptor, UInt(FIONREAD), &left) == 0 else {
            throw FileError(operation: "ioctl", path: "inotify", errno: Errno(rawValue: Glibc.errno))
        }
        // A file that several write to by turns has an event for each write: that it was modified is told once.
        var modified: Set<[UInt8]> = []
        while left > 0 {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count <= 0 {
                let failure = Errno(rawValue: Glibc.errno)
                if count == 0 || failure == .wouldBlock { return }
                if failure == .interrupted { continue }
                throw FileError(operation: "read", path: "inotify", errno: failure)
            }
            left -= CInt(count)
            var position = 0
            while position < count {
                let event = unsafe buffer.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                let start = position + MemoryLayout<inotify_event>.size
                let name = unsafe Array(UnsafeRawBufferPointer(rebasing: buffer[start..<start + Int(event.len)]))
                position = start + Int(event.len)
                if event.mask & UInt32(IN_MODIFY | IN_ATTRIB) != 0 && event.mask & UInt32(IN_ISDIR) == 0 {
                    let key = unsafe withUnsafeBytes(of: event.wd) { unsafe Array($0) } + name
                    guard modified.insert(key).inserted else {
                        continue
                    }
                }
                let end = name.firstIndex(of: 0) ?? name.count
                if let event = Self.event(event, named: Array(name[..<end])) { body(event) }
            }
        }
    }

    private static func event(_ event: inotify_event, named name: [UInt8]) -> WatchEvent? {
        let mask = Int32(bitPattern: event.mask)
        let watch = WatchNumber(event.wd)
        if mask & IN_Q_OVERFLOW != 0 { return .overflowed }
        if mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED) != 0 { return .directoryGone(watch) }
        guard let name = FilePath.Component(bytes: name) else { return nil }
        if mask & (IN_CREATE | IN_MOVED_TO) != 0 { return .appeared(watch, name) }
        if mask & IN_MOVED_FROM != 0 { return .moved(watch, name) }
        if mask & IN_DELETE != 0 { return .deleted(watch, name) }
        return .modified(watch, name)
    }
}
