internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Words for what NIO throws.
enum ConnectFailure {
    static func reason(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first { return reason(of: failure.error) }
            if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name '\(error.host)' is not known" }
            return "no address to connect to"
        case let error as IOError: return reason(ofErrno: error.errnoCode)
        case ChannelError.connectTimeout(let limit): return "no answer within \(limit.nanoseconds / 1_000_000) ms"
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof: return "closed"
        default: return "\(error)"
        }
    }

    private static func reason(ofErrno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET: "connection reset"
        case EPIPE: "broken pipe"
        case EHOSTUNREACH: "no route to the host"
        case ENETUNREACH: "the network is unreachable"
        case ETIMEDOUT: "timed out"
        default: unsafe String(cString: strerror(code))
        }
    }
}
