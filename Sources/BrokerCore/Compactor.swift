internal import CommitLog
internal import FileAccess
internal import Logging
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// How compaction goes about its work.
package struct CompactorConfiguration: Sendable {
    /// `log.cleaner.backoff.ms`: how often it looks for what to compact.
    package var interval = Duration.seconds(15)
    /// `log.cleaner.dedupe.buffer.size`: bytes for the map of keys, 32 for each; taken while a round lasts, and no more
    /// than its records can need.
    package var mapBytes = 128 << 20
    /// `log.cleaner.io.max.bytes.per.second`: read and written together. Kafka knows no limit by default; here appends
    /// share the disk, and every batch is taken apart.
    package var bytesPerSecond = 64 << 20

    package init() {}
}

/// Compacts the partitions of topics with `cleanup.policy=compact`, one after the other, on a thread of its own.
///
/// A round is planned, and its result put in place, by the partition's storage thread; the reading and writing between is
/// done here, at a pace that leaves the disk to the appends. A partition with a batch that cannot be read is told of once
/// and left alone until the collector is started anew.
final class Compactor: Sendable {
    /// What came of all rounds so far.
    struct Counts: Hashable, Sendable {
        var rounds = 0
        var removedRecords: Int64 = 0
        /// Partitions that cannot be compacted.
        var uncleanable = 0
    }

    private let work = BlockingQueue<[Partition]>()
    private let halt = BlockingQueue<Void>()
    private let ended = BlockingQueue<Void>()
    private let state: Mutex<Counts>

    var counts: Counts { state.withLock { $0 } }

    /// - Parameter reserve: bytes of disk that a round leaves free.
    init(
        _ configuration: CompactorConfiguration, reserve: Int64, fileSystem: any FileSystem, clock: any WallClock,
        logger: Logger
    ) {
        state = Mutex(Counts())
        let loop = CompactorLoop(
            configuration: configuration, reserve: reserve, fileSystem: fileSystem, clock: clock, logger: logger,
            halt: halt
        ) { [weak self] change in self?.state.withLock { change(&$0) } }
        DedicatedThread.start("compactor") { [work, ended] in
            while let asked = work.takeAll() {
                // While it was busy it may have been asked again and again.
                for partition in asked.last ?? [] { loop.compact(partition) }
            }
            ended.close()
        }
    }

    /// Has what is due compacted. Returns at once.
    func compact(_ partitions: [Partition]) { work.put(partitions) }

    /// Ends the round that is under way, without its result, and waits until the thread has let go of every file.
    func stop() {
        halt.close()
        work.close()
        _ = ended.takeAll()
    }
}

/// The thread's own side.
private final class CompactorLoop {
    private let configuration: CompactorConfiguration
    private let reserve: Int64
    private let fileSystem: any FileSystem
    private let clock: any WallClock
    private let logger: Logger
    private let halt: BlockingQueue<Void>
    private let count: ((inout Compactor.Counts) -> Void) -> Void
    private var uncleanable: Set<Int> = []
    /// Partitions whose last round failed: told once, until one works again.
    private var failing: Set<Int> = []
    private var isStopped = false

    init(
        configuration: CompactorConfiguration, reserve: Int64, fileSystem: any FileSystem, clock: any WallClock,
        logger: Logger, halt: BlockingQueue<Void>, count: @escaping ((inout Compactor.Counts) -> Void) -> Void
    ) {
        self.configuration = configuration
        self.reserve = reserve
        self.fileSystem = fileSystem
        self.clock = clock
        self.logger = logger
        self.halt = halt
        self.count = count
    }

    func compact(_ partition: Partition) {
        let key = partition.storageKey
        guard !uncleanable.contains(key), !partition.isDeleted else { return }
        var goesOn = true
        while goesOn && !isStopped {
            do throws(CompactionFailure) {
                goesOn = try round(partition)
                if failing.remove(key) != nil { logger.notice("compaction works again", metadata: place(partition)) }
            } catch {
                goesOn = false
                tell(error, partition)
            }
        }
    }

