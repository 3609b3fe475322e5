package import Primitives

// Batches with some of their records taken out, as compaction writes them: everything that consumers and the rebuilding
// of producers' state go by stays: base and last offset, producer id, epoch and sequences (Kafka's
// MemoryRecords.filterTo).
extension RecordBatchContents {
    /// The batch with only these of its records, in the codec that it had where that makes it smaller.
    ///
    /// - Parameters:
    ///   - kept: some of `records()`, in order; none makes an empty batch, which only speaks of its producer.
    ///   - deleteHorizon: from when on compaction may drop the batch's tombstones. It stands in the place of the base
    ///     timestamp (KIP-534), so the records' timestamps are written anew. nil leaves it as it is.
    ///   - compressors: for the batch's codec.
    /// - Returns: the whole batch.
    package func rebuilt(
        keeping kept: [Record], deleteHorizon: Timestamp? = nil, compressors: BatchRecompressors
    ) -> [UInt8] {
        var header = header
        header.recordCount = Int32(kept.count)
        var attributes = header.attributes.rawValue & ~0x07
        if let deleteHorizon {
            attributes |= 0x40
            header.baseTimestamp = deleteHorizon
        }
        var records: [UInt8] = []
        for record in kept {
            if deleteHorizon == nil {
                records.append(payload.rawBytes.extracting(record.whole))
            } else {
                append(record, to: &records, base: header.baseTimestamp)
            }
        }
        if !header.attributes.hasLogAppendTime, let newest = kept.map(\.timestamp).max() {
            header.maxTimestamp = newest
        }
        var body = records
        if let codec = header.attributes.codec, codec != .none,
            let compressed = compressors.compress(records.rawBytes, codec)
        {
            attributes |= codec.rawValue
            body = compressed
        }
        header.attributes = BatchAttributes(rawValue: attributes)
        header.totalBytes = RecordBatchHeader.byteCount + body.count
        header.updateChecksum(records: body.rawBytes)
        return header.encoded() + body
    }

    /// Writes a record with its timestamp relative to another base.
    private func append(_ record: Record, to bytes: inout [UInt8], base: Timestamp) {
        let raw = payload.rawBytes
        var position = record.whole.lowerBound
        _ = Varint.readSigned(raw, at: &position)
        let attributes = raw.byte(at: position)
        position += 1
        let delta = Varint.readSigned(raw, at: &position) ?? 0
        let moved =
            header.attributes.hasLogAppendTime
            ? delta : header.baseTimestamp.milliseconds &+ delta &- base.milliseconds
        let rest = position..<record.whole.upperBound
        bytes.appendVarint(signed: Int64(1 + Varint.length(signed: moved) + rest.count))
        bytes.append(attributes)
        bytes.appendVarint(signed: moved)
        bytes.append(raw.extracting(rest))
    }
}

/// Compressors for batches of any codec that are written anew, each made when it is first needed.
package final class BatchRecompressors {
    /// Compresses snappy and zstd.
    package typealias Foreign = (RawSpan, CompressionCodec) -> [UInt8]?

    private let foreign: Foreign
    private var own: [CompressionCodec: BatchCompressor] = [:]

    package init(foreign: @escaping Foreign) {
        self.foreign = foreign
    }

    /// - Returns: nil where it would not become smaller.
    func compress(_ records: RawSpan, _ codec: CompressionCodec) -> [UInt8]? {
        switch codec {
        case .none: return nil
        case .snappy, .zstd: return foreign(records, codec).flatMap { $0.count < records.byteCount ? $0 : nil }
        case .lz4, .gzip:
            if let known = own[codec] { return known.compressed(records) }
            guard let made = try? BatchCompressor(codec) else { return nil }
            own[codec] = made
            return made.compressed(records)
        }
    }
}
