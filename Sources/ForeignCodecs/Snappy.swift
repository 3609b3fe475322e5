internal import CSnappy
internal import Primitives
internal import RecordBatches

/// Snappy as Kafka's clients write it: librdkafka one raw block; the Java client and most others the framing of
/// snappy-java (xerial):
///
///     16 bytes  82 "SNAPPY" 00, int32 version, int32 lowest version that can read it
///     then per block: int32 length, and that many bytes of raw snappy
enum Snappy {
    private static let magic: [UInt8] = [0x82] + Array("SNAPPY".utf8) + [0]
    private static let headerBytes = 16
    private static let blockBytes = 32 << 10

    static func decompress(_ bytes: RawSpan, limit: Int) throws(BatchError) -> [UInt8] {
        var whole: [UInt8] = []
        guard isFramed(bytes) else {
            try appendBlock(bytes, to: &whole, limit: limit)
            return whole
        }
        var position = headerBytes
        while position < bytes.byteCount {
            guard bytes.byteCount - position >= 4 else { throw .notDecompressible(.snappy) }
            let length = Int(bytes.bigEndian(Int32.self, at: position))
            position += 4
            guard length > 0, length <= bytes.byteCount - position else { throw .notDecompressible(.snappy) }
            try appendBlock(bytes.extracting(position..<position + length), to: &whole, limit: limit)
            position += length
        }
        return whole
    }

    private static func isFramed(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount >= headerBytes else { return false }
        return magic.indices.allSatisfy { bytes.byte(at: $0) == magic[$0] }
    }

    private static func appendBlock(_ block: RawSpan, to whole: inout [UInt8], limit: Int) throws(BatchError) {
        let part: [UInt8]? = try unsafe block.withUnsafeBytes { (raw) throws(BatchError) in
            let input = unsafe raw.assumingMemoryBound(to: CChar.self)
            var length = 0
            guard unsafe snappy_uncompressed_length(input.baseAddress, input.count, &length) == SNAPPY_OK else {
                return nil
            }
            // An element of 3 bytes makes 64 at the most: a length beyond that is a lie that would cost memory.
            guard length <= input.count * 64 else { return nil }
            guard length <= limit - whole.count else { throw .tooLarge(limit: limit) }
            var isWhole = false
            let output = unsafe [UInt8](unsafeUninitializedCapacity: length) { output, count in
                var written = length
                unsafe output.withMemoryRebound(to: CChar.self) { output in
                    isWhole =
                        unsafe snappy_uncompress(input.baseAddress, input.count, output.baseAddress, &written)
                        == SNAPPY_OK
                }
                count = isWhole ? written : 0
            }
            return isWhole ? output : nil
        }
        guard let part else { throw .notDecompressible(.snappy) }
        whole += part
    }

    static func compress(_ bytes: RawSpan) -> [UInt8]? {
        var framed = magic
        framed.appendBigEndian(Int32(1))
        framed.appendBigEndian(Int32(1))
        var position = 0
        while position < bytes.byteCount {
            let end = min(bytes.byteCount, position + blockBytes)
            guard let block = compressBlock(bytes.extracting(position..<end)) else { return nil }
            framed.appendBigEndian(Int32(block.count))
            framed += block
            position = end
        }
        return framed
    }

    private static func compressBlock(_ block: RawSpan) -> [UInt8]? {
        unsafe block.withUnsafeBytes { raw in
            let input = unsafe raw.assumingMemoryBound(to: CChar.self)
            let room = snappy_max_compressed_length(input.count)
            var isWhole = false
            let output = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, count in
                var written = room
                unsafe output.withMemoryRebound(to: CChar.self) { output in
                    isWhole =
                        unsafe snappy_compress(input.baseAddress, input.count, output.baseAddress, &written)
                        == SNAPPY_OK
                }
                count = isWhole ? written : 0
            }
            return isWhole ? output : nil
        }
    }
}
