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
    /// Bytes of whole batches in the file.
    private(set) var bytes: Int64 = 0
    private(set) var endOffset: Offset
    var entries: IndexWriter
    /// The first record's time, from which the segment's age counts; nil while it is empty.
    private(set) var firstTimestamp: Timestamp?

    init(creating names: SegmentNames, interval: Int64, in fileSystem: any FileSystem) throws(FileError) {
        self.names = names
        log = try fileSystem.open(names.log, .replace)
        index = try fileSystem.open(names.index, .replace)
        timeIndex = try fileSystem.open(names.timeIndex, .replace)
        endOffset = names.baseOffset
        entries = IndexWriter(baseOffset: names.baseOffset, interval: interval)
    }

    /// A segment that is there already, as recovery found it.
    init(
        resuming names: SegmentNames, log: any OpenFile, index: any OpenFile, timeIndex: any OpenFile, bytes: Int64,
        endOffset: Offset, entries: IndexWriter, firstTimestamp: Timestamp?
    ) {
        self.names = names
        self.log = log
        self.index = index
        self.timeIndex = timeIndex
        self.bytes = bytes
        self.endOffset = endOffset
        self.entries = entries
        self.firstTimestamp = firstTimestamp
    }

    /// Writes a batch behind the last. After an error the segment is as before, provided that `cutBack` succeeds.
    mutating func append(_ header: RecordBatchHeader, records: RawSpan) throws(FileError) {
        precondition(header.baseOffset >= endOffset, "BUG: a batch at \(header.baseOffset) behind \(endOffset)")
        let stamped = header.encoded()
        try log.write(stamped.rawBytes, records, at: bytes)
        entries.add(header, at: bytes)
        if firstTimestamp == nil { firstTimestamp = header.maxTimestamp }
        bytes += Int64(header.totalBytes)
        endOffset = header.nextOffset
    }

    /// Removes what a failed write may have left behind the last whole batch.
    func cutBack() throws(FileError) {
        try log.truncate(to: bytes)
    }

    func view() -> SegmentView {
        SegmentView(
            path: names.log, baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes,
            maxTimestamp: entries.maxTimestamp,
            offsetOfMaxTimestamp: entries.offsetOfMaxTimestamp, log: log, index: index, timeIndex: timeIndex,
            indexEntries: entries.offsetEntries, timeIndexEntries: entries.timeEntries)
    }
}
