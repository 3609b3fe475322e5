internal import CZstd
internal import RecordBatches

@safe final class ZstdSource: DecompressionSource {
    private let context: OpaquePointer

    init() throws(BatchError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .notDecompressible(.zstd) }
        unsafe self.context = unsafe context
        // The default, said so that the bound on memory is ours: windows up to 2^27 bytes.
        let status = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
        precondition(ZSTD_isError(status) == 0, "BUG: zstd takes no window of 2^27 bytes")
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, given: Int, ended: Bool)? {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let hint = unsafe ZSTD_decompressStream(context, &target, &source)
        guard ZSTD_isError(hint) == 0 else { return nil }
        // One frame may follow another.
        return unsafe (source.pos, target.pos, hint == 0 && source.pos == source.size)
    }
}

/// One frame at level 3, the default of the library and of Kafka's producer.
func zstdCompress(_ bytes: RawSpan) -> [UInt8]? {
    let room = ZSTD_compressBound(bytes.byteCount)
    var isWhole = false
    let compressed = unsafe bytes.withUnsafeBytes { input in
        unsafe [UInt8](unsafeUninitializedCapacity: room) { output, count in
            let size = unsafe ZSTD_compress(output.baseAddress, room, input.baseAddress, input.count, 3)
            isWhole = ZSTD_isError(size) == 0
            count = isWhole ? size : 0
        }
    }
    return isWhole ? compressed : nil
}
