internal import NIOCore
internal import Primitives
internal import RecordBatches

/// A batch as the producer holds it: to be stamped, and to be cut where it is too large.
struct ProducerBatch: ProducerPayload {
    /// nil where it could not be made again after the producer's death.
    var batch: SealedBatch?
    /// Nothing of it was sent earlier, and none of its records is older.
    var since: Timestamp

    init(_ batch: SealedBatch?, firstSent: Timestamp) {
        self.batch = batch
        self.since = min(firstSent, batch?.header.baseTimestamp ?? firstSent)
    }

    var isMissing: Bool { batch == nil }

    /// Puts the producer's fields in, unless they are there from an earlier attempt.
    mutating func stamp(_ identity: ProducerIdentity, _ sequence: SequenceNumber) {
        guard let header = batch?.header else { preconditionFailure("BUG: a batch that is not there was sent") }
        if header.producerID == identity.id && header.producerEpoch == identity.epoch
            && header.baseSequence == sequence
        {
            return
        }
        batch?.stamp(producerID: identity.id, epoch: identity.epoch, baseSequence: sequence)
    }

    /// What is sent; nothing where the batch is not there.
    var wireBytes: ByteBuffer {
        guard let batch else { return ByteBuffer() }
        // Not by way of `SealedBatch.bytes`, which would be a copy of the whole batch more.
        var buffer = ByteBuffer()
        buffer.reserveCapacity(batch.byteCount)
        buffer.writeBytes(batch.header.encoded())
        buffer.writeBytes(batch.body)
        return buffer
    }

    func split(at count: Int64) -> (head: ProducerBatch, tail: ProducerBatch)? {
        guard let batch else { return (self, self) }
        guard let halves = try? batch.split(at: Int(count)) else { return nil }
        var (head, tail) = (self, self)
        (head.batch, tail.batch) = halves
        return (head, tail)
    }
}

extension SealedBatch {
    /// The first `count` records and the others, each a batch of its own: keys, values, headers and timestamps as they are.
    ///
    /// Compressed by the same codec; by none where this build cannot compress with it.
    fileprivate func split(at count: Int) throws(BatchError) -> (SealedBatch, SealedBatch) {
        precondition((1..<recordCount).contains(count), "BUG: a batch of \(recordCount) records was cut at \(count)")
        let contents = try RecordBatchContents(bytes.rawBytes)
        let records = try contents.records()
        // The builder makes no tombstones.
        if let index = records.firstIndex(where: { $0.value == nil }) { throw .malformedRecord(index: index) }
        let codec = header.attributes.codec ?? .none
        let compressor: BatchCompressor
        do throws(BatchError) {
            compressor = try BatchCompressor(codec)
        } catch {
            compressor = try BatchCompressor(.none)
        }
        return (
            contents.batch(of: records[..<count], compressor), contents.batch(of: records[count...], compressor)
        )
    }
}

extension RecordBatchContents {
    fileprivate func batch(of records: ArraySlice<Record>, _ compressor: BatchCompressor) -> SealedBatch {
        let builder = RecordBatchBuilder(limit: 1 << 30)
        let bytes = payload.rawBytes
        for record in records {
            let headers = record.headers.map { header in
                (key: Array(payload[header.key]), value: header.value.map { Array(payload[$0]) })
            }
            let recordHeaders = headers.isEmpty ? nil : RecordHeaders(wire: headers)
            let value = bytes.extracting(record.value ?? 0..<0)
            let isAdded =
                if let key = record.key {
                    builder.append(
                        key: bytes.extracting(key), value: value, timestamp: record.timestamp, headers: recordHeaders)
                } else {
                    builder.append(key: nil, value: value, timestamp: record.timestamp, headers: recordHeaders)
                }
            precondition(isAdded, "BUG: a part of a batch is larger than 2^30 bytes")
        }
        return builder.seal(with: compressor)
    }
}
