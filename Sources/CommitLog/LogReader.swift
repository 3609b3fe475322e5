internal import FileAccess
package import Primitives
internal import RecordBatches
internal import Synchronization
package import SystemPackage

/// The reading side of a partition. For any thread; calls that read files may block.
package final class LogReader: Sendable {
    private let current: Mutex<LogView>
    private let repairs: SegmentRepairs
    /// Why the log could not be opened; every read throws it.
    package let failure: LogError?

    init(_ view: LogView, repairs: SegmentRepairs) {
        current = Mutex(view)
        self.repairs = repairs
        failure = nil
    }

    /// Stands in for a log that could not be opened.
    package init(unavailable error: LogError, _ directory: FilePath) {
        let summary = SegmentSummary(
            baseOffset: .zero, endOffset: .zero, bytes: 0, maxTimestamp: .none, indexEntries: 0, timeIndexEntries: 0)
        current = Mutex(
            LogView(
                startOffset: .zero, endOffset: .zero, leaderEpoch: .unknown, sealed: [],
                active: SegmentView(path: directory, summary: summary, files: .unavailable(error))))
        repairs = SegmentRepairs()
        failure = error
    }

    /// Segments whose indexes were built anew since the log began to be opened: then, or when they were read first.
    package var rebuiltIndexes: Int { repairs.found.rebuiltIndexes }

    /// Damaged places that were met while indexes were built anew.
    package var damages: [LogDamage] { repairs.found.damages }

    package var view: LogView { current.withLock { $0 } }

    func publish(_ change: (inout LogView) -> Void) {
        current.withLock { view in
            let before = view.endOffset
            change(&view)
            precondition(view.endOffset >= before, "BUG: the durable end of a log went back")
            precondition(view.startOffset <= view.endOffset, "BUG: a log starts behind its end")
        }
    }

    /// Finds the batches from `offset` on.
    ///
    /// The slice begins with the batch that contains `offset`, and lies in one segment.
    ///
    /// - Parameters:
    ///   - maxBytes: the slice is no longer, unless its first batch alone is.
    ///   - patience: also for reading the slice.
    /// - Returns: nil where `offset` is the log's end.
    /// - Throws: `offsetOutOfRange` before the start or beyond the end.
    package func slice(
        from offset: Offset, maxBytes: Int, _ patience: ReadPatience = .waiting
    ) throws(LogError) -> LogSlice? {
        try withView { (view) throws(LogError) in try view.slice(from: offset, maxBytes: maxBytes, patience) }
    }

    /// How many bytes there are from `offset` to the end, at the least; exact within the last segment but for the part
    /// of the batch before `offset`. Cheap enough to ask at every poll.
    package func availableBytes(
        from offset: Offset, atMost limit: Int, _ patience: ReadPatience = .waiting
    ) throws(LogError) -> Int {
        try withView { (view) throws(LogError) in try view.availableBytes(from: offset, atMost: limit, patience) }
    }

    /// The first record at or after `timestamp`: its offset and its own timestamp; nil where all are earlier.
    package func offset(
        atOrAfter timestamp: Timestamp, _ patience: ReadPatience = .waiting
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        try withView { (view) throws(LogError) in try view.offset(atOrAfter: timestamp, patience) }
    }

    /// The first record with the largest timestamp (KIP-734); nil in an empty log.
    package func offsetOfMaxTimestamp(
        _ patience: ReadPatience = .waiting
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        try withView { (view) throws(LogError) in
            let largest = try view.maxTimestamp(patience)
            return largest == .none ? nil : try view.offset(atOrAfter: largest, patience)
        }
    }

    /// Answers from one view; from a newer one where this was overtaken:
    ///
    /// 1. A view is taken, which names a segment whose files are not open.
    /// 2. The segment is deleted, or compacted together with others.
    /// 3. Its files cannot be opened any more. In a view that is taken now it is not named.
    private func withView<Result>(
        _ body: (LogView) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        if let failure { throw failure }
        while true {
            let view = view
            do throws(LogError) {
                return try body(view)
            } catch {
                guard case .file(let cause) = error, cause.isNotFound,
                    self.view.generation > view.generation
                else { throw error }
            }
        }
    }
}

// Lookups: segments are found by what the view says of them, and only those that hold the answer are opened.
extension LogView {
    func slice(from offset: Offset, maxBytes: Int, _ patience: ReadPatience) throws(LogError) -> LogSlice? {
        guard offset >= startOffset, offset <= endOffset else {
            throw .offsetOutOfRange(offset, available: startOffset.value..<endOffset.value)
        }
        if offset == endOffset { return nil }
        for index in indexOfSegment(with: offset)..<segmentCount {
            let segment = segment(index)
            guard segment.endOffset > offset else { continue }
            if let slice = try segment.open(patience).slice(from: offset, maxBytes: maxBytes) { return slice }
        }
        return nil
    }

    func availableBytes(from offset: Offset, atMost limit: Int, _ patience: ReadPatience) throws(LogError) -> Int {
        guard offset >= startOffset, offset < endOffset else { return 0 }
        var available: Int64 = 0
        for index in (0..<segmentCount).reversed() {
            let segment = segment(index)
            if segment.baseOffset <= offset || index == 0 {
                available +=
                    segment.bytes - (try segment.open(patience).position(of: offset)?.position ?? segment.bytes)
                break
            }
            available += segment.bytes
            if available >= limit { break }
        }
        return Int(max(0, min(Int64(limit), available)))
    }

    func offset(
        atOrAfter timestamp: Timestamp, _ patience: ReadPatience
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        for index in indexOfSegment(with: startOffset)..<segmentCount {
            let segment = segment(index)
            guard segment.maxTimestamp >= timestamp else { continue }
            let open = try segment.open(patience)
            if let found = try open.offset(atOrAfter: timestamp, notBefore: startOffset) { return found }
        }
        return nil
    }

    func maxTimestamp(_ patience: ReadPatience) throws(LogError) -> Timestamp {
        var largest = Timestamp.none
        for index in indexOfSegment(with: startOffset)..<segmentCount {
            let segment = segment(index)
            guard segment.maxTimestamp > largest else { continue }
            let isWhole = segment.baseOffset >= startOffset
            largest = isWhole ? segment.maxTimestamp : try segment.open(patience).maxTimestamp(notBefore: startOffset)
        }
        return largest
    }

    /// The last segment that starts at or before `offset`.
    func indexOfSegment(with offset: Offset) -> Int {
        var low = 0
        var high = segmentCount
        while low < high {
            let middle = (low + high) / 2
            if segment(middle).baseOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
