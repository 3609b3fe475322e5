internal import NIOCore

/// Puts requests together from what the socket gives. Knows no channel.
struct FrameBuffer {
    enum Next: Equatable {
        /// More bytes are needed; the second value is how long the request is, where that is known.
        case incomplete(Int?)
        /// A whole request of this many bytes.
        case complete(Int)
        /// A length that cannot be.
        case refused(Int32)
    }

    private var buffer = ByteBuffer()
    /// A request that was taken lies in the same memory.
    private var isShared = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { byteCount == 0 }
    /// Bytes that no request was made of yet.
    var byteCount: Int { buffer.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            isShared = false
        } else {
            detach()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Moves what is here to memory of its own: writing behind a request that is still held would copy both.
    private mutating func detach() {
        guard isShared else { return }
        var rest = ByteBuffer()
        rest.writeImmutableBuffer(buffer)
        buffer = rest
        isShared = false
    }

    /// What stands at the front.
    var next: Next {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: Int32.self) else { return .incomplete(nil) }
        // A header alone takes 8 bytes.
        guard length >= 8, Int(length) <= limit else { return .refused(length) }
        return buffer.readableBytes - 4 >= Int(length) ? .complete(Int(length)) : .incomplete(Int(length))
    }

    /// The API of the request at the front, as far as it can be seen.
    var apiKey: Int16? { buffer.getInteger(at: buffer.readerIndex + 4, as: Int16.self) }

    /// Takes the whole request at the front, without its length.
    ///
    /// It keeps the memory that it was read into. What follows it stays there too until more is appended: moved at each
    /// request, thousands of small ones in one read would cost the square of their bytes.
    mutating func take(_ length: Int) -> ByteBuffer? {
        buffer.moveReaderIndex(forwardBy: 4)
        guard let frame = buffer.readSlice(length: length) else { return nil }
        isShared = true
        if buffer.readableBytes == 0 { self = FrameBuffer(limit: limit) }
        return frame
    }

    /// Makes room for a request of which the length is known, but no more than has shown to be worth it: a length is
    /// only a claim.
    mutating func makeRoom(for length: Int) {
        let missing = length + 4 - buffer.readableBytes
        detach()
        buffer.reserveCapacity(minimumWritableBytes: min(missing, max(1 << 20, buffer.readableBytes)))
    }
}
