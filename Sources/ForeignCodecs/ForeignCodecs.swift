// ForeignCodecs: snappy and zstd, which our own programs never choose and clients of other makes send.
//
// Batches in them are stored and served as they come; only who must look inside needs this: compaction, the check for
// keys on a compacted topic, and the command line that prints records. The agent does not link it.
//
// It promises that no input, however hostile, makes more bytes than the limit that it is given, and that damaged input
// is an error.
package import RecordBatches

package enum ForeignCodecs {
    /// The records of a batch in snappy or zstd, uncompressed.
    ///
    /// - Parameter limit: the most bytes to produce. zstd besides takes memory for its window, at most 128 MiB, of which
    ///   only what is used becomes resident.
    package static func decompress(
        _ bytes: RawSpan, _ codec: CompressionCodec, limit: Int
    ) throws(BatchError) -> [UInt8] {
        switch codec {
        case .snappy: return try Snappy.decompress(bytes, limit: limit)
        case .zstd: return try collect(codec, limit: limit, from: bytes, ZstdSource())
        case .none, .gzip, .lz4: throw .codecNotSupported(codec)
        }
    }

    /// Compresses as Kafka's own producer would.
    ///
    /// - Returns: nil for another codec.
    package static func compress(_ bytes: RawSpan, _ codec: CompressionCodec) -> [UInt8]? {
        switch codec {
        case .snappy: Snappy.compress(bytes)
        case .zstd: zstdCompress(bytes)
        case .none, .gzip, .lz4: nil
        }
    }
}