    /// - Returns: whether the next is to follow at once, since the map of keys was too small for all of it.
    private func round(_ partition: Partition) throws(CompactionFailure) -> Bool {
        let now = clock.now()
        let plan = try onOwner(partition) { (log) throws(LogError) in try log.planCompaction(now: now) }
        guard let plan = plan ?? nil else { return false }
        try checkRoom(for: plan)
        var pace = Pace(configuration.bytesPerSecond)
        var compaction = Compaction(plan, memory: configuration.mapBytes) { [self] bytes in goesOn(bytes, &pace) }
        let report = try compaction.run { (cleaned) throws(CompactionFailure) in
            let replaced = try onOwner(partition) { (log) throws(LogError) in try log.replace(with: cleaned) }
            if replaced != true { throw .overtaken }
        }
        guard try onOwner(partition, { (log) throws(LogError) in try log.finishCompaction(report) }) != nil else {
            throw .overtaken
        }
        tell(report, partition)
        return !report.isComplete
    }

    /// Does something with the partition's log on its thread; nil where it is not open any more.
    private func onOwner<Value: Sendable>(
        _ partition: Partition, _ body: @escaping @Sendable (PartitionLog) throws(LogError) -> Value
    ) throws(CompactionFailure) -> Value? {
        let answer = BlockingQueue<Result<Value?, LogError>>()
        partition.storage.submit(
            .withLog(key: partition.storageKey) { log in
                guard let log, !log.isOffline else {
                    answer.put(.success(nil))
                    return
                }
                do throws(LogError) { answer.put(.success(try body(log))) } catch { answer.put(.failure(error)) }
            })
        guard let result = answer.takeFirst() else { return nil }
        do throws(LogError) { return try result.get() } catch { throw .failed(error) }
    }

    /// Compaction makes room in the end, but needs some before; what is kept free for the appends is not for it.
    private func checkRoom(for plan: CompactionPlan) throws(CompactionFailure) {
        guard reserve > 0, let space = try? fileSystem.space(at: plan.directory),
            Int64(clamping: space.available) < reserve + plan.scratchBytes
        else { return }
        throw .failed(.file(FileError(operation: "write", path: plan.directory, errno: .noSpace)))
    }

    private func goesOn(_ bytes: Int, _ pace: inout Pace) -> Bool {
        guard let pause = pace.pause(after: bytes) else { return true }
        if halt.takeAll(timeout: pause) == nil { isStopped = true }
        return !isStopped
    }

    private func tell(_ report: CompactionReport, _ partition: Partition) {
        count { counts in
            counts.rounds += 1
            counts.removedRecords += report.removedRecords
        }
        logger.info(
            "compacted \(report.segmentsBefore) segments, \(report.bytesBefore) bytes, to \(report.segmentsAfter), \(report.bytesAfter) bytes; \(report.removedRecords) records went",
            metadata: place(partition))
        if report.keylessRecords > 0 {
            logger.warning(
                "compaction took \(report.keylessRecords) records out that had no key: they are of a time when the topic was not compacted",
                metadata: place(partition))
        }
    }

    private func tell(_ failure: CompactionFailure, _ partition: Partition) {
        switch failure {
        case .stopped, .overtaken: break
        case .uncleanable(let error):
            uncleanable.insert(partition.storageKey)
            count { $0.uncleanable += 1 }
            logger.error(
                "the partition is not compacted any more, since it cannot be read; nothing was removed: \(error); see \"tributary-collector verify\"",
                metadata: place(partition))
        case .failed(let error):
            guard failing.insert(partition.storageKey).inserted else { return }
            logger.error("compaction failed, and will be tried again: \(error)", metadata: place(partition))
        }
    }

    private func place(_ partition: Partition) -> Logger.Metadata {
        ["topic": "\(partition.topic)", "partition": "\(partition.index)"]
    }
}

/// How long to pause so that no more than so many bytes a second are moved.
private struct Pace {
    private let bytesPerSecond: Int
    private var start = ContinuousClock.now
    private var bytes = 0

    /// Looked at after so many bytes: a sixteenth of a second's, or less.
    private let step: Int

    init(_ bytesPerSecond: Int) {
        self.bytesPerSecond = max(1, bytesPerSecond)
        step = min(256 << 10, bytesPerSecond / 16)
    }

    /// - Returns: nil where it is not yet time to look; zero where there is no need to pause.
    mutating func pause(after moved: Int) -> Duration? {
        bytes += moved
        guard bytes >= step else { return nil }
        let due = Duration.seconds(Double(bytes) / Double(bytesPerSecond))
        let pause = due - start.duration(to: .now)
        start = .now + max(.zero, pause)
        bytes = 0
        return max(.zero, pause)
    }
}
