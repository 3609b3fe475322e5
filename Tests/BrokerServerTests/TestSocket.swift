import Glibc
import KafkaProtocol
import NIOCore
import Primitives
import RecordBatches
import Testing

/// A client's socket, of which every byte is in the test's hands. Calls block, with a limit of 20 seconds.
final class TestSocket {
    private let descriptor: CInt
    private var isOpen = true

    struct Failed: Error {
        var what: String
        var code: CInt
    }

    init(port: Int, receiveBuffer: Int? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer.map(CInt.init) { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status != 0 { throw Failed(what: "connect", code: errno) }
    }

    deinit { close() }

    func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0 { throw Failed(what: "send", code: errno) }
            sent += count
        }
    }

    /// As many bytes as the kernel takes at once.
    func sendSome(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            max(
                0, Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            )
        }
    }

    /// - Returns: fewer than asked for where the server closed the connection.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let part = bytes[received...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if part == 0 { break }
            if part < 0 {
                if errno == ECONNRESET { break }
                throw Failed(what: "recv", code: errno)
            }
            received += part
        }
        return Array(bytes[..<received])
    }

    /// - Returns: nil where the server closed the connection.
    func receiveLength() throws -> Int? {
        ByteBuffer(bytes: try receive(4)).getInteger(at: 0, as: Int32.self).map(Int.init)
    }

    /// - Returns: nil where the server closed the connection.
    func receiveFrameIfAny() throws -> ByteBuffer? {
        guard let length = try receiveLength() else { return nil }
        return ByteBuffer(bytes: try receive(length))
    }

    func receiveFrame() throws -> ByteBuffer {
        try #require(try receiveFrameIfAny(), "the server closed the connection")
    }

    /// Whether the server closes the connection, without a further byte.
    func isClosed() throws -> Bool { try receive(1).isEmpty }

    func ask<Request: KafkaRequest>(_ request: Request, correlationID: Int32 = 1) throws -> Request.Response {
        let version = Request.lastVersionByName
        try send(bytes(request, correlationID: correlationID))
        let frame = try ResponseFrame(try receiveFrame())
        #expect(frame.correlationID == correlationID)
        return try frame.decode(Request.self, version: version)
    }
}

func bytes<Request: KafkaRequest>(_ request: Request, version: Int16? = nil, correlationID: Int32 = 1) -> [UInt8] {
    Array(
        request.frame(
            version: version ?? Request.lastVersionByName, correlationID: correlationID, clientID: "test"
        ).readableBytesView)
}

func produce(_ topic: String, valueBytes: Int = 20, acknowledgements: Int16 = -1) throws -> ProduceRequest {
    let builder = RecordBatchBuilder(limit: 1 << 28)
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: valueBytes)
    let isAdded = builder.append(key: nil, value: value.rawBytes, timestamp: Timestamp(milliseconds: 1_700_000_000_000))
    #expect(isAdded)
    let batch = builder.seal(with: try BatchCompressor(.none))
    return ProduceRequest(
        acknowledgements: acknowledgements,
        topics: [.init(name: topic, partitions: [.init(index: 0, records: ByteBuffer(bytes: batch.bytes))])])
}

func fetch(
    _ topic: String, from offset: Int64 = 0, wait: Int32 = 0, maxBytes: Int32 = 50 << 20
) -> [UInt8] {
    bytes(
        FetchRequest(
            maxWaitMilliseconds: wait, minBytes: 1, maxBytes: maxBytes,
            topics: [
                .init(name: topic, partitions: [.init(index: 0, fetchOffset: Offset(offset), maxBytes: maxBytes)])
            ]), version: 12)
}
