import ForeignCodecs
import Primitives
import RecordBatches
import Testing

private func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { $0 < 0x60 ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func read(_ bytes: [UInt8], limit: Int = 1 << 20) throws(BatchError) -> RecordBatchContents {
    try RecordBatchContents(bytes.rawBytes, limit: limit, foreign: ForeignCodecs.decompress)
}

@Suite struct ForeignCodecTests {
    private static let golden = [(GoldenBatches.snappy, CompressionCodec.snappy), (GoldenBatches.zstd, .zstd)]
    private static let codecs = [CompressionCodec.snappy, .zstd]

    @Test(arguments: golden)
    func `a batch of kafka-python is read like the uncompressed one`(hex: String, codec: CompressionCodec) throws {
        let batch = try read(bytes(hex: hex))
        #expect(batch.header.attributes.codec == codec)
        #expect(batch.payload == (try read(bytes(hex: GoldenBatches.none))).payload)
        #expect(throws: BatchError.codecNotSupported(codec)) {
            try RecordBatchContents(bytes(hex: hex).rawBytes)
        }
    }

    @Test func `a raw block of snappy, as librdkafka writes it, is read`() throws {
        // Made with python-snappy: 500 bytes of "abcdefghij".
        let block = bytes(hex: "f403246162636465666768696afe0a00fe0a00fe0a00fe0a00fe0a00fe0a00fe0a00a60a00")
        let found = try ForeignCodecs.decompress(block.rawBytes, .snappy, limit: 500)
        #expect(found == Array(String(repeating: "abcdefghij", count: 50).utf8))
        #expect(throws: BatchError.tooLarge(limit: 499)) {
            try ForeignCodecs.decompress(block.rawBytes, .snappy, limit: 499)
        }
    }

    @Test(arguments: codecs)
    func `what is compressed is read back, whatever its size`(codec: CompressionCodec) throws {
        var generator = SystemRandomNumberGenerator()
        for size in [1, 100, 32 << 10, (32 << 10) + 1, 300_000] {
            let plain = (0..<size).map { _ in UInt8.random(in: 0...3, using: &generator) }
            let compressed = ForeignCodecs.compress(plain.rawBytes, codec)
            let packed = try #require(compressed)
            let found = try ForeignCodecs.decompress(packed.rawBytes, codec, limit: size)
            #expect(found == plain)
            #expect(throws: BatchError.tooLarge(limit: size - 1)) {
                try ForeignCodecs.decompress(packed.rawBytes, codec, limit: size - 1)
            }
        }
    }

    @Test(arguments: golden)
    func `compressed bytes cut at any length are refused`(hex: String, codec: CompressionCodec) {
        let packed = Array(bytes(hex: hex)[RecordBatchHeader.byteCount...])
        // Framed snappy that ends behind its header is whole, and empty.
        for length in 0..<packed.count where codec != .snappy || length != 16 {
            #expect(throws: BatchError.self, "\(length)") {
                try ForeignCodecs.decompress(Array(packed.prefix(length)).rawBytes, codec, limit: 1 << 20)
            }
        }
    }

    @Test(arguments: golden)
    func `every flipped bit is refused or gives bytes within the limit`(hex: String, codec: CompressionCodec) {
        let packed = Array(bytes(hex: hex)[RecordBatchHeader.byteCount...])
        for bit in 0..<packed.count * 8 {
            var damaged = packed
            damaged[bit / 8] ^= 1 << (bit % 8)
            if let found = try? ForeignCodecs.decompress(damaged.rawBytes, codec, limit: 4096) {
                #expect(found.count <= 4096)
            }
        }
    }

    @Test(arguments: codecs)
    func `a few bytes that make gigabytes are refused at the limit`(codec: CompressionCodec) throws {
        let plain = [UInt8](repeating: 0, count: 1 << 25)
        let compressed = ForeignCodecs.compress(plain.rawBytes, codec)
        let packed = try #require(compressed)
        #expect(packed.count < 1 << 21)
        #expect(throws: BatchError.tooLarge(limit: 1 << 20)) {
            try ForeignCodecs.decompress(packed.rawBytes, codec, limit: 1 << 20)
        }
        // Four bytes that say they are 4 GiB.
        #expect(throws: BatchError.self) {
            try ForeignCodecs.decompress([0xff, 0xff, 0xff, 0xff, 0x0f].rawBytes, .snappy, limit: .max)
        }
    }
}
