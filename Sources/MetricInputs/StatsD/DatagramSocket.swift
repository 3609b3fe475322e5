internal import CLinux
internal import Glibc
internal import SystemPackage

/// A socket for datagrams, that never waits, and tells how many the kernel dropped.
final class DatagramSocket: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var operation: String
        var errno: Errno

        var description: String { "\(operation): \(errno)" }
    }

    /// As much as the kernel gives (net.core.rmem_max): what waits there while this process does not run is not lost.
    private static let receiveBuffer: CInt = 4 << 20

    let descriptor: CInt
    /// Its name in the file system, which goes with it.
    private let path: FilePath?

    private init(_ descriptor: CInt, path: FilePath? = nil) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
        if let path { unsafe unlink(path.string) }
    }

    /// Resolves the host, which may take its time.
    static func udp(host: String, port: Int) throws(Failure) -> DatagramSocket {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        unsafe hints.ai_flags = CInt(AI_PASSIVE)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, "\(port)", &hints, &found)
        guard status == 0, let address = unsafe found else {
            throw Failure(operation: "the address cannot be resolved", errno: .addressNotAvailable)
        }
        defer { unsafe freeaddrinfo(address) }
        let socket = DatagramSocket(try make(unsafe address.pointee.ai_family))
        guard unsafe bind(socket.descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else {
            throw failure("bind")
        }
        return socket
    }

    /// What is there already is replaced where it is a socket that nobody listens on. Whoever may reach the directory may
    /// write (mode 0722, as the Datadog agent's).
    static func unix(_ path: FilePath) throws(Failure) -> DatagramSocket {
        try removeLeftOver(path)
        let socket = DatagramSocket(try make(AF_UNIX), path: path)
        guard try unsafe withAddress(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0 else {
            throw failure("bind")
        }
        guard unsafe chmod(path.string, 0o722) == 0 else { throw failure("chmod") }
        return socket
    }

    private static func removeLeftOver(_ path: FilePath) throws(Failure) {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Failure(operation: "there is something else already, and it is no socket", errno: .fileExists)
        }
        let probe = DatagramSocket(try make(AF_UNIX))
        if try unsafe withAddress(path, { unsafe connect(probe.descriptor, $0, $1) }) == 0 {
            throw Failure(operation: "another program listens there", errno: .addressInUse)
        }
        unsafe unlink(path.string)
    }

    private static func make(_ family: CInt) throws(Failure) -> CInt {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, type, 0)
        if descriptor == -1 { throw failure("socket") }
        var size = receiveBuffer
        // More than is allowed is given as much as is; without SO_RXQ_OVFL drops are not told.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        _ = tributary_tell_dropped(descriptor)
        return descriptor
    }

    private static func failure(_ operation: String) -> Failure {
        Failure(operation: operation, errno: Errno(rawValue: errno))
    }

    private static func withAddress(
        _ path: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(Failure) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.string.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(operation: "a socket's path has at most 107 bytes", errno: .fileNameTooLong)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The port that was given, where one of the system's choice was asked for.
    var port: Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0 else { return nil }
        // In both families it is right behind the family, in network order.
        return unsafe withUnsafeBytes(of: &address) { unsafe Int($0[2]) << 8 | Int($0[3]) }
    }

    /// - Returns: nil where none waits.
    func receive(into buffer: inout [UInt8]) -> tributary_datagram? {
        var datagram = tributary_datagram()
        let count = UInt64(buffer.count)
        while true {
            let status = unsafe buffer.withUnsafeMutableBytes {
                unsafe tributary_receive(descriptor, $0.baseAddress, count, &datagram)
            }
            if status == 0 { return datagram }
            // An error of the socket's is told once, and reading goes on with the next call.
            if errno != EINTR { return nil }
        }
    }
}
