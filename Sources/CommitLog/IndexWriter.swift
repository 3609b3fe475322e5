internal import FileAccess
internal import Primitives
internal import RecordBatches

/// Decides which batches of a segment get index entries, and holds the entries until they are written.
///
/// As Kafka's LogSegment: an entry after every `interval` bytes of log, (last offset of the batch, its position), and a
/// time entry with it whenever the largest timestamp grew.
struct IndexWriter {
    /// What goes on where a closed log is opened again.
    struct State: Equatable {
        var maxTimestamp: Timestamp
        /// The last offset of the first batch with that timestamp.
        var offsetOfMaxTimestamp: Offset
        /// Entries in the files.
        var offsetEntries = 0
        var timeEntries = 0
        var bytesSinceEntry: Int64 = 0
    }

    private let baseOffset: Offset
    private let interval: Int64
    private(set) var state: State
    private var isEmpty = true
    private var lastTimeEntry = Timestamp.none
    private var pendingOffsets: [UInt8] = []
    private var pendingTimes: [UInt8] = []

    init(baseOffset: Offset, interval: Int64) {
        self.baseOffset = baseOffset
        self.interval = interval
        state = State(maxTimestamp: .none, offsetOfMaxTimestamp: baseOffset)
    }

    /// Goes on behind entries that are in the files already; `finish` was called before they were written.
    init(baseOffset: Offset, interval: Int64, resuming state: State) {
        self.baseOffset = baseOffset
        self.interval = interval
        self.state = state
        isEmpty = state.timeEntries == 0
        lastTimeEntry = state.maxTimestamp
    }

    var maxTimestamp: Timestamp { state.maxTimestamp }
    var offsetEntries: Int { state.offsetEntries }
    var timeEntries: Int { state.timeEntries }

    /// Takes note of a batch at `position`.
    mutating func add(_ header: RecordBatchHeader, at position: Int64) {
        isEmpty = false
        if header.newestRecord > state.maxTimestamp {
            state.maxTimestamp = header.newestRecord
            state.offsetOfMaxTimestamp = header.lastOffset
        }
        // A segment of other make may reach over what an entry can say: its end is found by scanning then.
        if state.bytesSinceEntry > interval, let relative = Int32(exactly: header.lastOffset - baseOffset),
            let place = Int32(exactly: position)
        {
            pendingOffsets.appendBigEndian(relative)
            pendingOffsets.appendBigEndian(place)
            if maxTimestamp > lastTimeEntry { addTimeEntry() }
            state.bytesSinceEntry = 0
        }
        state.bytesSinceEntry += Int64(header.totalBytes)
    }

    /// The last time entry of a segment that takes no more batches until it is opened again: its largest timestamp. There
    /// is one even where no record has a time, so that an index that lost its content is told from one that never had
    /// any.
    mutating func finish() {
        if maxTimestamp > lastTimeEntry || (timeEntries == 0 && pendingTimes.isEmpty && !isEmpty) { addTimeEntry() }
    }

    private mutating func addTimeEntry() {
        guard let relative = Int32(exactly: state.offsetOfMaxTimestamp - baseOffset) else { return }
        pendingTimes.appendBigEndian(maxTimestamp.milliseconds)
        pendingTimes.appendBigEndian(relative)
        lastTimeEntry = maxTimestamp
    }

    /// Writes the entries that are pending. After an error they still are.
    mutating func write(index: any OpenFile, timeIndex: any OpenFile) throws(FileError) {
        if !pendingOffsets.isEmpty {
            try index.write(pendingOffsets.rawBytes, at: Int64(offsetEntries) * SegmentIndex.offsetEntryBytes)
            state.offsetEntries += pendingOffsets.count / Int(SegmentIndex.offsetEntryBytes)
            pendingOffsets.removeAll(keepingCapacity: true)
        }
        if !pendingTimes.isEmpty {
            try timeIndex.write(pendingTimes.rawBytes, at: Int64(timeEntries) * SegmentIndex.timeEntryBytes)
            state.timeEntries += pendingTimes.count / Int(SegmentIndex.timeEntryBytes)
            pendingTimes.removeAll(keepingCapacity: true)
        }
    }

    /// The pending entries' bytes, for files that are written whole.
    var pending: (offsets: [UInt8], times: [UInt8]) { (pendingOffsets, pendingTimes) }
}

extension RecordBatchHeader {
    /// The time of its newest record: none in a batch that compaction emptied, which keeps the times that it had.
    var newestRecord: Timestamp { recordCount == 0 ? .none : maxTimestamp }
}
