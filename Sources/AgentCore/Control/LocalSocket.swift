internal import FileAccess
internal import Glibc
internal import SystemPackage

/// A stream socket of this machine (unix(7)), that never waits longer than it is told.
final class LocalSocket: Sendable {
    let descriptor: CInt

    private init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    static func listen(at path: FilePath) throws(FileError) -> LocalSocket {
        let socket = try make(path)
        // What bind makes has the socket's own mode, so that nobody else gets in even for a moment.
        guard fchmod(socket.descriptor, 0o600) == 0 else { throw failure("fchmod", path) }
        guard try unsafe address(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0 else {
            throw failure("bind", path)
        }
        guard unsafe chmod(path.string, 0o600) == 0 else { throw failure("chmod", path) }
        guard Glibc.listen(socket.descriptor, 8) == 0 else { throw failure("listen", path) }
        return socket
    }

    static func connect(to path: FilePath) throws(FileError) -> LocalSocket {
        let socket = try make(path)
        let result = try unsafe address(path) { unsafe Glibc.connect(socket.descriptor, $0, $1) }
        guard result == 0 else { throw failure("connect", path) }
        return socket
    }

    private static func make(_ path: FilePath) throws(FileError) -> LocalSocket {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        if descriptor == -1 { throw failure("socket", path) }
        return LocalSocket(descriptor: descriptor)
    }

    private static func failure(_ operation: StaticString, _ path: FilePath) -> FileError {
        FileError(operation: operation, path: path, errno: Errno(rawValue: errno))
    }

    private static func address(
        _ path: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(FileError) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.string.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw FileError(operation: "bind", path: path, errno: .fileNameTooLong)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// nil where nobody waits.
    func accept() -> LocalSocket? {
        let client = Glibc.accept(descriptor, nil, nil)
        if client == -1 { return nil }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        return LocalSocket(descriptor: client)
    }

    /// Bytes up to a newline, without it.
    ///
    /// - Returns: nil where there is none within the time or the limit.
    func readLine(limit: Int, within patience: Duration) -> [UInt8]? {
        var line: [UInt8] = []
        let end = ContinuousClock.now + patience
        while line.count <= limit, let part = read(until: end), !part.isEmpty {
            if let newline = part.firstIndex(of: 0x0a) { return line + part[..<newline] }
            line += part
        }
        return nil
    }

    /// Some bytes; none at the end; nil when the time is up.
    func read(until end: ContinuousClock.Instant) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            guard errno == EINTR || errno == EAGAIN else { return [] }
            guard errno == EINTR || wait(for: POLLIN, until: end) else { return nil }
        }
    }

    /// - Returns: false where the other side did not take all within the time.
    @discardableResult
    func write(_ bytes: [UInt8], within patience: Duration) -> Bool {
        let end = ContinuousClock.now + patience
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                guard errno == EAGAIN, wait(for: POLLOUT, until: end) else { return false }
            }
        }
        return true
    }

    private func wait(for events: Int32, until end: ContinuousClock.Instant) -> Bool {
        let left = end - .now
        if left <= .zero { return false }
        var waits = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        return unsafe poll(&waits, 1, CInt(clamping: milliseconds + 1)) >= 0
    }
}
