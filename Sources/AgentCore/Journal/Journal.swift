internal import FileAccess
internal import KafkaClient
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// The agent's memory: one file that says how far each file is acknowledged, which sequence numbers were given to which
/// lines, and what the cluster is known by.
///
/// Any thread tells it things; a thread of its own writes them, in the order in which they were told. What is told by
/// `assign` is durable before it is confirmed, with one sync for all who wait. The rest reaches the kernel at once, and
/// the disk with the next sync or after five seconds: losing it costs no more than a question to the cluster.
///
/// What cannot be written is tried again for ever, and is said; meanwhile nothing is confirmed, so nothing is sent.
final class Journal: Sendable {
    /// What the directory said when it was opened.
    let loaded: LoadedJournal
    private let queue: BlockingQueue<Message>
    private let ended = BlockingQueue<Void>()
    private let figures: JournalFigures

    /// What became of the state directory while it was in use.
    enum DirectoryNews: Sendable, Equatable {
        /// It was removed, and is there again, with all that the journal knows.
        case madeAnew
        /// Another process has its path, for this reason: nothing is written or confirmed any more.
        case taken(String)
    }

    enum Message: Sendable {
        case origin(tag: UInt64, BatchOrigin, Timestamp)
        case entries([JournalEntry], confirm: (@Sendable () -> Void)?)
        case assigned([SequenceAssignment], confirm: @Sendable () -> Void)
        /// To be synced with the next assignment.
        case spoolChanged(any OpenFile)
    }

    /// Opens the journal of a state directory, takes over what its predecessor knew, and begins.
    ///
    /// - Parameter onDirectory: called from the journal's thread.
    /// - Throws: where another agent uses the directory, another program wrote the file, or it cannot be read.
    init(
        in path: FilePath, fileSystem: any FileSystem, logger: Logger,
        onDirectory: @escaping @Sendable (DirectoryNews) -> Void = { _ in }
    ) throws {
        let directory = try StateDirectory(path, fileSystem: fileSystem)
        var loaded = try LoadedJournal(in: directory, fileSystem: fileSystem)
        let isKnown = loaded.state.anchor == directory.anchor && loaded.distrust == nil
        loaded.state.anchor = directory.anchor
        let file = directory.path.appending("journal")
        let open = loaded.isThere ? try fileSystem.open(file, .update) : nil
        if loaded.reading.cutBytes > 0 && loaded.distrust == nil { try open?.truncate(to: Int64(loaded.reading.end)) }
        let queue = BlockingQueue<Message>()
        let figures = JournalFigures()
        let snapshotBytes = JournalFrames.snapshot(of: loaded.state).reduce(0) { $0 + $1.count }
        let journalFile = JournalFile(
            file, fileSystem: fileSystem, file: open, loaded.reading, snapshotBytes: snapshotBytes,
            mustWriteAnew: !isKnown)
        let worker = JournalWorker(
            directory, journalFile, loaded, queue: queue, fileSystem: fileSystem, logger: logger, figures: figures,
            onDirectory: onDirectory)
        self.loaded = loaded
        self.queue = queue
        self.figures = figures
        DedicatedThread.start("journal") { [ended] in
            worker.run()
            ended.put(())
        }
    }

    /// Waits for the thread: were it left behind, it could write over what a successor writes.
    deinit { close() }

    /// From where a batch can be had again. To be told before the batch is given to the producer.
    func describe(_ tag: UInt64, _ origin: BatchOrigin, _ timestamp: Timestamp) {
        queue.put(.origin(tag: tag, origin, timestamp))
    }

    /// Remembers; durable within five seconds, and before any later assignment. All of one call, or nothing.
    ///
    /// - Parameter confirm: to be called from the journal's thread when it is durable, which is then at once.
    func note(_ entries: [JournalEntry], confirm: (@Sendable () -> Void)? = nil) {
        if !entries.isEmpty { queue.put(.entries(entries, confirm: confirm)) }
    }

    /// A spool was written to: it is synced before any later assignment is.
    func noteSpoolChange(_ file: any OpenFile) { queue.put(.spoolChanged(file)) }

    /// Writes what was told, tries that once more where it fails, and gives the directory free. Blocks until then.
    func close() {
        queue.close()
        _ = ended.takeAll()
        ended.close()
    }

    /// fdatasync(2) calls so far.
    var syncs: Int { figures.syncs.load(ordering: .relaxed) }
    /// Attempts to write that failed.
    var failures: Int { figures.failures.load(ordering: .relaxed) }
    /// It cannot be written at present, so nothing is confirmed.
    var isFailing: Bool { figures.isFailing.load(ordering: .relaxed) }
}

extension Journal: SequenceJournal {
    func record(_ assignments: [SequenceAssignment], confirm: @escaping @Sendable () -> Void) {
        queue.put(.assigned(assignments, confirm: confirm))
    }
}

/// Figures that any thread reads.
final class JournalFigures: Sendable {
    let syncs = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    let isFailing = Atomic<Bool>(false)
}
