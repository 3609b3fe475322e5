internal import FileAccess
internal import KafkaClient
internal import Logging
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// What the journal's thread does: takes all that was told, writes it as one frame, syncs once where somebody waits for
/// it, and confirms.
final class JournalWorker {
    /// How often the directory is looked at while nothing is written.
    private static let lookInterval = Duration.seconds(1)
    /// Attempts to lock a new directory that another process has, within about three seconds.
    private static let refusalLimit = 6
    /// What nobody waits for is synced after so long.
    private static let lazySync = Duration.seconds(5)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)

    private let path: FilePath
    /// Locked until `run` ends.
    private var directory: StateDirectory?
    private var file: JournalFile
    private var state: JournalState
    private var predecessor: FilePath?
    private let queue: BlockingQueue<Journal.Message>
    private let fileSystem: any FileSystem
    private let logger: Logger
    private let figures: JournalFigures

    /// Batches that the producer has not given a sequence yet.
    private var origins: [UInt64: (origin: BatchOrigin, timestamp: Timestamp)] = [:]
    private var spools: [any OpenFile] = []
    private var waiting: [@Sendable () -> Void] = []
    private var unsyncedSince: ContinuousClock.Instant?
    private var failedSince: ContinuousClock.Instant?
    private var retryAt: ContinuousClock.Instant?
    private var pause = shortestPause
    private var nextLook = ContinuousClock.now + lookInterval
    /// The directory is another process's now: nothing is written, confirmed or tried any more.
    private var isDispossessed = false
    private var refusals = 0
    /// It is a new directory, which nobody was told of yet.
    private var isMadeAnew = false
    private let onDirectory: @Sendable (Journal.DirectoryNews) -> Void

    init(
        _ directory: StateDirectory, _ file: JournalFile, _ loaded: LoadedJournal,
        queue: BlockingQueue<Journal.Message>, fileSystem: any FileSystem, logger: Logger, figures: JournalFigures,
        onDirectory: @escaping @Sendable (Journal.DirectoryNews) -> Void
    ) {
        path = directory.path
        self.directory = directory
        self.file = file
        state = loaded.state
        predecessor = loaded.predecessor
        self.queue = queue
        self.fileSystem = fileSystem
        self.logger = logger
        self.figures = figures
        self.onDirectory = onDirectory
        if file.hasUnsynced { unsyncedSince = .now - Self.lazySync }
    }

    func run() {
        while let messages = queue.takeAll(timeout: patience) {
            take(messages)
            persist()
        }
        // Closed: the last attempt.
        nextLook = .now
        take([])
        unsyncedSince = .now - Self.lazySync
        retryAt = nil
        persist()
        directory = nil
    }

    private var patience: Duration {
        if let retryAt { return max(.zero, retryAt - .now) }
        let look = max(.zero, nextLook - .now)
        return unsyncedSince.map { min(look, max(.zero, Self.lazySync - (.now - $0))) } ?? look
    }

    private func take(_ messages: [Journal.Message]) {
        var entries: [UInt8] = []
        func add(_ entry: JournalEntry) {
            state.apply(entry)
            entry.encode(into: &entries)
        }
        for message in messages {
            switch message {
            case .origin(let tag, let origin, let timestamp): origins[tag] = (origin, timestamp)
            case .entries(let told, let confirm):
                for entry in told {
                    if case .answered(let tags) = entry { for tag in tags { origins[tag] = nil } }
                    add(entry)
                }
                if let confirm { waiting.append(confirm) }
            case .assigned(let assignments, let confirm):
                for assignment in assignments { add(entry(for: assignment)) }
                waiting.append(confirm)
            case .spoolChanged(let spool): if !spools.contains(where: { $0 === spool }) { spools.append(spool) }
            }
        }
        file.add(entries)
    }

    private func entry(for assignment: SequenceAssignment) -> JournalEntry {
        if let known = origins.removeValue(forKey: assignment.tag) {
            return .batch(
                tag: assignment.tag,
                JournalState.OpenBatch(
                    place: assignment.place, identity: assignment.identity, position: assignment.position,
                    firstSequence: assignment.firstSequence, records: assignment.recordCount,
                    timestamp: known.timestamp, origin: known.origin),
                topicID: assignment.topicID)
        }
        // An answer may have come before it: then nothing of the batch is needed but where its sequences end.
        guard state.batches[assignment.tag] != nil else {
            return .partition(
                assignment.place,
                JournalState.Partition(
                    identity: assignment.identity, nextSequence: assignment.nextSequence,
                    topicID: assignment.topicID ?? state.partitions[assignment.place]?.topicID))
        }
        return .renumbered(
            tag: assignment.tag,
            JournalState.Numbers(
                identity: assignment.identity, position: assignment.position,
                firstSequence: assignment.firstSequence, records: assignment.recordCount),
            topicID: assignment.topicID)
    }

    private func persist() {
        if isDispossessed { return }
        if let retryAt, retryAt > .now { return }
        do throws(FileError) {
            // What is confirmed has to be where the next start looks for it.
            if !waiting.isEmpty || nextLook <= .now { try look() }
            if isDispossessed { return }
            try file.write()
            if unsyncedSince == nil && (file.hasUnsynced || !spools.isEmpty) { unsyncedSince = .now }
            let isDue = unsyncedSince.map { .now - $0 >= Self.lazySync } ?? false
            if !waiting.isEmpty || isDue || failedSince != nil { try synchronize() }
            heal()
        } catch {
            note(error)
        }
    }

    /// Sees that the directory and the journal are still those that bear their names: somebody may have removed them, and
    /// then what is written reaches nobody. Costs two system calls.
    private func look() throws(FileError) {
        nextLook = .now + Self.lookInterval
        guard let directory else { return }
        if try directory.isInPlace(fileSystem) {
            if try file.isInPlace() { return }
            logger.error(
                "the journal was removed or replaced while it was in use: it is written anew, and nothing is lost",
                metadata: ["state_dir": "\(path)"])
            file.mustReplace()
            return
        }
        try takeAnew()
    }

    /// Makes the directory once more. The journal is complete and durable in it before anything more is confirmed.
    private func takeAnew() throws(FileError) {
        do {
            let new = try StateDirectory(path, fileSystem: fileSystem)
            if try fileSystem.exists(path.appending("journal")) {
                throw AgentError("\(path) has another agent's journal")
            }
            directory = new
            state.anchor = new.anchor
        } catch let error as FileError {
            throw error
        } catch {
            try giveUp(error)
            return
        }
        file.mustReplace()
        // Their files are gone.
        spools = []
        isMadeAnew = true
        // Also where nobody waits: it is what the next start goes by.
        try synchronize()
    }

    /// Somebody who only asks has the directory for a moment; who keeps it is another agent.
    private func giveUp(_ reason: any Error) throws(FileError) {
        refusals += 1
        if refusals < Self.refusalLimit {
            throw FileError(operation: "lock", path: path.appending(".lock"), errno: .resourceTemporarilyUnavailable)
        }
        isDispossessed = true
        waiting = []
        onDirectory(
            .taken(
                "the state directory was removed or replaced while it was in use, and it is not this agent's any more: "
                    + "\(reason)"))
    }

    private func synchronize() throws(FileError) {
        // First the batches themselves, then what says where they are.
        while let spool = spools.last {
            try spool.synchronizeData()
            figures.syncs.wrappingAdd(1, ordering: .relaxed)
            spools.removeLast()
        }
        let before = file.syncs
        try file.synchronize(state)
        figures.syncs.wrappingAdd(file.syncs - before, ordering: .relaxed)
        unsyncedSince = nil
        if isMadeAnew {
            isMadeAnew = false
            logger.error(
                "the state directory was removed while it was in use: it was made anew with all that is known of files and batches; samples and dead letters in it are lost",
                metadata: ["state_dir": "\(path)"])
            onDirectory(.madeAnew)
        }
        for confirm in waiting { confirm() }
        waiting = []
        if let old = predecessor {
            // Should it stay, it is not read again, since the journal is there.
            try? fileSystem.remove(old)
            predecessor = nil
        }
    }

    private func heal() {
        guard let since = failedSince else { return }
        failedSince = nil
        figures.isFailing.store(false, ordering: .relaxed)
        retryAt = nil
        pause = Self.shortestPause
        logger.notice("the journal can be written again, after \(.now - since)")
    }

    private func note(_ error: FileError) {
        figures.failures.wrappingAdd(1, ordering: .relaxed)
        if failedSince == nil {
            failedSince = .now
            figures.isFailing.store(true, ordering: .relaxed)
            logger.error(
                "cannot write the journal, so nothing is sent; it is tried again until it succeeds: \(error)",
                metadata: ["state_dir": "\(path)"])
        }
        retryAt = .now + pause
        pause = min(pause * 2, Self.longestPause)
    }
}
