internal import CLZ4
internal import CZlib
internal import Primitives

/// Compresses records with one codec, reusing its memory from batch to batch. Not to be shared between threads.
///
/// lz4 is a frame as Kafka's clients expect it: independent blocks, no checksums of content or blocks, no content size.
/// gzip is zlib at level 1. A batch that would not shrink is left uncompressed.
@safe package final class BatchCompressor {
    package let codec: CompressionCodec
    private var scratch: UnsafeMutableRawBufferPointer
    private var deflater: Deflater?

    /// - Throws: `codecNotSupported` for what this build cannot compress: snappy and zstd.
    package init(_ codec: CompressionCodec) throws(BatchError) {
        switch codec {
        case .none, .lz4: break
        case .gzip: deflater = Deflater()
        case .snappy, .zstd: throw .codecNotSupported(codec)
        }
        self.codec = codec
        unsafe self.scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)
    }

    deinit {
        unsafe scratch.deallocate()
    }

    /// The records, compressed; nil where that does not make them smaller.
    func compressed(_ records: RawSpan) -> [UInt8]? {
        let size = unsafe records.withUnsafeBytes { unsafe compress($0) }
        guard let size, size < records.byteCount else { return nil }
        return unsafe Array(scratch[..<size])
    }

    /// The records, compressed where that makes them smaller; `header` gets the length, codec and checksum to it.
    func compress(_ records: RawSpan, into header: inout RecordBatchHeader) -> [UInt8] {
        let compressed = unsafe records.withUnsafeBytes { unsafe compress($0) }
        if let compressed, compressed < records.byteCount {
            header.attributes = BatchAttributes(codec: codec)
            let body = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: scratch[..<compressed]))
            return finish(&header, body)
        }
        return finish(&header, records)
    }

    private func finish(_ header: inout RecordBatchHeader, _ body: RawSpan) -> [UInt8] {
        header.totalBytes = RecordBatchHeader.byteCount + body.byteCount
        header.updateChecksum(records: body)
        return Array(body)
    }

    /// Compresses into `scratch`; nil where there is nothing to gain.
    private func compress(_ records: UnsafeRawBufferPointer) -> Int? {
        switch codec {
        case .none: return nil
        case .lz4:
            var preferences = LZ4F_preferences_t()
            preferences.frameInfo.blockSizeID = LZ4F_max256KB
            preferences.frameInfo.blockMode = LZ4F_blockIndependent
            reserve(unsafe LZ4F_compressFrameBound(records.count, &preferences))
            let size = unsafe LZ4F_compressFrame(
                scratch.baseAddress, scratch.count, records.baseAddress, records.count, &preferences)
            precondition(LZ4F_isError(size) == 0, "BUG: LZ4F_compressFrame failed with room for the worst case")
            return size
        case .gzip:
            guard let deflater else { preconditionFailure("BUG: gzip without a deflater") }
            reserve(deflater.bound(records.count))
            return unsafe deflater.deflate(records, into: scratch)
        case .snappy, .zstd: preconditionFailure("BUG: a compressor for \(codec.name)")
        }
    }

    private func reserve(_ size: Int) {
        if unsafe scratch.count >= size { return }
        unsafe scratch.deallocate()
        unsafe scratch = .allocate(byteCount: size, alignment: 16)
    }
}

/// zlib's deflate with a gzip wrapper, its state allocated once.
@safe private final class Deflater {
    /// zlib's state points back at this structure, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, plus 16 for the gzip wrapper.
        let status = unsafe deflateInit2_(
            stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "BUG: deflateInit2 gave \(status)")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func bound(_ size: Int) -> Int {
        unsafe Int(deflateBound(stream, uLong(size)))
    }

    func deflate(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        unsafe deflateReset(stream)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = uInt(bytes.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = uInt(output.count)
        let status = unsafe CZlib.deflate(stream, Z_FINISH)
        precondition(status == Z_STREAM_END, "BUG: deflate gave \(status) with room for the worst case")
        return unsafe Int(stream.pointee.total_out)
    }
}
