package import FileAccess
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// What opening a log found and did.
package struct RecoveryReport: Sendable {
    /// The log was closed, and nothing had to be looked at.
    package var isClean = false
    /// Whole batches behind the recovery point that were checked.
    package var scannedBytes: Int64 = 0
    /// Bytes cut off behind the last whole batch, and why.
    package var cutBytes: Int64 = 0
    package var cutReason: String?
    /// Where they, or the first of them, are kept. nil where they are only zeros, or where there was no room.
    package var cutTail: FilePath?
    /// Segments before the last whose indexes were built anew. Those of others are looked at when they are read:
    /// `LogReader.rebuiltIndexes`.
    package var rebuiltIndexes: Int = 0
    /// Places that were durable once and cannot be read; what lies around them can. Only those met while something had
    /// to be built anew: opening a log does not read all of it.
    package var damages: [LogDamage] = []
}

/// A log's state as recovery leaves it.
struct RecoveredLog {
    var sealed: [SegmentView]
    var active: ActiveSegment
    var startOffset: Offset
    var producers: ProducerTable
    var leaderEpochs: LeaderEpochs
    /// The point on disk, where it says all that there is.
    var cleanPoint: RecoveryPoint?
    /// Whether there is a point on disk.
    var hasPoint: Bool
    /// The offsets of producer snapshots on disk, ascending.
    var snapshots: [Offset]
    /// Entries in the manifest on disk, whether they are of any use or not.
    var manifestSlots: Int
    var repairs: SegmentRepairs
    var cleanerCheckpoint: CleanerCheckpoint
}

extension PartitionLog {
    /// Opens the log in `directory`, creating it where there is none.
    ///
    /// - Parameter cache: which closed segments' files are open.
    /// - Returns: the log, ready for appends, and what had to be done. Everything that readers see is durable.
    package static func open(
        _ directory: FilePath, configuration: LogConfiguration, fileSystem: any FileSystem,
        cache: OpenSegmentCache = .shared
    ) throws(LogError) -> (log: PartitionLog, report: RecoveryReport) {
        var recovery = LogRecovery(
            directory: directory, configuration: configuration, fileSystem: fileSystem, cache: cache)
        let recovered = try recovery.run()
        let log = PartitionLog(
            directory: directory, fileSystem: fileSystem, configuration: configuration, cache: cache,
            recovered: recovered)
        return (log, recovery.report)
    }
}

/// Brings a partition's files into a state that appends can go on from.
///
/// 0. Swaps of compacted segments that were decided on are finished; cleaned segments on which none was are removed.
/// 1. Segments before the log's start are leftovers of a deletion, and go.
/// 2. Segments before the last were synced when they were closed: those in the manifest are not looked at, of the others
///    the ends of their indexes are checked.
/// 3. The last segment is believed up to the recovery point, and read with checksums from there to its first batch that
///    is not whole, where it is cut. Where anything was scanned, its indexes are built anew.
/// 4. The producers come from the newest snapshot and the headers behind it.
/// 5. Whatever speaks of a later state than was found is removed, durably, before new appends could make it look right:
///    recovery points and snapshots "from the future".
/// 6. Unless the log was closed, a new leader epoch begins; its file is durable before the first append.
struct LogRecovery {
    let directory: FilePath
    let configuration: LogConfiguration
    let fileSystem: any FileSystem
    let cache: OpenSegmentCache
    let repairs = SegmentRepairs()
    var report = RecoveryReport()

    init(
        directory: FilePath, configuration: LogConfiguration, fileSystem: any FileSystem, cache: OpenSegmentCache
    ) {
        self.directory = directory
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.cache = cache
    }

