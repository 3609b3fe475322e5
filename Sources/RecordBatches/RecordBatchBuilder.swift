package import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Collects records in wire form, and seals them into a batch.
///
/// The append is the one copy that a line undergoes in the agent's memory. No allocation happens per record once the
/// memory has grown to the size of the batches.
@safe package final class RecordBatchBuilder {
    /// Records in wire form, uncompressed.
    private var memory: UnsafeMutableRawBufferPointer
    private var used = 0
    private var count: Int32 = 0
    private var baseTimestamp = Timestamp(milliseconds: 0)
    private var maxTimestamp = Timestamp(milliseconds: 0)

    /// The most bytes of records, uncompressed, that a batch shall have; a single larger record still makes one.
    private let limit: Int

    /// - Parameter limit: bytes, from 1 to 2^30.
    package init(limit: Int) {
        precondition((1...1 << 30).contains(limit), "BUG: a batch of \(limit) bytes")
        self.limit = limit
        unsafe self.memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)
    }

    deinit {
        unsafe memory.deallocate()
    }

    package var recordCount: Int { Int(count) }
    package var isEmpty: Bool { count == 0 }
    /// Bytes of records so far, uncompressed.
    package var byteCount: Int { used }
    /// Bytes of memory held.
    package var heldBytes: Int { unsafe memory.count }

    /// Adds a record.
    ///
    /// - Parameters:
    ///   - key: nil for a record without a key.
    ///   - value: nil for a tombstone.
    ///   - headers: nil for none, which most records have.
    /// - Returns: false, and nothing is added, where the batch is full; an empty one takes any record.
    package func append(
        key: RawSpan?, value: RawSpan?, timestamp: Timestamp, headers: RecordHeaders? = nil
    ) -> Bool {
        let timestampDelta = count == 0 ? 0 : timestamp.milliseconds - baseTimestamp.milliseconds
        let keyLength = key?.byteCount ?? -1
        let valueLength = value?.byteCount ?? -1
        let body =
            1 + length(varint: timestampDelta) + length(varint: Int64(count)) + length(varint: Int64(keyLength))
            + max(0, keyLength) + length(varint: Int64(valueLength)) + max(0, valueLength)
            + (headers?.bytes.count ?? 1)
        let total = length(varint: Int64(body)) + body
        if used + total > limit && count > 0 { return false }
        if unsafe used + total > memory.count { grow(to: used + total) }

        if count == 0 {
            baseTimestamp = timestamp
            maxTimestamp = timestamp
        } else if timestamp.milliseconds > maxTimestamp.milliseconds {
            maxTimestamp = timestamp
        }
        put(varint: Int64(body))
        unsafe memory[used] = 0
        used += 1
        put(varint: timestampDelta)
        put(varint: Int64(count))
        put(varint: Int64(keyLength))
        if let key { put(key) }
        put(varint: Int64(valueLength))
        if let value { put(value) }
        if let headers {
            put(headers.bytes.rawBytes)
        } else {
            put(varint: 0)
        }
        count += 1
        return true
    }

    /// Makes a batch of the records so far, and starts anew.
    ///
    /// Base offset 0 and leader epoch -1, as a producer sends it; the producer's fields as given.
    ///
    /// - Precondition: at least one record was added.
    package func seal(
        with compressor: BatchCompressor, producerID: ProducerID = .none, producerEpoch: ProducerEpoch = .none,
        baseSequence: SequenceNumber = .none
    ) -> SealedBatch {
        precondition(count > 0, "BUG: a batch without records was sealed")
        let records = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[..<used]))
        var header = RecordBatchHeader(
            baseOffset: .zero, totalBytes: 0, leaderEpoch: .unknown, checksum: 0,
            attributes: BatchAttributes(codec: .none), lastOffsetDelta: count - 1, baseTimestamp: baseTimestamp,
            maxTimestamp: maxTimestamp, producerID: producerID, producerEpoch: producerEpoch,
            baseSequence: baseSequence, recordCount: count)
        let body = compressor.compress(records, into: &header)
        let batch = SealedBatch(header: header, body: body, uncompressedBytes: used)
        used = 0
        count = 0
        return batch
    }

    /// Gives the memory of an empty builder back.
    package func releaseMemory() {
        precondition(count == 0, "BUG: the memory of a filled builder was released")
        unsafe memory.deallocate()
        unsafe memory = .allocate(byteCount: 0, alignment: 1)
    }

    private func grow(to needed: Int) {
        let size = max(needed, unsafe min(limit, max(4096, memory.count * 2)))
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<used]))
        unsafe memory.deallocate()
        unsafe memory = larger
    }

    /// As `Varint.length(signed:)`, which another module cannot inline: its calls took 4 % of the agent's time.
    @inline(__always)
    private func length(varint value: Int64) -> Int { (70 - (zigzag(value) | 1).leadingZeroBitCount) / 7 }

    @inline(__always)
    private func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    @inline(__always)
    private func put(varint value: Int64) {
        var rest = zigzag(value)
        while rest >= 0x80 {
            unsafe memory[used] = UInt8(truncatingIfNeeded: rest) | 0x80
            used += 1
            rest >>= 7
        }
        unsafe memory[used] = UInt8(rest)
        used += 1
    }

    @inline(__always)
    private func put(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            precondition(unsafe memory.count - used >= bytes.count, "BUG: the batch's memory was measured too small")
            unsafe memcpy(memory.baseAddress! + used, source, bytes.count)
        }
        used += bytes.byteCount
    }
}

