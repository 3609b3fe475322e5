/// How a batch's records are compressed.
package enum CompressionCodec: Int16, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

    /// Kafka's name for it, as in `compression.type`.
    package var name: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }
}

/// The attributes of a batch: what its bytes are beyond plain records.
package struct BatchAttributes: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package init(codec: CompressionCodec) { self.rawValue = codec.rawValue }

    /// nil for a codec number that nobody knows.
    package var codec: CompressionCodec? { CompressionCodec(rawValue: rawValue & 0x07) }

    /// The timestamps are the collector's time of appending (bit 3).
    package var hasLogAppendTime: Bool { rawValue & 0x08 != 0 }

    package var isTransactional: Bool { rawValue & 0x10 != 0 }

    /// The batch is a marker of a transaction's end, not data.
    package var isControl: Bool { rawValue & 0x20 != 0 }

    /// The base timestamp is when compaction may drop the batch's tombstones (bit 6, KIP-534).
    package var hasDeleteHorizon: Bool { rawValue & 0x40 != 0 }

    package func withLogAppendTime() -> BatchAttributes { BatchAttributes(rawValue: rawValue | 0x08) }
}