    mutating func run() throws(LogError) -> RecoveredLog {
        var (listing, isNew) = try withFiles { () throws(FileError) in
            let (found, isNew) = try listCreating()
            let isChanged = try SegmentSwap.finishInterrupted(in: directory, found.names, fileSystem)
            return (isChanged ? try list() ?? found : found, isNew)
        }
        let start = load(LogStart.path(in: directory)).flatMap(LogStart.decode)
        var bases = listing.offsets("log")
        if bases.isEmpty {
            let names = SegmentNames(directory: directory, baseOffset: start ?? .zero)
            try withFiles { () throws(FileError) in try create(names) }
            bases = [names.baseOffset]
        }
        let dropped = bases.dropLast().indices.prefix { bases[$0 + 1] <= start ?? .zero }.count
        bases.removeFirst(dropped)
        removeLeftovers(listing, keeping: Set(bases))

        let (sealed, manifestSlots) = try openSealed(bases, listing)
        let point = load(RecoveryPoint.path(in: directory)).flatMap { RecoveryPoint($0) }
        let epochsText = load(LeaderEpochs.path(in: directory))
        var epochs = epochsText.flatMap { LeaderEpochs(text: $0) } ?? LeaderEpochs()
        let (active, trusted) = try openActive(
            SegmentNames(directory: directory, baseOffset: bases[bases.count - 1]), point: point, epoch: epochs.last,
            listing)

        listing.snapshots = listing.offsets("producers")
        let producers = try loadProducers(listing.snapshots, sealed: sealed, active: active)
        let hasPoint = listing.names.contains(RecoveryPoint.fileName)
        try withFiles { () throws(FileError) in
            try discardFuture(&listing, endOffset: active.endOffset, point: hasPoint && trusted == nil)
            let isUntouched = isNew && epochsText == nil
            if !report.isClean && !isUntouched {
                try beginEpoch(&epochs, atLeast: trusted?.leaderEpoch, active: active)
            }
        }
        report.rebuiltIndexes = repairs.found.rebuiltIndexes
        report.damages = repairs.found.damages
        return RecoveredLog(
            sealed: sealed, active: active, startOffset: try startOffset(start, first: bases[0], active: active),
            producers: producers, leaderEpochs: epochs, cleanPoint: report.isClean ? point : nil,
            hasPoint: hasPoint && trusted != nil, snapshots: listing.snapshots,
            manifestSlots: manifestSlots, repairs: repairs,
            cleanerCheckpoint: load(CleanerCheckpoint.path(in: directory)).flatMap { CleanerCheckpoint($0) }
                ?? CleanerCheckpoint())
    }

    func load(_ path: FilePath, limit: Int = 1 << 20) -> [UInt8]? {
        try? fileSystem.readWhole(path, limit: limit)
    }

    // MARK: The directory

    /// The names in the partition's directory.
    struct Listing {
        let names: [String]
        private let segmentFiles: [(baseOffset: Offset, suffix: Substring)]
        /// Of producers, ascending.
        var snapshots: [Offset] = []

        init(_ names: [String]) {
            self.names = names
            segmentFiles = names.compactMap { SegmentNames.parse($0) }
        }

        func offsets(_ suffix: String) -> [Offset] {
            segmentFiles.lazy.filter { $0.suffix == suffix }.map(\.baseOffset).sorted()
        }
    }

    /// Lists the directory, making it where it is not. Its name, and those of the directories made above it, are
    /// durable before the first file is in it: so a directory with a segment never needs that looked at again.
    private func listCreating() throws(FileError) -> (Listing, isNew: Bool) {
        if let listing = try list(), !listing.offsets("log").isEmpty { return (listing, false) }
        var made = [directory]
        while let parent = made.last?.parent, !(try fileSystem.exists(parent)) { made.append(parent) }
        try fileSystem.createDirectories(directory)
        for path in made.reversed() { try fileSystem.synchronizeDirectory(path.parent ?? path) }
        // The directory above may be one that an attempt before us made and did not live to sync. Not ours to insist.
        if let above = made.last?.parent?.parent { try? fileSystem.synchronizeDirectory(above) }
        return (try list() ?? Listing([]), true)
    }

