internal import FileAccess
package import Primitives
internal import SystemPackage

/// What a round of retention deleted.
package struct RetentionReport: Hashable, Sendable {
    package var segments = 0
    package var bytes: Int64 = 0
    /// The first offset that can be read now.
    package var startOffset: Offset
}

// Deleting records: by age, by size, and because somebody said so.
//
// Only whole segments are deleted, from the oldest on, never the active one. A segment goes in this order:
//
// 1. Its .log is removed and the directory synced, before the next is looked at: after a crash the segments that are
//    there are an unbroken end of the log, in whatever order the disk did things. It takes no room to do so, so a full
//    disk is no hindrance.
//    Readers meanwhile find its files open.
// 2. Readers are shown the log without it. Those in flight have its files open and finish; one that saw the log as it
//    was, and opens the segment only now, looks at the log again.
// 3. Its indexes are removed; an index without a log is cleaned away at the next start.
extension PartitionLog {
    /// Deletes the segments that are too old or too much by the configuration.
    ///
    /// A segment is as old as its newest record, or as its last append where that is later (or where its records have no
    /// times, or some of the future): records that came late are kept as long as any others. Where the whole active
    /// segment is that old, it is closed first, so that an idle partition does not keep its last records for ever.
    package func applyRetention(now: Timestamp) throws(LogError) -> RetentionReport {
        if isOffline { throw .offline(directory) }
        var report = RetentionReport(startOffset: reader.view.startOffset)
        guard configuration.cleanup.contains(.delete) else { return report }
        // What is closed goes first: it takes no room, and rolling does, which a full disk has only afterwards.
        try deleteClosed(now: now, &report)
        if active.bytes > 0, try isExpired(active.view(), now: now) {
            try roll()
            try deleteClosed(now: now, &report)
        }
        return report
    }

    private func deleteClosed(now: Timestamp, _ report: inout RetentionReport) throws(LogError) {
        var rest = reader.view.bytes
        while let oldest = reader.view.sealed.first {
            rest -= oldest.bytes
            let isTooMuch = configuration.retentionBytes >= 0 && rest >= configuration.retentionBytes
            if !isTooMuch {
                guard try isExpired(oldest, now: now) else { break }
            }
            try deleteOldestSegment(oldest)
            report.segments += 1
            report.bytes += oldest.bytes
        }
        report.startOffset = reader.view.startOffset
    }

    /// Moves the log's start up to `offset` (Kafka's DeleteRecords), durable on return, and deletes the segments before.
    ///
    /// - Throws: `offsetOutOfRange` beyond the end of what is durable. An offset before the start changes nothing.
    package func deleteRecords(before offset: Offset) throws(LogError) {
        if isOffline { throw .offline(directory) }
        // What is deleted must not come back because the log behind it did not survive.
        if hasUnsynchronized { try synchronize() }
        let view = reader.view
        guard offset <= view.endOffset else {
            throw .offsetOutOfRange(offset, available: view.startOffset.value..<view.endOffset.value)
        }
        guard offset > view.startOffset else { return }
        let encoded = LogStart.encode(offset)
        try withFiles { () throws(FileError) in
            try fileSystem.replace(LogStart.path(in: directory), with: encoded.rawBytes)
        }
        reader.publish { $0.startOffset = offset }
        while let oldest = reader.view.sealed.first, oldest.endOffset <= offset { try deleteOldestSegment(oldest) }
    }

    private func isExpired(_ segment: SegmentView, now: Timestamp) throws(LogError) -> Bool {
        guard configuration.retentionMilliseconds >= 0 else { return false }
        let modified: FileTime
        do throws(FileError) {
            modified = try fileSystem.status(of: segment.path, followingLinks: true).modified
        } catch {
            // Its deletion was begun, and is to be finished.
            if error.isNotFound { return true }
            throw .file(error)
        }
        let appended = Timestamp(modified)
        let newest = segment.maxTimestamp > now ? appended : max(appended, segment.maxTimestamp)
        return now.milliseconds - newest.milliseconds > configuration.retentionMilliseconds
    }

    private func deleteOldestSegment(_ segment: SegmentView) throws(LogError) {
        let names = SegmentNames(directory: directory, baseOffset: segment.baseOffset)
        segment.sealed?.pin()
        try withFiles { () throws(FileError) in
            do throws(FileError) {
                try fileSystem.remove(names.log)
            } catch {
                // Removed before, when the directory could not be synced.
                if !error.isNotFound { throw error }
            }
            try fileSystem.synchronizeDirectory(directory)
        }
        reader.publish { log in
            log.sealed.removeFirst()
            log.generation += 1
            log.startOffset = max(log.startOffset, segment.endOffset)
        }
        segment.sealed?.retire()
        try? fileSystem.remove(names.index)
        try? fileSystem.remove(names.timeIndex)
    }
}
