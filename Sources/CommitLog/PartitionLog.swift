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
/// on: fdatasync is not asked twice, since a second success proves nothing of what the first failure dropped. A full
/// disk is no such error as long as nothing was handed to fdatasync: the append is refused, and the next may succeed.
package final class PartitionLog {
    package let directory: FilePath
    package let reader: LogReader
    package internal(set) var producers: ProducerTable
    /// The terms in which this log was written, for consumers that ask whether they read what was lost.
    package let leaderEpochs: LeaderEpochs
    package let leaderEpoch: LeaderEpoch

    let fileSystem: any FileSystem
    private(set) var configuration: LogConfiguration
    var active: ActiveSegment
    /// Whether there are appends that neither `synchronize` nor `publish` has shown to the readers.
    private var isDirty = false
    /// Whether appends were published without an fdatasync.
    package private(set) var hasUnsynchronized = false
    /// Of the active segment's file.
    var durableBytes: Int64
    /// Whether it takes no appends until it is opened anew.
    package internal(set) var isOffline = false
    /// A roll failed when it had begun to make files: until one succeeds, nothing may be appended to the old segment,
    /// since the new one, which is on disk perhaps, begins where it ends.
    var mustRoll = false
    /// Index entries could not be written, as on a full disk. They are kept, and cost readers longer scans meanwhile.
    package internal(set) var indexWriteFailures: Int64 = 0

    /// What is on disk as the recovery point, where that is up to date.
    var cleanPoint: RecoveryPoint?
    /// Whether there is a recovery point on disk.
    var hasPoint: Bool
    /// Offsets of the producers' snapshots on disk, ascending.
    var snapshots: [Offset]
    /// Entries in the manifest on disk.
    var manifestSlots: Int
    var cleanerCheckpoint: CleanerCheckpoint
    let cache: OpenSegmentCache
    let repairs: SegmentRepairs

    init(
        directory: FilePath, fileSystem: any FileSystem, configuration: LogConfiguration, cache: OpenSegmentCache,
        recovered: RecoveredLog
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.configuration = configuration
        self.active = recovered.active
        self.durableBytes = recovered.active.bytes
        self.producers = recovered.producers
        self.leaderEpochs = recovered.leaderEpochs
        self.leaderEpoch = recovered.leaderEpochs.last
        self.cleanPoint = recovered.cleanPoint
        self.hasPoint = recovered.hasPoint
        self.snapshots = recovered.snapshots
        self.manifestSlots = recovered.manifestSlots
        self.cleanerCheckpoint = recovered.cleanerCheckpoint
        self.cache = cache
        self.repairs = recovered.repairs
        self.reader = LogReader(
            LogView(
                startOffset: recovered.startOffset, endOffset: recovered.active.endOffset,
                leaderEpoch: recovered.leaderEpochs.last, sealed: recovered.sealed, active: recovered.active.view()),
            repairs: recovered.repairs)
    }

    /// Behind the last appended record, durable or not: Kafka's log end offset.
    package var endOffset: Offset { active.endOffset }

    /// The result of an append.
    package enum Appended: Hashable, Sendable {
        /// Written; durable after the next `synchronize`.
        case written(baseOffset: Offset, nextOffset: Offset)
        /// An idempotent producer's batch that needs no write; see the verdict. What it duplicates may itself still
        /// wait for the next `synchronize`.
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
        if mustRoll || needsRoll(for: header) { try roll() }

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
        if isOffline { throw .offline(directory) }
        guard isDirty || hasUnsynchronized else { return }
        do throws(FileError) {
            try active.log.synchronizeData()
        } catch {
            isOffline = true
            // The kernel goes on showing bytes that it may never write: whoever opens the log anew, on this machine,
            // must not take them for stored. Nobody has seen them, unless they were published.
            if !hasUnsynchronized { try? active.log.truncate(to: durableBytes) }
            throw .file(error)
        }
        durableBytes = active.bytes
        hasUnsynchronized = false
        show()
    }

    /// Shows every append so far to the readers, without waiting for the disk: what flush policies other than `commit`
    /// do. A crash of the machine may take back what was read.
    package func publish() throws(LogError) {
        if isOffline { throw .offline(directory) }
        guard isDirty else { return }
        // If the machine loses all that is appended from here on, the log ends where it was closed last and would look
        // as if nothing had ever been behind. Without the point it does not, and the leader epoch tells consumers.
        if hasPoint {
            try withFiles { () throws(FileError) in
                try fileSystem.remove(RecoveryPoint.path(in: directory))
                try fileSystem.synchronizeDirectory(directory)
            }
            hasPoint = false
            cleanPoint = nil
        }
        hasUnsynchronized = true
        show()
    }

    private func show() {
        // Indexes are hints that are built anew if need be: they hold nothing up.
        do throws(FileError) {
            try active.entries.write(index: active.index, timeIndex: active.timeIndex)
        } catch {
            indexWriteFailures += 1
        }
        guard isDirty else { return }
        isDirty = false
        let view = active.view()
        reader.publish { log in
            log.active = view
            log.endOffset = view.endOffset
        }
    }

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
}
