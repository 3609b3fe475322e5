internal import FileAccess
package import Primitives
package import RecordBatches
package import SystemPackage

/// The writing side of a partition: one owner, one thread at a time.
///
/// - `append` puts a batch into the kernel's hands; nobody sees it yet.
/// - `synchronize` makes all of them durable with one fdatasync, and only then do readers see them.
///
/// After an error of the disk that leaves unknown what it holds, the partition takes no appends any more, and reads go
/// on: fdatasync is not asked twice, since a second success proves nothing of what the first failure dropped.
package final class PartitionLog {
    package let directory: FilePath
    package let reader: LogReader
    package internal(set) var producers: ProducerTable
    package let leaderEpoch: LeaderEpoch

    private let fileSystem: any FileSystem
    private var configuration: LogConfiguration
    private var active: ActiveSegment
    /// Whether there are appends that `synchronize` has not made durable.
    private var isDirty = false
    private var isOffline = false
    /// What is on disk as the recovery point.
    private var recoveryPoint: RecoveryPoint?

    init(
        directory: FilePath, fileSystem: any FileSystem, configuration: LogConfiguration, recovered: RecoveredLog
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.configuration = configuration
        self.active = recovered.active
        self.producers = recovered.producers
        self.leaderEpoch = recovered.leaderEpoch
        self.recoveryPoint = recovered.recoveryPoint
        self.reader = LogReader(
            LogView(
                startOffset: recovered.startOffset, endOffset: recovered.active.endOffset,
                leaderEpoch: recovered.leaderEpoch, segments: recovered.sealed + [recovered.active.view()]))
    }

    /// Behind the last appended record, durable or not: Kafka's log end offset.
    package var endOffset: Offset { active.endOffset }

    /// The result of an append.
    package enum Appended: Hashable, Sendable {
        /// Written; durable after the next `synchronize`.
        case written(baseOffset: Offset, nextOffset: Offset)
        /// An idempotent producer's batch that needs no write; see the verdict.
        case answered(ProducerTable.Verdict)
    }

    /// Stamps a batch with its offset and the leader epoch, and appends it.
    ///
    /// - Parameters:
    ///   - header: of the batch, checked.
    ///   - records: the batch's bytes behind the header.
    ///   - now: the time of its arrival.
    /// - Throws: an error that leaves the log as it was; or after which it is offline.
    package func append(
        _ header: RecordBatchHeader, records: RawSpan, now: Timestamp
    ) throws(LogError) -> Appended {
        if isOffline { throw .offline(directory) }
        precondition(
            header.totalBytes == RecordBatchHeader.byteCount + records.byteCount, "BUG: a header of another batch")
        let verdict = producers.judge(header)
        guard verdict == .append else { return .answered(verdict) }
        guard header.totalBytes <= configuration.segmentBytes, header.totalBytes < Int(Int32.max) else {
            throw .largerThanSegment(bytes: header.totalBytes)
        }
        if needsRoll(for: header, now: now) { try roll() }

        var stamped = header
        stamped.baseOffset = active.endOffset
        stamped.leaderEpoch = leaderEpoch
        do throws(FileError) {
            try active.append(stamped, records: records)
        } catch {
            // Whatever part of the batch got to the disk must not stay in the way of the next.
            do throws(FileError) { try active.cutBack() } catch { isOffline = true }
            throw .file(error)
        }
        isDirty = true
        producers.add(stamped, arrival: now, limit: configuration.maximumProducers)
        return .written(baseOffset: stamped.baseOffset, nextOffset: stamped.nextOffset)
    }

    /// Makes every append so far durable, and shows it to the readers.
    package func synchronize() throws(LogError) {
        try publish(synchronizing: true)
    }

    /// Shows every append so far to the readers, without waiting for the disk: what flush policies other than `commit`
    /// do. A crash of the machine may take back what was read.
    package func publish() throws(LogError) {
        try publish(synchronizing: false)
    }

    private func publish(synchronizing: Bool) throws(LogError) {
        if isOffline { throw .offline(directory) }
        guard isDirty || (synchronizing && hasUnsynchronized) else { return }
        do throws(FileError) {
            try active.entries.write(index: active.index, timeIndex: active.timeIndex)
            if synchronizing { try active.log.synchronizeData() }
        } catch {
            isOffline = true
            throw .file(error)
        }
        hasUnsynchronized = !synchronizing
        guard isDirty else { return }
        isDirty = false
        let view = active.view()
        reader.publish { log in
            log.segments[log.segments.count - 1] = view
            log.endOffset = view.endOffset
        }
    }

    /// Whether appends were published without an fdatasync.
    package private(set) var hasUnsynchronized = false

    /// Makes everything durable and leaves a recovery point, so that the next start scans nothing. The log takes no
    /// appends afterwards.
    package func close() throws(LogError) {
        if isOffline { return }
        try synchronize()
        isOffline = true
        try saveRecoveryPoint()
    }

    package func update(_ configuration: LogConfiguration) {
        self.configuration = configuration
    }

    package func expireProducers(now: Timestamp) {
        producers.expire(
            now: now, idleMilliseconds: configuration.producerExpirationMilliseconds,
            logStart: reader.view.startOffset)
    }

    // MARK: Rolling

    private func needsRoll(for header: RecordBatchHeader, now: Timestamp) -> Bool {
        guard active.bytes > 0 else { return false }
        if active.bytes + Int64(header.totalBytes) > configuration.segmentBytes { return true }
        // Positions and relative offsets of an index entry are 32 bits.
        if active.bytes + Int64(header.totalBytes) > Int64(Int32.max) { return true }
        let relative = active.endOffset - active.names.baseOffset + Int64(header.lastOffsetDelta)
        if relative > Int64(Int32.max) { return true }
        guard let first = active.firstTimestamp else { return false }
        return now.milliseconds - first.milliseconds > configuration.segmentMilliseconds
    }

    /// Closes the active segment and begins the next.
    ///
    /// 1. What is in the active segment becomes durable, indexes included, and visible.
    /// 2. A snapshot of the producers, so that recovery needs no older segment.
    /// 3. The new files, then the directory.
    /// 4. The recovery point. A crash before it only costs a longer scan.
    private func roll() throws(LogError) {
        active.entries.finish()
        try synchronize()
        let names = SegmentNames(directory: directory, baseOffset: active.endOffset)
        // Up to here nothing has changed but for durability; a full disk below leaves the old segment in use.
        let next = try withFiles { () throws(FileError) in
            try active.entries.write(index: active.index, timeIndex: active.timeIndex)
            try active.index.synchronizeData()
            try active.timeIndex.synchronizeData()
            let snapshot = producers.snapshot(at: names.baseOffset)
            try fileSystem.replace(names.producers, with: snapshot.rawBytes)
            let next = try ActiveSegment(creating: names, interval: configuration.indexIntervalBytes, in: fileSystem)
            try fileSystem.synchronizeDirectory(directory)
            return next
        }
        let closed = active.view()
        active = next
        let opened = next.view()
        reader.publish { log in
            log.segments[log.segments.count - 1] = closed
            log.segments.append(opened)
        }
        try saveRecoveryPoint()
    }

    private func saveRecoveryPoint() throws(LogError) {
        let point = RecoveryPoint(
            baseOffset: active.names.baseOffset, bytes: active.bytes, endOffset: active.endOffset,
            maxTimestamp: active.entries.maxTimestamp)
        if point == recoveryPoint { return }
        let snapshot = producers.snapshot(at: active.endOffset)
        try withFiles { () throws(FileError) in
            try active.index.synchronizeData()
            try active.timeIndex.synchronizeData()
            let names = SegmentNames(directory: directory, baseOffset: active.endOffset)
            try fileSystem.replace(names.producers, with: snapshot.rawBytes)
            try fileSystem.replace(RecoveryPoint.path(in: directory), with: point.encoded().rawBytes)
        }
        recoveryPoint = point
    }
}
