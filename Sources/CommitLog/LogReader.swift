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
        for index in view.indexOfSegment(with: offset)..<view.segmentCount {
            let segment = view.segment(index)
            guard segment.endOffset > offset else { continue }
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
        for index in (0..<view.segmentCount).reversed() {
            let segment = view.segment(index)
            if segment.baseOffset <= offset || index == 0 {
                available += segment.bytes - (try segment.position(of: offset)?.position ?? segment.bytes)
                break
            }
            available += segment.bytes
            if available >= limit { break }
        }
        return Int(min(Int64(limit), available))
    }

    /// The first record at or after `timestamp`: its offset and its own timestamp; nil where all are earlier.
    package func offset(atOrAfter timestamp: Timestamp) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let view = view
        for index in view.indexOfSegment(with: view.startOffset)..<view.segmentCount {
            let segment = view.segment(index)
            guard segment.maxTimestamp >= timestamp else { continue }
            if let found = try segment.offset(atOrAfter: timestamp, notBefore: view.startOffset) { return found }
        }
        return nil
    }

    /// The first record with the largest timestamp (KIP-734); nil in an empty log.
    package func offsetOfMaxTimestamp() throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let view = view
        var largest = Timestamp.none
        for index in view.indexOfSegment(with: view.startOffset)..<view.segmentCount {
            let segment = view.segment(index)
            guard segment.maxTimestamp > largest else { continue }
            largest = max(largest, try segment.maxTimestamp(notBefore: view.startOffset))
        }
        return largest == .none ? nil : try offset(atOrAfter: largest)
    }
}

extension LogView {
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

extension SegmentView {
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
            try SegmentIndex.entry(atOrBefore: relative, in: index, entries: indexEntries)
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
        guard baseOffset < start else { return maxTimestamp }
        var largest = Timestamp.none
        var scan = BatchScan(file: log, path: path, from: try position(of: start)?.position ?? bytes, to: bytes)
        while let batch = try scan.next() { largest = max(largest, batch.header.maxTimestamp) }
        return largest
    }

    func offset(
        atOrAfter timestamp: Timestamp, notBefore start: Offset
    ) throws(LogError) -> (offset: Offset, timestamp: Timestamp)? {
        let position = max(
            try self.position(before: timestamp), try baseOffset < start ? self.position(of: start)?.position ?? 0 : 0)
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

    /// A position before which no record is as late as `timestamp`.
    private func position(before timestamp: Timestamp) throws(LogError) -> Int64 {
        let entry = try withFiles { () throws(FileError) in
            try SegmentIndex.entry(before: timestamp, in: timeIndex, entries: timeIndexEntries)
        }
        guard let entry, entry.relativeOffset >= 0 else { return 0 }
        // The entry is believed only where the batch that it names bears it out.
        let offset = baseOffset + Int64(entry.relativeOffset)
        guard let batch = try position(of: offset), batch.header.lastOffset == offset,
            batch.header.maxTimestamp == entry.timestamp
        else { return 0 }
        return batch.position
    }
}
