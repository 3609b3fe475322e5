internal import FileAccess
package import Primitives
internal import RecordBatches
package import SystemPackage

/// What a round of compaction is to do, decided by the log's owner; nothing in it changes any more, so the work can be
/// done by another thread.
package struct CompactionPlan: Sendable {
    package let directory: FilePath
    /// The segments from the log's first on, up to the first that must stay as it is.
    let sources: [SegmentView]
    let firstDirty: Offset
    /// Where the last batch of each known producer ends: it is kept, that the producer's state can be rebuilt.
    let lastOffsets: [ProducerID: Offset]
    let configuration: LogConfiguration
    let now: Timestamp
    let fileSystem: any FileSystem

    /// Bytes of disk that the round needs at a time, about: a segment is written before those that it replaces go.
    package var scratchBytes: Int64 {
        min(sources.reduce(0) { $0 + $1.bytes }, max(configuration.segmentBytes, sources.map(\.bytes).max() ?? 0))
    }
}

// Kafka's LogCleanerManager.cleanableOffsets and LogToClean, with one addition: a round is also due when the tombstones
// that an earlier one kept may go, though nothing was written since.
extension PartitionLog {
    /// Decides whether compaction is due. The active segment is closed first where it is older than `segment.ms` or
    /// `max.compaction.lag.ms`, so that an idle topic's last records are compacted too.
    ///
    /// - Returns: nil where there is nothing to do now.
    package func planCompaction(now: Timestamp) throws(LogError) -> CompactionPlan? {
        if isOffline { throw .offline(directory) }
        guard configuration.cleanup.contains(.compact) else { return nil }
        if try isTooOldToStayActive(now) { try roll() }
        let view = reader.view
        let firstDirty = firstDirty(in: view)
        let sources = cleanable(view, from: firstDirty, now: now)
        let dirty = sources.filter { $0.endOffset > firstDirty }
        guard try isDue(sources, dirty: dirty, now: now) else { return nil }
        return CompactionPlan(
            directory: directory, sources: sources, firstDirty: firstDirty,
            lastOffsets: producers.producers.mapValues(\.lastOffset), configuration: configuration, now: now,
            fileSystem: fileSystem)
    }

    /// A checkpoint that does not fit the log is of another: all is dirty then.
    private func firstDirty(in view: LogView) -> Offset {
        let offset = cleanerCheckpoint.firstDirty
        return offset > active.names.baseOffset ? view.startOffset : max(offset, view.startOffset)
    }

    private func isTooOldToStayActive(_ now: Timestamp) throws(LogError) -> Bool {
        guard active.bytes > 0 else { return false }
        var first = active.firstTimestamp ?? .none
        if first <= .none {
            first = try withFiles { () throws(FileError) in Timestamp(try active.log.status().modified) }
        }
        return now.milliseconds - first.milliseconds > configuration.rollMilliseconds
    }

    /// Sealed segments only: those are durable, whatever the flush policy.
    private func cleanable(_ view: LogView, from firstDirty: Offset, now: Timestamp) -> [SegmentView] {
        let lag = configuration.minimumCompactionLagMilliseconds
        guard lag > 0 else { return view.sealed }
        let limit = now.milliseconds.subtractingReportingOverflow(lag)
        return Array(
            view.sealed.prefix { segment in
                segment.endOffset <= firstDirty
                    || (!limit.overflow && segment.maxTimestamp.milliseconds <= limit.partialValue)
            })
    }

    private func isDue(_ sources: [SegmentView], dirty: [SegmentView], now: Timestamp) throws(LogError) -> Bool {
        let bytes = sources.reduce(0) { $0 + $1.bytes }
        let dirtyBytes = dirty.reduce(0) { $0 + $1.bytes }
        let horizon = cleanerCheckpoint.nextHorizon
        if horizon > .none && horizon <= now && bytes > 0 { return true }
        guard dirtyBytes > 0 else { return false }
        if Double(dirtyBytes) / Double(bytes) > configuration.minimumCleanableRatio { return true }
        guard configuration.maximumCompactionLagMilliseconds < .max, let first = dirty.first(where: { $0.bytes > 0 })
        else { return false }
        var scan = BatchScan(file: try first.open().log, path: first.path, from: 0, to: first.bytes)
        guard let time = try scan.next()?.header.maxTimestamp, time > .none else { return false }
        return now.milliseconds - time.milliseconds > configuration.maximumCompactionLagMilliseconds
    }

    /// Notes how far a round came. Durable on return.
    package func finishCompaction(_ report: CompactionReport) throws(LogError) {
        if isOffline { throw .offline(directory) }
        var checkpoint = cleanerCheckpoint
        checkpoint.firstDirty = report.cleanEnd
        checkpoint.nextHorizon = report.nextHorizon
        try save(checkpoint)
    }

    func save(_ checkpoint: CleanerCheckpoint) throws(LogError) {
        try withFiles { () throws(FileError) in
            try fileSystem.replace(CleanerCheckpoint.path(in: directory), with: checkpoint.encoded.rawBytes)
        }
        cleanerCheckpoint = checkpoint
    }
}
