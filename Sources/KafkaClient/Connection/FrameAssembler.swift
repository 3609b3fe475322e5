internal import NIOCore

/// Cuts the bytes of a connection into frames: an int32 length, and that many bytes.
///
/// A frame that arrived in one piece is handed on as a slice; one of several pieces costs one copy. Memory grows as bytes
/// arrive, not as a length claims.
struct FrameAssembler {
    struct LengthOutOfRange: Error {
        var length: Int32
    }

    private let limit: Int
    private var bytes = ByteBuffer()

    /// - Parameter limit: the largest frame to accept.
    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
            return
        }
        if let length = bytes.getInteger(at: bytes.readerIndex, as: Int32.self) {
            // Room for the whole frame at once where it is near, else twice what is there.
            let wanted = min(Int(length) + 4, max(2 * bytes.readableBytes, 1 << 18)) - bytes.readableBytes
            bytes.reserveCapacity(minimumWritableBytes: max(wanted, more.readableBytes))
        }
        bytes.writeImmutableBuffer(more)
    }

    /// The next whole frame, without its length; nil where it has not arrived yet.
    mutating func next() throws(LengthOutOfRange) -> ByteBuffer? {
        guard let length = bytes.getInteger(at: bytes.readerIndex, as: Int32.self) else { return nil }
        guard length >= 4, length <= limit else { throw LengthOutOfRange(length: length) }
        guard bytes.readableBytes >= Int(length) + 4 else { return nil }
        bytes.moveReaderIndex(forwardBy: 4)
        return bytes.readSlice(length: Int(length))
    }
}
