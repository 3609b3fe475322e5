internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// The segment that takes appends.
struct ActiveSegment {
    let names: SegmentNames
    let log: any OpenFile
    let index: any OpenFile
    let timeIndex: any OpenFile
    private let interval: Int64
    /// Bytes of whole batches in the file.
    private(set) var bytes: Int64 = 0
    private(set) var endOffset: Offset
    var entries: IndexWriter
    /// The first batch's time, from which the segment's age counts; nil while it is empty.
    private(set) var firstTimestamp: Timestamp?
    /// The leader epoch in the last batch that recovery saw.
    private(set) var lastEpoch = LeaderEpoch(0)

    init(
        names: SegmentNames, log: any OpenFile, index: any OpenFile, timeIndex: any OpenFile, interval: Int64
    ) {
        self.names = names
        self.log = log
        self.index = index
        self.timeIndex = timeIndex
        self.interval = interval
        endOffset = names.baseOffset
        entries = IndexWriter(baseOffset: names.baseOffset, interval: interval)
    }

    /// A new segment. Its names are durable after `synchronizeDirectory`.
    init(creating names: SegmentNames, interval: Int64, in fileSystem: any FileSystem) throws(FileError) {
        self.init(
            names: names, log: try fileSystem.open(names.log, .replace),
            index: try fileSystem.open(names.index, .replace),
            timeIndex: try fileSystem.open(names.timeIndex, .replace), interval: interval)
    }

    /// Goes on where the log was closed.
    ///
    /// - Returns: false, and nothing is changed, where the indexes are not those that were there then.
    mutating func resume(at point: RecoveryPoint) throws(FileError) -> Bool {
        guard
            try Self.fits(index, entries: point.index.offsetEntries, of: SegmentIndex.offsetEntryBytes),
            try Self.fits(timeIndex, entries: point.index.timeEntries, of: SegmentIndex.timeEntryBytes)
        else { return false }
        if point.bytes > 0 {
            let start = try log.read(RecordBatchHeader.byteCount, at: 0)
            guard let first = try? RecordBatchHeader(parsing: start.rawBytes) else { return false }
            firstTimestamp = first.maxTimestamp
        }
        bytes = point.bytes
        endOffset = point.endOffset
        entries = IndexWriter(baseOffset: names.baseOffset, interval: interval, resuming: point.index)
        return true
    }

    /// Whether a file has `entries` entries; those behind are of appends that the disk did not keep, and are cut.
    private static func fits(_ file: any OpenFile, entries: Int, of size: Int64) throws(FileError) -> Bool {
        let expected = Int64(entries) * size
        let found = try file.status().size
        if found > expected { try file.truncate(to: expected) }
        return found >= expected
    }

    /// Writes a batch behind the last. After an error the segment is as before, provided that `cutBack` succeeds.
    mutating func append(_ header: RecordBatchHeader, records: RawSpan) throws(FileError) {
        precondition(header.baseOffset >= endOffset, "BUG: a batch at \(header.baseOffset) behind \(endOffset)")
        let stamped = header.encoded()
        try log.write(stamped.rawBytes, records, at: bytes)
        take(header, at: bytes)
    }

    /// Takes note of a batch that is in the file at `position`.
    mutating func take(_ header: RecordBatchHeader, at position: Int64) {
        entries.add(header, at: position)
        if firstTimestamp == nil { firstTimestamp = header.maxTimestamp }
        lastEpoch = header.leaderEpoch
        bytes = position + Int64(header.totalBytes)
        endOffset = header.nextOffset
    }

    /// Goes on at a place that is known to be the end of a batch, whatever lies before it.
    mutating func skip(to position: Int64, endOffset: Offset) {
        bytes = position
        self.endOffset = endOffset
    }

    /// Removes what a failed write may have left behind the last whole batch.
    func cutBack() throws(FileError) {
        try log.truncate(to: bytes)
    }

    /// The segment as it is now, with the files that are open.
    func snapshot() -> OpenSegment {
        let summary = SegmentSummary(
            baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes, maxTimestamp: entries.maxTimestamp,
            indexEntries: entries.offsetEntries, timeIndexEntries: entries.timeEntries)
        return OpenSegment(path: names.log, summary: summary, log: log, index: index, timeIndex: timeIndex)
    }

    func view() -> SegmentView {
        let open = snapshot()
        return SegmentView(path: open.path, summary: open.summary, files: .open(open))
    }
}