/// A record's headers in wire form, made once for many records.
package struct RecordHeaders: Sendable {
    fileprivate let bytes: [UInt8]

    package init(_ headers: [(key: String, value: [UInt8])]) {
        var bytes: [UInt8] = []
        bytes.appendVarint(signed: Int64(headers.count))
        for header in headers {
            bytes.appendVarint(signed: Int64(header.key.utf8.count))
            bytes += Array(header.key.utf8)
            bytes.appendVarint(signed: Int64(header.value.count))
            bytes += header.value
        }
        self.bytes = bytes
    }

    /// As they stand in another record: any bytes as names, and values that may be null.
    package init(wire headers: [(key: [UInt8], value: [UInt8]?)]) {
        var bytes: [UInt8] = []
        bytes.appendVarint(signed: Int64(headers.count))
        for header in headers {
            bytes.appendVarint(signed: Int64(header.key.count))
            bytes += header.key
            bytes.appendVarint(signed: header.value.map { Int64($0.count) } ?? -1)
            bytes += header.value ?? []
        }
        self.bytes = bytes
    }
}

/// A finished batch, ready to be sent. Copies share the records' memory, whatever header each is stamped with.
package struct SealedBatch: Sendable {
    package private(set) var header: RecordBatchHeader
    /// What follows the header: the records, compressed where the header says so.
    package let body: [UInt8]
    /// Bytes of the records before compression.
    package let uncompressedBytes: Int

    init(header: RecordBatchHeader, body: [UInt8], uncompressedBytes: Int) {
        self.header = header
        self.body = body
        self.uncompressedBytes = uncompressedBytes
    }

    package var recordCount: Int { Int(header.recordCount) }
    package var byteCount: Int { header.totalBytes }

    /// The whole batch, in fresh memory.
    package var bytes: [UInt8] { header.encoded() + body }

    /// Puts other producer fields in, and the checksum that belongs to them.
    package mutating func stamp(producerID: ProducerID, epoch: ProducerEpoch, baseSequence: SequenceNumber) {
        var stamped = header
        stamped.producerID = producerID
        stamped.producerEpoch = epoch
        stamped.baseSequence = baseSequence
        stamped.updateChecksum(records: body.rawBytes)
        header = stamped
    }
}
