package import Primitives

/// A batch taken apart: its header and its records, uncompressed.
package struct RecordBatchContents: Sendable {
    package let header: RecordBatchHeader
    /// The uncompressed records in wire form; a `Record`'s ranges point in here.
    package let payload: [UInt8]

    /// Checks and decompresses the batch at the start of `bytes`.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of uncompressed records to accept.
    ///   - foreign: decompresses snappy and zstd; nil: such batches are refused.
    package init(
        _ bytes: RawSpan, limit: Int = 128 << 20, foreign: ForeignDecompressor? = nil
    ) throws(BatchError) {
        header = try RecordBatchHeader(checking: bytes)
        guard let codec = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue & 0x07) }
        payload = try decompress(
            bytes.extracting(RecordBatchHeader.byteCount..<header.totalBytes), codec, limit: limit,
            foreign: foreign)
    }

    /// One record; the ranges are positions in `payload`.
    package struct Record: Sendable {
        package var offset: Offset
        package var timestamp: Timestamp
        package var key: Range<Int>?
        package var value: Range<Int>?
        package var headers: [(key: Range<Int>, value: Range<Int>?)]
        /// All of it, its length in front included.
        package var whole: Range<Int>
    }

    /// All records, in order.
    package func records() throws(BatchError) -> [Record] {
        var records: [Record] = []
        var position = 0
        // Each record takes at least 7 bytes: no more are believed than fit.
        records.reserveCapacity(min(Int(header.recordCount), payload.count / 7))
        for index in 0..<Int(header.recordCount) {
            guard let record = record(at: &position) else { throw .malformedRecord(index: index) }
            records.append(record)
        }
        guard position == payload.count else { throw .malformedRecord(index: records.count) }
        return records
    }

    private func record(at position: inout Int) -> Record? {
        let bytes = payload.rawBytes
        let start = position
        guard let length = Varint.readSigned(bytes, at: &position), length >= 1,
            length <= Int64(payload.count - position)
        else { return nil }
        let end = position + Int(length)
        position += 1
        guard let timestampDelta = Varint.readSigned(bytes, at: &position),
            let offsetDelta = Varint.readSigned(bytes, at: &position),
            offsetDelta >= 0, offsetDelta <= Int64(header.lastOffsetDelta),
            let key = field(at: &position, end: end), let value = field(at: &position, end: end),
            let headers = headers(at: &position, end: end), position == end
        else { return nil }
        let timestamp =
            header.attributes.hasLogAppendTime
            ? header.maxTimestamp : Timestamp(milliseconds: header.baseTimestamp.milliseconds &+ timestampDelta)
        return Record(
            offset: header.baseOffset + offsetDelta, timestamp: timestamp, key: key.range, value: value.range,
            headers: headers, whole: start..<end)
    }

    /// A length and that many bytes; a length of -1 is null.
    private func field(at position: inout Int, end: Int) -> (range: Range<Int>?, Void)? {
        guard let length = Varint.readSigned(payload.rawBytes, at: &position), position <= end else { return nil }
        if length == -1 { return (nil, ()) }
        guard length >= 0, length <= Int64(end - position) else { return nil }
        let range = position..<position + Int(length)
        position = range.upperBound
        return (range, ())
    }

    private func headers(at position: inout Int, end: Int) -> [(key: Range<Int>, value: Range<Int>?)]? {
        guard let count = Varint.readSigned(payload.rawBytes, at: &position), count >= 0,
            count <= Int64(end - min(position, end))
        else { return nil }
        var headers: [(key: Range<Int>, value: Range<Int>?)] = []
        for _ in 0..<count {
            guard let key = field(at: &position, end: end)?.range, let value = field(at: &position, end: end)
            else { return nil }
            headers.append((key, value.range))
        }
        return headers
    }
}
