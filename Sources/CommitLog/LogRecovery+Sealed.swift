internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

// Segments before the last: they and their indexes were synced when they were closed.
extension LogRecovery {
    mutating func openSealed(_ names: SegmentNames, endOffset: Offset) throws(LogError) -> SegmentView {
        let (log, bytes) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
        if let view = try existingIndexes(names, log: log, bytes: bytes, endOffset: endOffset) { return view }

        var entries = IndexWriter(baseOffset: names.baseOffset, interval: configuration.indexIntervalBytes)
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: bytes, offsets: names.baseOffset..<endOffset,
            verifying: true)
        while let batch = try walk.next() { entries.add(batch.header, at: batch.position) }
        entries.finish()
        report.damages += walk.damages
        report.rebuiltIndexes += 1
        return try withFiles { () throws(FileError) in
            // As a whole, so that a crash leaves no index that looks complete and is not.
            let pending = entries.pending
            try fileSystem.replace(names.index, with: pending.offsets.rawBytes)
            try fileSystem.replace(names.timeIndex, with: pending.times.rawBytes)
            return SegmentView(
                path: names.log, baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes,
                maxTimestamp: entries.maxTimestamp, log: log, index: try fileSystem.open(names.index, .read),
                timeIndex: try fileSystem.open(names.timeIndex, .read),
                indexEntries: pending.offsets.count / Int(SegmentIndex.offsetEntryBytes),
                timeIndexEntries: pending.times.count / Int(SegmentIndex.timeEntryBytes))
        }
    }

    /// The segment with the indexes that are there; nil where they cannot be right.
    ///
    /// Only the ends are looked at. What is wrong in the middle shows when a reader uses it, who then scans.
    private func existingIndexes(
        _ names: SegmentNames, log: any OpenFile, bytes: Int64, endOffset: Offset
    ) throws(LogError) -> SegmentView? {
        do throws(FileError) {
            let index = try fileSystem.open(names.index, .read)
            let timeIndex = try fileSystem.open(names.timeIndex, .read)
            let indexBytes = try index.status().size
            let timeBytes = try timeIndex.status().size
            guard indexBytes % SegmentIndex.offsetEntryBytes == 0, timeBytes % SegmentIndex.timeEntryBytes == 0 else {
                return nil
            }
            var view = SegmentView(
                path: names.log, baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes, maxTimestamp: .none,
                log: log, index: index, timeIndex: timeIndex,
                indexEntries: Int(indexBytes / SegmentIndex.offsetEntryBytes),
                timeIndexEntries: Int(timeBytes / SegmentIndex.timeEntryBytes))
            if bytes == 0 { return view }
            guard view.timeIndexEntries > 0, try hasRightIndexEnd(view),
                let newest = try SegmentIndex.timeEntry(view.timeIndexEntries - 1, in: timeIndex),
                newest.timestamp >= .none, (0..<endOffset - names.baseOffset).contains(Int64(newest.relativeOffset))
            else { return nil }
            view.maxTimestamp = newest.timestamp
            return view
        } catch {
            if error.isNotFound { return nil }
            throw .file(error)
        }
    }

    /// Whether the last entry of the offset index names a batch.
    private func hasRightIndexEnd(_ view: SegmentView) throws(FileError) -> Bool {
        // Without entries the segment is one that fits between two.
        guard view.indexEntries > 0 else { return true }
        guard let entry = try SegmentIndex.offsetEntry(view.indexEntries - 1, in: view.index),
            (0..<view.bytes).contains(entry.position)
        else { return false }
        let bytes = try view.log.read(RecordBatchHeader.byteCount, at: entry.position)
        guard let header = try? RecordBatchHeader(parsing: bytes.rawBytes),
            (view.baseOffset..<view.endOffset).contains(header.baseOffset)
        else { return false }
        return header.lastOffset == view.baseOffset + Int64(entry.relativeOffset)
    }
}
