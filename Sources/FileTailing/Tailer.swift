package import FileAccess
package import Primitives
internal import SystemPackage

/// Follows files.
///
/// The owner's loop:
///
///     tailer.reconcile()
///     while let file = tailer.nextReadable() {
///         tailer.read(file, limit: 1 << 18) { line, info in … ; return batchHasRoom }
///     }
///     … tailer.acknowledge(file, upTo: position), keep tailer.takeChangedCheckpoints(), drop tailer.takeRetired() …
///     poll(tailer.watchDescriptor, wake-up, timeout: tailer.timeToReconcile)
///
/// A line is handed out again only after `rewind`, or by a new tailer that resumes from an earlier checkpoint.
package final class Tailer {
    package internal(set) var sources: [TailSource]
    let fileSystem: any FileSystem
    let watcher: (any DirectoryWatcher)?
    let clock: any WallClock
    let limits: TailLimits

    var files: [TailedFileID: TailedFile] = [:]
    /// Files that no source takes any more; a later configuration may take them again.
    var departed: [TailedFileID: TailedFile] = [:]
    /// The file that bears an inode now. Files whose content is gone are not in it.
    var current: [Key: TailedFile] = [:]
    var resuming: [Key: [FileCheckpoint]] = [:]
    /// Checkpoints of files whose inode was found to be another file's.
    var displaced: [FileCheckpoint] = []
    /// Sources that were never started before.
    var firstStarts: Set<Int>

    var directories: [FilePath: TailDirectory] = [:]
    var watches: [WatchNumber: [TailDirectory]] = [:]
    var touched: [TailDirectory] = []
    /// Files that are no longer where they were.
    var unsettled: [TailedFileID: TailedFile] = [:]
    /// Files elsewhere than in their places, by inode: where a rename may have led.
    var strays: [FileNumber: FilePath] = [:]
    /// Files with `isUnlinked`.
    var unlinked: [TailedFileID: TailedFile] = [:]
    var waiting: [TailedFile.Place] = []
    /// The files of each path, under whatever names they are now.
    var families: [Family: [TailedFile]] = [:]
    /// Unknown files whose names make them members of a family, to be judged at the end of the look around.
    var candidates: [Key: Candidate] = [:]
    /// Of those, what nothing can be said about yet, and since when.
    var undecided: [Key: (place: TailedFile.Place, since: Timestamp)] = [:]
    /// Families with earlier files that wait because of a bound.
    var heldBack: Set<Family> = []
    /// What the checkpoints say about `TailDirectory.looks`, until the directory is listed.
    var storedLooks: [Family: FileTime] = [:]
    /// Directories that were listed in this look around.
    var listings: [(directory: TailDirectory, modified: FileTime)] = []
    /// The first bytes of gzip files that were looked into.
    var compressedHeads: [FileNumber: (size: Int64, modified: FileTime, born: FileTime?, head: [UInt8])] = [:]
    /// Symbolic links that patterns match, and that lead nowhere: nothing tells when they do.
    var dangling: [FilePath: TailedFile.Place] = [:]
    /// Directories that could not be listed, to try again at the next look around.
    var unlisted: [TailDirectory] = []
    /// A listing failed: what was not found in it may be there.
    var couldNotList = false
    /// How often in this look around a directory was listed again at once.
    var looksAgain = 0
    /// In this look around there were no descriptors left.
    var lacksDescriptors = false
    /// Something that was to be looked into had another name by then.
    var hasMoved = false
    /// Files to try again at the next look around.
    var retries: [TailedFile] = []

    var queue: [TailedFile] = []
    var queueHead = 0
    var openFiles: [TailedFile] = []
    var uses: UInt64 = 0
    var window: ReadWindow

    var nextPoll: Timestamp?
    var nextReconcile: Timestamp?
    var now: Timestamp
    /// Where files were begun that nothing was read of yet.
    var fresh: [TailDirectory] = []
    var isExamining = false
    var hasScanned = false
    var takesEndsAsFinal = false
    var rereading: Rereading?

    /// First bytes of files were noted, by which they are told later, and are to be stored (`takeChangedCheckpoints`)
    /// before anything more is read.
    package internal(set) var hasUnstoredEvidence = false
    package internal(set) var counters = TailCounters()
    var changed: [TailedFile] = []
    var retired: [RetiredFile] = []
    var problems: [TailProblem] = []

    struct Key: Hashable {
        var source: Int
        var number: FileNumber
    }

    /// - Parameters:
    ///   - resuming: the last checkpoint of every file that was not retired. Those of sources that are not in
    ///     `sources` are left alone.
    ///   - startedBefore: the sources that were started at some earlier time, besides those that have checkpoints: for
    ///     them `start: end` no longer counts.
    package init(
        sources: [TailSource], fileSystem: any FileSystem = PosixFileSystem(), watcher: (any DirectoryWatcher)?,
        resuming: [FileCheckpoint] = [], startedBefore: Set<String> = [], clock: any WallClock = SystemWallClock(),
        limits: TailLimits = TailLimits()
    ) {
        self.sources = sources
        self.fileSystem = fileSystem
        self.watcher = watcher
        self.clock = clock
        self.limits = limits
        now = clock.now()
        window = ReadWindow(capacity: limits.readBufferBytes)
        firstStarts = Set(sources.indices.filter { !startedBefore.contains(sources[$0].name) })
        for checkpoint in resuming {
            guard let source = sources.firstIndex(where: { $0.name == checkpoint.source }) else { continue }
            resumeLater(checkpoint, source)
        }
    }

    func resumeLater(_ checkpoint: FileCheckpoint, _ source: Int) {
        resuming[Key(source: source, number: checkpoint.number), default: []].append(checkpoint)
        firstStarts.remove(source)
        guard let looked = checkpoint.looked else { return }
        let home = (checkpoint.target ?? checkpoint.originalPath).removingLastComponent()
        let directory = Family(source: source, path: home)
        storedLooks[directory] = max(storedLooks[directory] ?? looked, looked)
    }

    /// Looks for what changed: takes the watcher's events, and where it is due looks at all polled directories or at
    /// everything. Cheap when nothing changed.
    ///
    /// - Parameter everything: look at everything now.
    package func reconcile(everything: Bool = false) {
        now = clock.now()
        lacksDescriptors = false
        looksAgain = 0
        takeEvents()
        let interval = reconcileInterval
        let all = everything || isDue(nextReconcile, interval)
        let polled = all || isDue(nextPoll, limits.pollInterval)
        if polled {
            nextPoll = now.advanced(by: limits.pollInterval)
            if all { nextReconcile = now.advanced(by: interval) }
            lookAround(everywhere: all)
        }
        examineTouched()
        // What could not be looked at is not missing.
        if !hasScanned && !lacksDescriptors {
            hasScanned = true
            resumeElsewhere()
            touchWaiting()
            examineTouched()
            firstStarts.removeAll()
        }
        lookBehindFresh()
        if polled { continueMissing() }
        // Many of them are not looked at for each event of a writer.
        if polled || unlinked.count < 32 { tendUnlinked(all: all) }
    }

    /// A file that is there may be the last of several that its path had since the events that were taken: they are
    /// looked for before it is read.
    private func lookBehindFresh() {
        for _ in 0..<4 where !fresh.isEmpty {
            let directories = fresh
            fresh.removeAll()
            takeEvents()
            for directory in directories where directory.watch == nil && !directory.needsListing { touch(directory) }
            examineTouched()
        }
    }

    /// How long the owner may wait for events before it calls `reconcile` again.
    package var timeToReconcile: Duration {
        guard let nextReconcile, let nextPoll, touched.isEmpty, unsettled.isEmpty else { return .zero }
        let isPolling =
            watcher == nil || !unlinked.isEmpty || !retries.isEmpty || !waiting.isEmpty || !undecided.isEmpty
            || !unlisted.isEmpty || !dangling.isEmpty || directories.values.contains { $0.watch == nil }
        let next = isPolling ? min(nextPoll, nextReconcile) : nextReconcile
        let left = Duration.milliseconds(next.milliseconds - clock.now().milliseconds)
        // A clock that was set back must not put it off.
        return min(max(left, .zero), reconcileInterval)
    }

    private var reconcileInterval: Duration { limits.reconcileInterval(names: files.count + directories.count) }

    /// To wait on with poll(2); -1 without a watcher.
    package var watchDescriptor: CInt { watcher?.descriptor ?? -1 }

    /// Everything before `position` of the file is acknowledged. A file that was retired is no error.
    package func acknowledge(_ id: TailedFileID, upTo position: Int64) {
        guard let file = files[id] ?? departed[id] else { return }
        let before = file.committed
        file.acknowledge(upTo: position)
        if file.committed != before { noteChanged(file) }
        if file.isGone { retireIfDone(file) }
    }

    /// Goes back to the acknowledged position: what was read behind it is read again.
    package func rewind(_ id: TailedFileID) {
        guard let file = files[id] else {
            // Should it be followed again, it goes on from there.
            departed[id]?.rewind()
            return
        }
        switch file.placement {
        case .gone(let reason):
            lose(file.unacknowledged, because: reason)
            retire(file, reason, bytesLost: file.unacknowledged)
        case .live, .rotated, .deleted, .missing:
            if file.unacknowledged == 0 { return }
            file.rewind()
            markReadable(file)
        }
    }

    package func rewindAll() {
        for id in Array(files.keys) { rewind(id) }
    }

    /// What to store of one file; nil where it is not known (any more).
    package func checkpoint(of id: TailedFileID) -> FileCheckpoint? {
        (files[id] ?? departed[id]).map { checkpoint(of: $0) }
    }

    /// The checkpoints that changed since the last call: new files too, which have to be stored before their first
    /// line leaves.
    package func takeChangedCheckpoints() -> [FileCheckpoint] {
        defer { changed.removeAll(keepingCapacity: true) }
        hasUnstoredEvidence = false
        return changed.compactMap { file in
            file.checkpointChanged = false
            return files[file.id] == nil && departed[file.id] == nil ? nil : checkpoint(of: file)
        }
    }

    private func checkpoint(of file: TailedFile) -> FileCheckpoint {
        if let look = look(of: file) { file.looked = look.settled }
        file.storedBehindSince = file.behindSince
        return file.checkpoint(source: sources[file.source].name)
    }

    /// The files that were retired since the last call: their checkpoints can go.
    package func takeRetired() -> [RetiredFile] {
        defer { retired.removeAll() }
        return retired
    }

    /// What went wrong since the last call.
    package func takeProblems() -> [TailProblem] {
        defer { problems.removeAll() }
        return problems
    }

    func noteChanged(_ file: TailedFile) {
        if file.checkpointChanged { return }
        file.checkpointChanged = true
        changed.append(file)
    }

    func report(_ error: FileError, at path: FilePath) {
        counters.errors += 1
        // The owner takes them at every turn; should it not, memory stays bounded.
        if problems.count < 1000 { problems.append(TailProblem(path: path, error: error)) }
    }

    private func isDue(_ next: Timestamp?, _ interval: Duration) -> Bool {
        guard let next else { return true }
        // Also where the clock was set back.
        return now >= next || next > now.advanced(by: interval)
    }
}

extension Timestamp {
    func advanced(by duration: Duration) -> Timestamp {
        Timestamp(milliseconds: milliseconds + duration.milliseconds)
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
