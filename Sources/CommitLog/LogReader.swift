internal import FileAccess
package import Primitives
internal import RecordBatches
internal import Synchronization

/// The reading side of a partition. For any thread; calls that read files may block.
package final class LogReader: Sendable {
    private let current: Mutex<LogView>

    init(_ view: LogView) {
        current = Mutex(view)
    }

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
    /// - Parameter maxBytes: the slice is no longer, unless its first batch alone is.
    /// - Returns: nil where `offset` is the log's end.
    /// - Throws: `offsetOutOfRange` before the start or beyond the end.
    package func slice(from offset: Offset, maxBytes: Int) throws(LogError) -> LogSlice? {
        let view = view
        guard offset >= view.startOffset, offset <= view.endOffset else {
            throw .offsetOutOfRange(offset, available: view.startOffset.value..<view.endOffset.value)
        }
        if offset == view.endOffset { return nil }
        for segment in view.segments[view.indexOfSegment(with: offset)...] where segment.endOffset > offset {
            if let slice = try segment.slice(from: offset, maxBytes: maxBytes) { return slice }
        }
        return nil
    }

    /// How many bytes there are from `offset` to the end, at the least; exact within the last segment but for the part
    /// of the batch before `offset`. Cheap enough to ask at every poll.
    package func availableBytes(from offset: Offset, atMost limit: Int) throws(LogError) -> Int {
        let view = view
        guard offset >= view.startOffset, offset < view.endOffset else { return 0 }
        var available: Int64 = 0
        for (index, segment) in view.segments.enumerated().reversed() {
            if segment.baseOffset <= offset || index == view.segments.startIndex {
                return Int(
                    min(Int64(limit), available + segment.bytes - (try segment.position(of: offset)?.position ?? 0)))
            }
            available += segment.bytes
            if available >= limit { return limit }
        }
        return Int(min(Int64(limit), available))
    }

    /// The first record at or after `timestamp`: its offset and its own timestamp; nil where all are earlier.
    package func offset(atOrAfter timestamp: Timestamp) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let view = view
        for segment in view.segments where segment.maxTimestamp >= timestamp && segment.endOffset > view.startOffset {
            if let found = try segment.offset(atOrAfter: timestamp, notBefore: view.startOffset) { return found }
        }
        return nil
    }

    /// The record with the largest timestamp (KIP-734); nil in an empty log.
    package func offsetOfMaxTimestamp() throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let view = view
        guard let largest = view.segments.map(\.maxTimestamp).max(), largest.milliseconds >= 0 else { return nil }
        return try offset(atOrAfter: largest)
    }
}

extension LogView {
    /// The last segment that starts at or before `offset`.
    func indexOfSegment(with offset: Offset) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].baseOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}

extension SegmentView {
    /// Where the first batch that ends at or behind `offset` stands, and its header; nil where all end before it.
    func position(of offset: Offset) throws(LogError) -> (position: Int64, header: RecordBatchHeader)? {
        let start = try withFiles { () throws(FileError) in
            try SegmentIndex.position(
                of: Int32(clamping: max(0, offset - baseOffset)), in: index, entries: indexEntries)
        }
        var scan = BatchScan(file: log, path: path, from: start, to: bytes)
        while let batch = try scan.next() {
            if batch.header.lastOffset >= offset { return batch }
        }
        return nil
    }

    func slice(from offset: Offset, maxBytes: Int) throws(LogError) -> LogSlice? {
        guard let first = try position(of: offset) else { return nil }
        let most = min(bytes - first.position, Int64(max(maxBytes, first.header.totalBytes)))
        return LogSlice(file: log, position: first.position, byteCount: Int(most))
    }

    func offset(
        atOrAfter timestamp: Timestamp, notBefore start: Offset
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let position = try withFiles { () throws(FileError) in
            guard
                let relative = try SegmentIndex.relativeOffset(
                    before: timestamp, in: timeIndex, entries: timeIndexEntries)
            else { return Int64(0) }
            return try SegmentIndex.position(of: relative, in: index, entries: indexEntries)
        }
        var scan = BatchScan(file: log, path: path, from: position, to: bytes)
        while let batch = try scan.next() {
            guard batch.header.maxTimestamp >= timestamp, batch.header.lastOffset >= start else { continue }
            let whole = try withFiles { () throws(FileError) in
                try log.read(batch.header.totalBytes, at: batch.position)
            }
            // A batch in a codec that we only pass on is answered by its start.
            guard let contents = try? RecordBatchContents(whole.rawBytes), let records = try? contents.records() else {
                return (max(start, batch.header.baseOffset), batch.header.maxTimestamp)
            }
            if let record = records.first(where: { $0.timestamp >= timestamp && $0.offset >= start }) {
                return (record.offset, record.timestamp)
            }
        }
        return nil
    }
}