    private func list() throws(FileError) -> Listing? {
        do throws(FileError) {
            return Listing(try fileSystem.list(directory).map(\.name.string))
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    private func create(_ names: SegmentNames) throws(FileError) {
        _ = try ActiveSegment(creating: names, interval: configuration.indexIntervalBytes, in: fileSystem)
        try fileSystem.synchronizeDirectory(directory)
    }

    /// Removes what a crash left half done. What cannot be removed is in nobody's way.
    private func removeLeftovers(_ listing: Listing, keeping bases: Set<Offset>) {
        for name in listing.names {
            let isTemporary = name.hasSuffix(".tmp") || name.hasSuffix(".producerstmp")
            let isOrphan = SegmentNames.parse(name).map { file in
                ["log", "index", "timeindex"].contains(file.suffix) && !bases.contains(file.baseOffset)
            }
            if isTemporary || isOrphan == true { try? fileSystem.remove(directory.appending(name)) }
        }
    }

    /// Removes the producers' snapshots of states that the log is not in any more, and the recovery point if told to.
    private func discardFuture(
        _ listing: inout Listing, endOffset: Offset, point: Bool
    ) throws(FileError) {
        let future = listing.snapshots.filter { $0 > endOffset }
        listing.snapshots.removeAll { $0 > endOffset }
        for offset in future {
            try fileSystem.remove(SegmentNames(directory: directory, baseOffset: offset).producers)
        }
        if point { try fileSystem.remove(RecoveryPoint.path(in: directory)) }
        if point || !future.isEmpty { try fileSystem.synchronizeDirectory(directory) }
    }

    private func startOffset(
        _ stored: Offset?, first: Offset, active: ActiveSegment
    ) throws(LogError) -> Offset {
        guard let stored, stored > first else { return first }
        guard stored > active.endOffset else { return stored }
        // The log lost what was before its start: what comes now must not be hidden.
        try withFiles { () throws(FileError) in
            let encoded = LogStart.encode(active.endOffset)
            try fileSystem.replace(LogStart.path(in: directory), with: encoded.rawBytes)
        }
        return active.endOffset
    }

    // MARK: The last segment

    /// - Returns: the segment, and the recovery point where it is right as far as it goes.
    private mutating func openActive(
        _ names: SegmentNames, point: RecoveryPoint?, epoch: LeaderEpoch, _ listing: Listing
    ) throws(LogError) -> (ActiveSegment, RecoveryPoint?) {
        let (log, index, timeIndex, size) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .update)
            return (
                log, try fileSystem.open(names.index, .create), try fileSystem.open(names.timeIndex, .create),
                try log.status().size
            )
        }
        var segment = ActiveSegment(
            names: names, log: log, index: index, timeIndex: timeIndex, interval: configuration.indexIntervalBytes)
        let trusted = point.flatMap { $0.baseOffset == names.baseOffset && $0.bytes <= size ? $0 : nil }
        if let trusted, trusted.bytes == size, trusted.leaderEpoch == epoch,
            try withFiles({ () throws(FileError) in try segment.resume(at: trusted) })
        {
            report.isClean = true
            return (segment, trusted)
        }
        try scan(&segment, size: size, trusted: trusted)
        try withFiles { () throws(FileError) in
            if segment.bytes < size {
                // A full disk keeps no log from being opened.
                report.cutTail =
                    (try? CutTail(of: names, at: segment.bytes).keep(
                        log, size: size, among: listing.names, fileSystem)) ?? nil
                try log.truncate(to: segment.bytes)
            }
            try index.truncate(to: 0)
            try timeIndex.truncate(to: 0)
            try segment.entries.write(index: index, timeIndex: timeIndex)
            // Readers are shown this from the start on, so it has to be durable like everything they see.
            do throws(FileError) {
                try log.synchronizeData()
            } catch {
                // The kernel takes what it could not write for written now. Written once more, the next attempt's sync
                // is about these bytes again.
                try? rewrite(log, from: segment.bytes - report.scannedBytes, to: segment.bytes)
                throw error
            }
            try fileSystem.synchronizeDirectory(directory)
        }
        return (segment, trusted)
    }

    private func rewrite(_ log: any OpenFile, from start: Int64, to end: Int64) throws(FileError) {
        var position = start
        while position < end {
            let bytes = try log.read(Int(min(1 << 20, end - position)), at: position)
            if bytes.isEmpty { return }
            try log.write(bytes.rawBytes, at: position)
            position += Int64(bytes.count)
        }
    }

    private mutating func scan(
        _ segment: inout ActiveSegment, size: Int64, trusted: RecoveryPoint?
    ) throws(LogError) {
        let names = segment.names
        if let trusted, trusted.bytes > 0 {
            var walk = SegmentWalk(
                file: segment.log, path: names.log, from: 0, to: trusted.bytes,
                offsets: names.baseOffset..<trusted.endOffset)
            while let batch = try walk.next() { segment.take(batch.header, at: batch.position) }
            segment.skip(to: trusted.bytes, endOffset: trusted.endOffset)
            repairs.add(damages: walk.damages)
        }
        let start = segment.bytes
        var tail = TailScan(file: segment.log, from: start, to: size, endOffset: segment.endOffset)
        while let batch = try tail.next() { segment.take(batch.header, at: batch.position) }
        report.scannedBytes = tail.position - start
        report.cutBytes = size - tail.position
        report.cutReason = tail.stop.map { "\(names.log), byte \(tail.position): \($0)" }
    }

    // MARK: The leader epoch

    /// Begins the epoch to write with: one more than the last, since records may have been lost behind what a consumer
    /// saw, so that it can notice (KIP-320). Where the file is lost, the batches tell the last.
    private func beginEpoch(
        _ epochs: inout LeaderEpochs, atLeast known: LeaderEpoch?, active: ActiveSegment
    ) throws(FileError) {
        let last = max(epochs.last, known ?? epochs.last, epochs.entries.isEmpty ? active.lastEpoch : epochs.last)
        epochs.begin(LeaderEpoch(min(last.value, .max - 2) + 1), at: active.endOffset)
        let text = Array(epochs.text.utf8)
        try fileSystem.replace(LeaderEpochs.path(in: directory), with: text.rawBytes)
    }
}

extension FilePath {
    /// The directory that holds this path's last component; nil at the root.
    fileprivate var parent: FilePath? {
        if components.isEmpty || self == "." { return nil }
        let parent = removingLastComponent()
        return parent.isEmpty ? "." : parent
    }
}
