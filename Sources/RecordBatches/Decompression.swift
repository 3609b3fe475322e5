internal import CLZ4
internal import CZlib

/// Decompresses what this module does not: snappy and zstd. The `Int` is the most bytes to produce.
package typealias ForeignDecompressor = (RawSpan, CompressionCodec, Int) throws(BatchError) -> [UInt8]

/// The uncompressed records of a batch.
///
/// - Parameter limit: the most bytes to produce; a batch that holds more is refused, so that a few hostile bytes cannot
///   fill the memory.
func decompress(
    _ bytes: RawSpan, _ codec: CompressionCodec, limit: Int, foreign: ForeignDecompressor?
) throws(BatchError) -> [UInt8] {
    switch codec {
    case .none:
        guard bytes.byteCount <= limit else { throw .tooLarge(limit: limit) }
        return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    case .lz4: return try collect(codec, limit: limit, from: bytes, LZ4Source())
    case .gzip: return try collect(codec, limit: limit, from: bytes, InflateSource())
    case .snappy, .zstd:
        guard let foreign else { throw .codecNotSupported(codec) }
        return try foreign(bytes, codec, limit)
    }
}

/// One step of a decompressor: takes input, gives output.
package protocol DecompressionSource {
    /// - Returns: bytes taken, bytes given, and whether the end was reached; nil where the input is damaged.
    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, given: Int, ended: Bool)?
}

/// Runs a decompressor to its end, with memory that grows as output really arrives.
package func collect(
    _ codec: CompressionCodec, limit: Int, from bytes: RawSpan, _ source: some DecompressionSource
) throws(BatchError) -> [UInt8] {
    var source = source
    var whole: [UInt8] = []
    var taken = 0
    while true {
        if whole.count > limit { throw .tooLarge(limit: limit) }
        // One byte past the limit is enough to see that it is passed.
        let room = min(limit + 1 - whole.count, max(1 << 16, whole.count))
        guard room > 0 else { throw .tooLarge(limit: limit) }
        var step: (taken: Int, given: Int, ended: Bool)?
        let part = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, count in
            unsafe step = bytes.withUnsafeBytes {
                unsafe source.step(
                    UnsafeRawBufferPointer(rebasing: $0[taken...]), UnsafeMutableRawBufferPointer(output))
            }
            count = step?.given ?? 0
        }
        guard let step else { throw .notDecompressible(codec) }
        whole += part
        taken += step.taken
        if step.ended {
            if whole.count > limit { throw .tooLarge(limit: limit) }
            return whole
        }
        if step.taken == 0 && step.given == 0 { throw .notDecompressible(codec) }
    }
}

@safe private final class LZ4Source: DecompressionSource {
    private let context: OpaquePointer

    init() throws(BatchError) {
        var context: OpaquePointer?
        let status = unsafe LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(status) == 0, let context = unsafe context else { throw .notDecompressible(.lz4) }
        unsafe self.context = unsafe context
    }

    deinit {
        unsafe LZ4F_freeDecompressionContext(context)
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, given: Int, ended: Bool)? {
        var taken = input.count
        var given = output.count
        let hint = unsafe LZ4F_decompress(context, output.baseAddress, &given, input.baseAddress, &taken, nil)
        return LZ4F_isError(hint) == 0 ? (taken, given, hint == 0) : nil
    }
}

@safe private final class InflateSource: DecompressionSource {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 32: gzip or zlib wrapper, whichever is there.
        let status = unsafe inflateInit2_(stream, 15 + 32, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "BUG: inflateInit2 gave \(status)")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, given: Int, ended: Bool)? {
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = uInt(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = uInt(output.count)
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        let taken = unsafe input.count - Int(stream.pointee.avail_in)
        let given = unsafe output.count - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK: return (taken, given, false)
        case Z_STREAM_END: return (taken, given, true)
        // No progress was possible: out of input in mid-stream, or out of room.
        case Z_BUF_ERROR: return (taken, given, false)
        default: return nil
        }
    }
}
