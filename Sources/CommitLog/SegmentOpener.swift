internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Opens the files of a segment that takes no more appends; they were synced when it was sealed.
///
/// Of the indexes only the ends are looked at. What is wrong in the middle shows when a reader uses it, who then scans.
struct SegmentOpener: Sendable {
    let names: SegmentNames
    let endOffset: Offset
    let indexInterval: Int64
    let fileSystem: any FileSystem

    /// Opens the files, and builds the indexes anew where they are not what they should be. Where there is no room for
    /// new ones, the segment is read without.
    ///
    /// - Parameter summary: what the segment was when it was sealed.
    func open(expecting summary: SegmentSummary, repairs: SegmentRepairs) throws(LogError) -> OpenSegment {
        let (log, bytes) = try openLog()
        if let open = try existing(log, bytes: bytes), open.summary == summary { return open }
        do throws(LogError) {
            return try rebuild(log, bytes: bytes, repairs: repairs)
        } catch {
            guard error.isOutOfSpace else { throw error }
            return scanning(log, bytes: bytes, summary)
        }
    }

    /// As `open(expecting:)`, for a segment of which nothing is known.
    func open(repairs: SegmentRepairs) throws(LogError) -> OpenSegment {
        let (log, bytes) = try openLog()
        if let open = try existing(log, bytes: bytes) { return open }
        return try rebuild(log, bytes: bytes, repairs: repairs)
    }

    /// Opens the log alone; nil where it cannot be opened.
    func openToScan(_ summary: SegmentSummary) -> OpenSegment? {
        guard let (log, bytes) = try? openLog() else { return nil }
        return scanning(log, bytes: bytes, summary)
    }

    private func scanning(_ log: any OpenFile, bytes: Int64, _ summary: SegmentSummary) -> OpenSegment {
        var summary = summary
        summary.bytes = bytes
        return OpenSegment(scanning: log, path: names.log, summary: summary)
    }

    private func openLog() throws(LogError) -> (any OpenFile, bytes: Int64) {
        try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
    }

    private func rebuild(
        _ log: any OpenFile, bytes: Int64, repairs: SegmentRepairs
    ) throws(LogError) -> OpenSegment {
        var entries = IndexWriter(baseOffset: names.baseOffset, interval: indexInterval)
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: bytes, offsets: names.baseOffset..<endOffset,
            verifying: true)
        while let batch = try walk.next() { entries.add(batch.header, at: batch.position) }
        entries.finish()
        repairs.add(rebuiltIndexes: 1, damages: walk.damages)
        return try withFiles { () throws(FileError) in
            // As a whole, so that a crash leaves no index that looks complete and is not.
            let pending = entries.pending
            try fileSystem.replace(names.index, with: pending.offsets.rawBytes)
            try fileSystem.replace(names.timeIndex, with: pending.times.rawBytes)
            let summary = SegmentSummary(
                baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes, maxTimestamp: entries.maxTimestamp,
                indexEntries: pending.offsets.count / Int(SegmentIndex.offsetEntryBytes),
                timeIndexEntries: pending.times.count / Int(SegmentIndex.timeEntryBytes))
            return OpenSegment(
                path: names.log, summary: summary, log: log, index: try fileSystem.open(names.index, .read),
                timeIndex: try fileSystem.open(names.timeIndex, .read))
        }
    }

    /// The segment with the indexes that are there; nil where they cannot be right.
    private func existing(_ log: any OpenFile, bytes: Int64) throws(LogError) -> OpenSegment? {
        do throws(FileError) {
            let index = try fileSystem.open(names.index, .read)
            let timeIndex = try fileSystem.open(names.timeIndex, .read)
            let indexBytes = try index.status().size
            let timeBytes = try timeIndex.status().size
            guard indexBytes % SegmentIndex.offsetEntryBytes == 0, timeBytes % SegmentIndex.timeEntryBytes == 0 else {
                return nil
            }
            var summary = SegmentSummary(
                baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes, maxTimestamp: .none,
                indexEntries: Int(indexBytes / SegmentIndex.offsetEntryBytes),
                timeIndexEntries: Int(timeBytes / SegmentIndex.timeEntryBytes))
            if bytes > 0 {
                guard summary.timeIndexEntries > 0, try hasRightEnd(index, summary, log: log),
                    let newest = try SegmentIndex.timeEntry(summary.timeIndexEntries - 1, in: timeIndex),
                    newest.timestamp >= .none, (0..<endOffset - names.baseOffset).contains(Int64(newest.relativeOffset))
                else { return nil }
                summary.maxTimestamp = newest.timestamp
            }
            return OpenSegment(path: names.log, summary: summary, log: log, index: index, timeIndex: timeIndex)
        } catch {
            if error.isNotFound { return nil }
            throw .file(error)
        }
    }

    /// Whether the last entry of the offset index names a batch.
    private func hasRightEnd(
        _ index: any OpenFile, _ summary: SegmentSummary, log: any OpenFile
    ) throws(FileError) -> Bool {
        // Without entries the segment is one that fits between two.
        guard summary.indexEntries > 0 else { return true }
        guard let entry = try SegmentIndex.offsetEntry(summary.indexEntries - 1, in: index),
            (0..<summary.bytes).contains(entry.position)
        else { return false }
        let bytes = try log.read(RecordBatchHeader.byteCount, at: entry.position)
        guard let header = try? RecordBatchHeader(parsing: bytes.rawBytes),
            (summary.baseOffset..<summary.endOffset).contains(header.baseOffset)
        else { return false }
        return header.lastOffset == summary.baseOffset + Int64(entry.relativeOffset)
    }
}
