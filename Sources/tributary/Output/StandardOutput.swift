internal import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Standard output, in large pieces: written when 256 KiB are there, and on `flush`.
struct StandardOutput: ~Copyable {
    /// The reader has gone: nothing to complain about.
    struct Closed: Error {}
    struct Failed: Error {
        var reason: String
    }

    private var buffer: [UInt8] = []
    private let limit = 1 << 18

    init() { buffer.reserveCapacity(limit + (1 << 16)) }

    mutating func put(_ bytes: RawSpan) throws {
        buffer.append(bytes)
        if buffer.count >= limit { try flush() }
    }

    mutating func put(_ byte: UInt8) { buffer.append(byte) }

    mutating func put(_ text: String) throws {
        buffer += text.utf8
        if buffer.count >= limit { try flush() }
    }

    mutating func flush() throws {
        var done = 0
        while done < buffer.count {
            let count = unsafe buffer.withUnsafeBytes { unsafe write(1, $0.baseAddress! + done, $0.count - done) }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                var ready = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
            } else if errno == EPIPE {
                throw Closed()
            } else if errno != EINTR {
                throw Failed(reason: unsafe String(cString: strerror(errno)))
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
