import CommitLog
import FileAccess
import ForeignCodecs
import Primitives
import RecordBatches
import Testing

/// A record by key; without a value a tombstone.
struct Keyed: Hashable {
    var key: String?
    var value: String?

    init(_ key: String?, _ value: String?) {
        self.key = key
        self.value = value
    }
}

struct StoredKeyed: Hashable, CustomStringConvertible {
    var offset: Int64
    var key: String?
    var value: String?
    var time: Int64

    var description: String { "\(offset) \(key ?? "-")=\(value ?? "(none)") at \(time)" }
}

/// A batch of records with keys, made byte by byte: the builder makes no tombstones, and no foreign codecs.
func keyedBatch(
    _ records: [Keyed], at time: Int64 = 1000, from source: BatchSource? = nil, codec: CompressionCodec = .none
) throws -> SealedKeyed {
    if codec == .lz4 || codec == .gzip { return try builtBatch(records, at: time, codec) }
    var payload: [UInt8] = []
    for (index, record) in records.enumerated() {
        var body: [UInt8] = [0]
        body.appendVarint(signed: 0)
        body.appendVarint(signed: Int64(index))
        for field in [record.key, record.value] {
            body.appendVarint(signed: field.map { Int64($0.utf8.count) } ?? -1)
            body += Array((field ?? "").utf8)
        }
        body.appendVarint(signed: 0)
        payload.appendVarint(signed: Int64(body.count))
        payload += body
    }
    if let compressed = ForeignCodecs.compress(payload.rawBytes, codec) { payload = compressed }
    var blank = [UInt8](repeating: 0, count: RecordBatchHeader.byteCount)
    blank[11] = UInt8(RecordBatchHeader.byteCount - RecordBatchHeader.lengthPrefix)
    blank[16] = 2
    var header = try RecordBatchHeader(parsing: blank.rawBytes)
    header.totalBytes += payload.count
    header.attributes = BatchAttributes(codec: codec)
    header.lastOffsetDelta = Int32(records.count - 1)
    header.baseTimestamp = Timestamp(milliseconds: time)
    header.maxTimestamp = header.baseTimestamp
    header.producerID = ProducerID(source?.id ?? -1)
    header.producerEpoch = ProducerEpoch(source?.epoch ?? -1)
    header.baseSequence = SequenceNumber(source?.sequence ?? -1)
    header.recordCount = Int32(records.count)
    header.updateChecksum(records: payload.rawBytes)
    return SealedKeyed(header: header, records: payload)
}

private func builtBatch(_ records: [Keyed], at time: Int64, _ codec: CompressionCodec) throws -> SealedKeyed {
    let builder = RecordBatchBuilder(limit: 1 << 20)
    for record in records {
        let key = Array((record.key ?? "").utf8)
        let value = Array((record.value ?? "").utf8)
        let isAppended = builder.append(
            key: key.rawBytes, value: value.rawBytes, timestamp: Timestamp(milliseconds: time))
        #expect(isAppended)
    }
    let sealed = builder.seal(with: try BatchCompressor(codec))
    return SealedKeyed(header: sealed.header, records: sealed.body)
}

struct SealedKeyed {
    var header: RecordBatchHeader
    var records: [UInt8]
}

extension PartitionLog {
    @discardableResult
    func append(_ batch: SealedKeyed, now: Int64 = 1000) throws(LogError) -> Appended {
        try append(batch.header, records: batch.records.rawBytes, now: Timestamp(milliseconds: now))
    }

    @discardableResult
    func put(
        _ records: [Keyed], at time: Int64 = 1000, from source: BatchSource? = nil
    ) throws -> Appended {
        let appended = try append(try keyedBatch(records, at: time, from: source), now: time)
        try synchronize()
        return appended
    }

    /// A whole round, as the collector does it, on one thread; nil where none is due.
    @discardableResult
    func compact(
        now: Int64 = 1000, memory: Int = 1 << 20, pace: @escaping (Int) -> Bool = { _ in true }
    ) throws -> CompactionReport? {
        guard let plan = try planCompaction(now: Timestamp(milliseconds: now)) else { return nil }
        var compaction = Compaction(plan, memory: memory, pace: pace)
        let report = try compaction.run { (cleaned) throws(CompactionFailure) in
            do throws(LogError) {
                if try replace(with: cleaned) { return }
            } catch {
                throw .failed(error)
            }
            throw .overtaken
        }
        try finishCompaction(report)
        return report
    }
}

extension LogReader {
    /// Every record from the start on, the way a consumer fetches.
    func keyed(maxBytes: Int = 700) throws -> [StoredKeyed] {
        var offset = view.startOffset
        var found: [StoredKeyed] = []
        while let slice = try slice(from: offset, maxBytes: maxBytes) {
            let batches = try slice.batches()
            let last = try #require(batches.last, "a fetch at \(offset) brings no whole batch")
            #expect(batches[0].header.lastOffset >= offset)
            for batch in batches {
                found += try batch.records().filter { $0.offset >= offset }.map { record in
                    StoredKeyed(
                        offset: record.offset.value,
                        key: record.key.map { String(decoding: batch.payload[$0], as: UTF8.self) },
                        value: record.value.map { String(decoding: batch.payload[$0], as: UTF8.self) },
                        time: record.timestamp.milliseconds)
                }
            }
            offset = last.header.nextOffset
        }
        #expect(offset == view.endOffset, "a consumer stops before the end")
        return found
    }

    /// The newest value of each key, tombstones applied.
    var table: [String: String] {
        get throws {
            var table: [String: String] = [:]
            for record in try keyed() {
                guard let key = record.key else { continue }
                table[key] = record.value
            }
            return table
        }
    }
}
