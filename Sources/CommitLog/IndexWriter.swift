internal import FileAccess
internal import Primitives
internal import RecordBatches

/// Decides which batches of a segment get index entries, and holds the entries until they are written.
///
/// As Kafka's LogSegment: an entry after every `interval` bytes of log, (last offset of the batch, its position), and a
/// time entry with it whenever the largest timestamp grew.
struct IndexWriter {
    private let baseOffset: Offset
    private let interval: Int64
    private(set) var maxTimestamp = Timestamp.none
    private(set) var offsetOfMaxTimestamp = Offset.zero
    private(set) var offsetEntries = 0
    private(set) var timeEntries = 0
    private var lastTimeEntry = Timestamp.none
    private var bytesSinceEntry: Int64 = 0
    private var pendingOffsets: [UInt8] = []
    private var pendingTimes: [UInt8] = []

    init(baseOffset: Offset, interval: Int64) {
        self.baseOffset = baseOffset
        self.interval = interval
    }

    /// Goes on behind entries that are in the files already.
    mutating func resume(
        offsetEntries: Int, timeEntries: Int, maxTimestamp: Timestamp, offsetOfMaxTimestamp: Offset
    ) {
        self.offsetEntries = offsetEntries
        self.timeEntries = timeEntries
        self.maxTimestamp = maxTimestamp
        self.offsetOfMaxTimestamp = offsetOfMaxTimestamp
        self.lastTimeEntry = maxTimestamp
    }

    /// Takes note of a batch at `position`.
    mutating func add(_ header: RecordBatchHeader, at position: Int64) {
        if header.maxTimestamp > maxTimestamp {
            maxTimestamp = header.maxTimestamp
            offsetOfMaxTimestamp = header.lastOffset
        }
        if bytesSinceEntry > interval {
            pendingOffsets.appendBigEndian(Int32(header.lastOffset - baseOffset))
            pendingOffsets.appendBigEndian(Int32(position))
            addTimeEntry()
            bytesSinceEntry = 0
        }
        bytesSinceEntry += Int64(header.totalBytes)
    }

    /// The last time entry of a segment that takes no more batches: its largest timestamp.
    mutating func finish() {
        addTimeEntry()
    }

    private mutating func addTimeEntry() {
        guard maxTimestamp > lastTimeEntry else { return }
        pendingTimes.appendBigEndian(maxTimestamp.milliseconds)
        pendingTimes.appendBigEndian(Int32(offsetOfMaxTimestamp - baseOffset))
        lastTimeEntry = maxTimestamp
    }

    /// Writes the entries that are pending.
    mutating func write(index: any OpenFile, timeIndex: any OpenFile) throws(FileError) {
        if !pendingOffsets.isEmpty {
            try index.write(pendingOffsets.rawBytes, at: Int64(offsetEntries) * SegmentIndex.offsetEntryBytes)
            offsetEntries += pendingOffsets.count / Int(SegmentIndex.offsetEntryBytes)
            pendingOffsets.removeAll(keepingCapacity: true)
        }
        if !pendingTimes.isEmpty {
            try timeIndex.write(pendingTimes.rawBytes, at: Int64(timeEntries) * SegmentIndex.timeEntryBytes)
            timeEntries += pendingTimes.count / Int(SegmentIndex.timeEntryBytes)
            pendingTimes.removeAll(keepingCapacity: true)
        }
    }
}
