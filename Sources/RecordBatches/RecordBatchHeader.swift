package import Primitives

/// The 61 bytes before a batch's records.
package struct RecordBatchHeader: Hashable, Sendable {
    package static let byteCount = 61
    /// From here on the checksum counts.
    package static let checksummedFrom = 21
    /// The first bytes, which tell how long the batch is.
    package static let lengthPrefix = 12

    package var baseOffset: Offset
    /// The whole batch, header included.
    package var totalBytes: Int
    package var leaderEpoch: LeaderEpoch
    package var checksum: UInt32
    package var attributes: BatchAttributes
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Timestamp
    package var maxTimestamp: Timestamp
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var baseSequence: SequenceNumber
    package var recordCount: Int32

    package var lastOffset: Offset { baseOffset + Int64(lastOffsetDelta) }
    package var nextOffset: Offset { baseOffset + Int64(lastOffsetDelta) + 1 }
    package var lastSequence: SequenceNumber { baseSequence.advanced(by: Int64(lastOffsetDelta)) }
    package var isIdempotent: Bool { producerID.value >= 0 }
}

extension RecordBatchHeader {
    /// Reads the header at the start of `bytes`, which may end before the batch does.
    ///
    /// Only what is needed to find the batch's end is checked: length and magic, and that its offsets are numbers.
    package init(parsing bytes: RawSpan) throws(BatchError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .incomplete(needed: Self.byteCount, available: bytes.byteCount)
        }
        let magic = bytes.bigEndian(Int8.self, at: 16)
        guard magic == 2 else { throw .unsupportedMagic(magic) }
        totalBytes = try Self.totalBytes(prefix: bytes)
        baseOffset = Offset(bytes.bigEndian(Int64.self, at: 0))
        leaderEpoch = LeaderEpoch(bytes.bigEndian(Int32.self, at: 12))
        checksum = bytes.bigEndian(UInt32.self, at: 17)
        attributes = BatchAttributes(rawValue: bytes.bigEndian(Int16.self, at: 21))
        lastOffsetDelta = bytes.bigEndian(Int32.self, at: 23)
        baseTimestamp = Timestamp(milliseconds: bytes.bigEndian(Int64.self, at: 27))
        maxTimestamp = Timestamp(milliseconds: bytes.bigEndian(Int64.self, at: 35))
        producerID = ProducerID(bytes.bigEndian(Int64.self, at: 43))
        producerEpoch = ProducerEpoch(bytes.bigEndian(Int16.self, at: 51))
        baseSequence = SequenceNumber(bytes.bigEndian(Int32.self, at: 53))
        recordCount = bytes.bigEndian(Int32.self, at: 57)
        // `lastOffset` and `nextOffset` hold for whatever was read.
        guard !baseOffset.value.addingReportingOverflow(Int64(lastOffsetDelta) + 1).overflow,
            !baseOffset.value.addingReportingOverflow(Int64(lastOffsetDelta)).overflow
        else { throw .offsetsOutOfRange(baseOffset, lastOffsetDelta: lastOffsetDelta) }
    }

    /// How long the batch that starts with these bytes is.
    ///
    /// - Parameter prefix: at least `lengthPrefix` bytes.
    package static func totalBytes(prefix: RawSpan) throws(BatchError) -> Int {
        let length = prefix.bigEndian(Int32.self, at: 8)
        guard length >= byteCount - lengthPrefix, length <= .max - 12 else { throw .lengthOutOfRange(length) }
        return Int(length) + lengthPrefix
    }

    /// Reads the header of the batch at the start of `bytes` and checks the whole batch: length, magic, checksum,
    /// codec, counts, and that the producer's fields go together.
    ///
    /// What follows the batch in `bytes` is not looked at.
    package init(checking bytes: RawSpan) throws(BatchError) {
        try self.init(parsing: bytes)
        guard totalBytes <= bytes.byteCount else { throw .incomplete(needed: totalBytes, available: bytes.byteCount) }
        let computed = CRC32C.of(bytes.extracting(Self.checksummedFrom..<totalBytes))
        guard computed == checksum else { throw .checksumMismatch(stored: checksum, computed: computed) }
        guard attributes.codec != nil else { throw .unknownCodec(attributes.rawValue & 0x07) }
        // A compacted batch holds fewer records than offsets, never more.
        guard lastOffsetDelta >= 0, recordCount >= 0, Int64(recordCount) <= Int64(lastOffsetDelta) + 1 else {
            throw .countMismatch(count: recordCount, lastOffsetDelta: lastOffsetDelta)
        }
        guard isIdempotent ? producerEpoch.value >= 0 && (baseSequence.value >= 0 || attributes.isControl) : true else {
            throw .incompleteProducer(producerID, producerEpoch, baseSequence)
        }
    }

    /// Checks what holds for a batch fresh from a producer, beyond `init(checking:)`: one record an offset, no marker.
    package func checkFromProducer() throws(BatchError) {
        guard recordCount > 0, Int64(recordCount) == Int64(lastOffsetDelta) + 1 else {
            throw .countMismatch(count: recordCount, lastOffsetDelta: lastOffsetDelta)
        }
    }

    /// The header's bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.appendBigEndian(baseOffset.value)
        bytes.appendBigEndian(Int32(totalBytes - Self.lengthPrefix))
        bytes.appendBigEndian(leaderEpoch.value)
        bytes.append(2)
        bytes.appendBigEndian(checksum)
        bytes.appendBigEndian(attributes.rawValue)
        bytes.appendBigEndian(lastOffsetDelta)
        bytes.appendBigEndian(baseTimestamp.milliseconds)
        bytes.appendBigEndian(maxTimestamp.milliseconds)
        bytes.appendBigEndian(producerID.value)
        bytes.appendBigEndian(producerEpoch.value)
        bytes.appendBigEndian(baseSequence.value)
        bytes.appendBigEndian(recordCount)
        return bytes
    }

    /// Computes the checksum anew for these header fields followed by `records`.
    package mutating func updateChecksum(records: RawSpan) {
        let bytes = encoded()
        var sum = CRC32C()
        sum.update(bytes.rawBytes.extracting(Self.checksummedFrom..<Self.byteCount))
        sum.update(records)
        checksum = sum.value
    }
}

extension RecordBatchHeader {
    /// How many of these bytes are whole batches, from the start on.
    package static func wholeBatches(in bytes: RawSpan) -> Int {
        var end = 0
        while bytes.byteCount - end >= lengthPrefix,
            let size = try? totalBytes(prefix: bytes.extracting(end..<bytes.byteCount)),
            size <= bytes.byteCount - end
        {
            end += size
        }
        return end
    }
}
