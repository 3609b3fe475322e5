internal import FileAccess
internal import ForeignCodecs
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// A segment with its files open: everything named here is durable and does not change. Whoever holds one can read it
/// to the end, whatever becomes of the segment meanwhile.
struct OpenSegment: Sendable {
    /// The .log file.
    var path: FilePath
    var summary: SegmentSummary
    var log: any ReadableFile
    /// Looked at only as far as the summary's number of entries: without any, it may be whatever file.
    var index: any ReadableFile
    var timeIndex: any ReadableFile

    var baseOffset: Offset { summary.baseOffset }
    var bytes: Int64 { summary.bytes }

    /// A segment to be read without indexes, by scans.
    init(scanning log: any ReadableFile, path: FilePath, summary: SegmentSummary) {
        self.init(path: path, summary: summary, log: log, index: log, timeIndex: log)
        self.summary.indexEntries = 0
        self.summary.timeIndexEntries = 0
    }

    init(
        path: FilePath, summary: SegmentSummary, log: any ReadableFile, index: any ReadableFile,
        timeIndex: any ReadableFile
    ) {
        self.path = path
        self.summary = summary
        self.log = log
        self.index = index
        self.timeIndex = timeIndex
    }

    /// The same segment as far as it is in memory.
    func resident() -> OpenSegment {
        OpenSegment(
            path: path, summary: summary, log: log.resident, index: index.resident, timeIndex: timeIndex.resident)
    }
}

extension OpenSegment {
    /// Where the first batch that ends at or behind `offset` stands, and its header; nil where all end before it.
    func position(of offset: Offset) throws(LogError) -> PlacedBatch? {
        var scan = BatchScan(file: log, path: path, from: 0, to: bytes)
        if let (batch, rest) = try indexedBatch(atOrBefore: offset) {
            if batch.header.lastOffset >= offset { return batch }
            scan = rest
        }
        while let batch = try scan.next() {
            if batch.header.lastOffset >= offset { return batch }
        }
        return nil
    }

    /// The last batch in the index that ends at or before `offset`, and the scan of what follows it; nil where there is
    /// none, or where the index is wrong.
    private func indexedBatch(atOrBefore offset: Offset) throws(LogError) -> (PlacedBatch, rest: BatchScan)? {
        let relative = Int32(clamping: max(0, offset - baseOffset))
        let entry = try withFiles { () throws(FileError) in
            try SegmentIndex.entry(atOrBefore: relative, in: index, entries: summary.indexEntries)
        }
        guard let entry, (0..<bytes).contains(entry.position) else { return nil }
        var scan = BatchScan(file: log, path: path, from: entry.position, to: bytes)
        do throws(LogError) {
            guard let batch = try scan.next(), batch.header.lastOffset == baseOffset + Int64(entry.relativeOffset)
            else { return nil }
            return (batch, scan)
        } catch {
            if case .malformed = error { return nil }
            throw error
        }
    }

    func slice(from offset: Offset, maxBytes: Int) throws(LogError) -> LogSlice? {
        guard let first = try position(of: offset) else { return nil }
        let most = min(bytes - first.position, Int64(max(maxBytes, first.header.totalBytes)))
        return LogSlice(file: log, position: first.position, byteCount: Int(most))
    }

    /// The largest timestamp of the batches that reach to `start` or behind it.
    func maxTimestamp(notBefore start: Offset) throws(LogError) -> Timestamp {
        var largest = Timestamp.none
        var scan = BatchScan(file: log, path: path, from: try position(of: start)?.position ?? bytes, to: bytes)
        while let batch = try scan.next() { largest = max(largest, batch.header.newestRecord) }
        return largest
    }

    func offset(
        atOrAfter timestamp: Timestamp, notBefore start: Offset
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let position = max(
            try self.position(before: timestamp), try baseOffset < start ? self.position(of: start)?.position ?? 0 : 0)
        var scan = BatchScan(file: log, path: path, from: position, to: bytes)
        while let batch = try scan.next() {
            guard batch.header.newestRecord >= timestamp, batch.header.lastOffset >= start else { continue }
            let whole = try withFiles { () throws(FileError) in
                try log.read(batch.header.totalBytes, at: batch.position)
            }
            // A batch that cannot be read is answered by its start.
            guard let contents = try? RecordBatchContents(whole.rawBytes, foreign: ForeignCodecs.decompress),
                let records = try? contents.records()
            else {
                return (max(start, batch.header.baseOffset), batch.header.maxTimestamp)
            }
            if let record = records.first(where: { $0.timestamp >= timestamp && $0.offset >= start }) {
                return (record.offset, record.timestamp)
            }
        }
        return nil
    }

    /// A position before which no record is as late as `timestamp`.
    private func position(before timestamp: Timestamp) throws(LogError) -> Int64 {
        let entry = try withFiles { () throws(FileError) in
            try SegmentIndex.entry(before: timestamp, in: timeIndex, entries: summary.timeIndexEntries)
        }
        guard let entry, entry.relativeOffset >= 0 else { return 0 }
        // The entry is believed only where the batch that it names bears it out.
        let offset = baseOffset + Int64(entry.relativeOffset)
        guard let batch = try position(of: offset), batch.header.lastOffset == offset,
            batch.header.newestRecord == entry.timestamp
        else { return 0 }
        return batch.position
    }
}
