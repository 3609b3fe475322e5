package import FileAccess
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// What opening a log found and did.
package struct RecoveryReport: Sendable {
    /// Whole batches behind the recovery point that were checked.
    package var scannedBytes: Int64 = 0
    /// Bytes cut off behind the last whole batch, and why.
    package var cutBytes: Int64 = 0
    package var cutReason: String?
    /// Segments whose indexes were built anew.
    package var rebuiltIndexes: Int = 0
}

/// A log's state as recovery leaves it.
struct RecoveredLog {
    var sealed: [SegmentView]
    var active: ActiveSegment
    var startOffset: Offset
    var producers: ProducerTable
    var leaderEpoch: LeaderEpoch
    var recoveryPoint: RecoveryPoint?
}

extension PartitionLog {
    /// Opens the log in `directory`, creating it where there is none.
    ///
    /// - Returns: the log, ready for appends, and what had to be done. Everything that readers see is durable.
    package static func open(
        _ directory: FilePath, configuration: LogConfiguration, fileSystem: any FileSystem
    ) throws(LogError) -> (log: PartitionLog, report: RecoveryReport) {
        var recovery = LogRecovery(directory: directory, configuration: configuration, fileSystem: fileSystem)
        let recovered = try recovery.run()
        let log = PartitionLog(
            directory: directory, fileSystem: fileSystem, configuration: configuration, recovered: recovered)
        return (log, recovery.report)
    }
}

/// Brings a partition's files into a state that appends can go on from.
///
/// 1. Segments before the last were synced when they were closed: only their indexes' shape is checked.
/// 2. The last segment is believed up to the recovery point, and read with checksums from there to its first batch that
///    is not whole, where it is cut.
/// 3. Its indexes are built anew where anything was scanned; the producers come from the newest snapshot and the
///    headers behind it.
struct LogRecovery {
    let directory: FilePath
    let configuration: LogConfiguration
    let fileSystem: any FileSystem
    var report = RecoveryReport()

    init(directory: FilePath, configuration: LogConfiguration, fileSystem: any FileSystem) {
        self.directory = directory
        self.configuration = configuration
        self.fileSystem = fileSystem
    }

    mutating func run() throws(LogError) -> RecoveredLog {
        let listing = try withFiles { () throws(FileError) in
            try fileSystem.createDirectories(directory)
            return try fileSystem.list(directory)
        }
        let bases = listing.compactMap { SegmentNames.baseOffset(of: $0.name, suffix: "log") }.sorted()
        guard let last = bases.last else { return try create() }

        var sealed: [SegmentView] = []
        for (base, next) in zip(bases, bases.dropFirst()) {
            sealed.append(try openSealed(SegmentNames(directory: directory, baseOffset: base), endOffset: next))
        }
        let point = loadRecoveryPoint().flatMap { $0.baseOffset == last ? $0 : nil }
        let names = SegmentNames(directory: directory, baseOffset: last)
        let active = try openActive(names, from: point)
        let producers = try loadProducers(
            listing.compactMap { SegmentNames.baseOffset(of: $0.name, suffix: "producers") }, sealed: sealed,
            active: active.view())
        return RecoveredLog(
            sealed: sealed, active: active, startOffset: bases[0], producers: producers,
            leaderEpoch: try nextLeaderEpoch(at: active.endOffset),
            recoveryPoint: report.scannedBytes == 0 ? point : nil)
    }

    private func create() throws(LogError) -> RecoveredLog {
        let names = SegmentNames(directory: directory, baseOffset: .zero)
        let active = try withFiles { () throws(FileError) in
            let active = try ActiveSegment(creating: names, interval: configuration.indexIntervalBytes, in: fileSystem)
            try fileSystem.synchronizeDirectory(directory)
            return active
        }
        return RecoveredLog(
            sealed: [], active: active, startOffset: .zero, producers: ProducerTable(), leaderEpoch: LeaderEpoch(0),
            recoveryPoint: nil)
    }

    private func loadRecoveryPoint() -> RecoveryPoint? {
        guard let bytes = try? fileSystem.readWhole(RecoveryPoint.path(in: directory), limit: 64) else { return nil }
        return RecoveryPoint(bytes)
    }

    // MARK: Segments before the last

    private mutating func openSealed(_ names: SegmentNames, endOffset: Offset) throws(LogError) -> SegmentView {
        let (log, bytes) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
        if let view = try existingIndexes(names, log: log, bytes: bytes, endOffset: endOffset) { return view }

        let (index, timeIndex) = try withFiles { () throws(FileError) in
            (try fileSystem.open(names.index, .replace), try fileSystem.open(names.timeIndex, .replace))
        }
        var entries = IndexWriter(baseOffset: names.baseOffset, interval: configuration.indexIntervalBytes)
        var scan = BatchScan(file: log, path: names.log, from: 0, to: bytes)
        while let batch = try scan.next() { entries.add(batch.header, at: batch.position) }
        entries.finish()
        try withFiles { () throws(FileError) in
            try entries.write(index: index, timeIndex: timeIndex)
            try index.synchronizeData()
            try timeIndex.synchronizeData()
        }
        report.rebuiltIndexes += 1
        return SegmentView(
            path: names.log, baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes,
            maxTimestamp: entries.maxTimestamp,
            offsetOfMaxTimestamp: entries.offsetOfMaxTimestamp, log: log, index: index, timeIndex: timeIndex,
            indexEntries: entries.offsetEntries, timeIndexEntries: entries.timeEntries)
    }

    /// The segment with the indexes that are there; nil where they cannot be right.
    private func existingIndexes(
        _ names: SegmentNames, log: any OpenFile, bytes: Int64, endOffset: Offset
    ) throws(LogError) -> SegmentView? {
        do throws(FileError) {
            let index = try fileSystem.open(names.index, .read)
            let timeIndex = try fileSystem.open(names.timeIndex, .read)
            let indexBytes = try index.status().size
            let timeBytes = try timeIndex.status().size
            let timeEntries = Int(timeBytes / SegmentIndex.timeEntryBytes)
            guard indexBytes % SegmentIndex.offsetEntryBytes == 0, timeBytes % SegmentIndex.timeEntryBytes == 0,
                timeEntries > 0 || bytes == 0
            else { return nil }
            var newest = (timestamp: Timestamp.none, offset: Offset.zero)
            if timeEntries > 0 {
                let entry = try timeIndex.read(12, at: Int64(timeEntries - 1) * SegmentIndex.timeEntryBytes)
                guard entry.count == 12 else { return nil }
                newest.timestamp = Timestamp(milliseconds: entry.rawBytes.bigEndian(Int64.self, at: 0))
                newest.offset = names.baseOffset + Int64(entry.rawBytes.bigEndian(Int32.self, at: 8))
            }
            return SegmentView(
                path: names.log, baseOffset: names.baseOffset, endOffset: endOffset, bytes: bytes,
                maxTimestamp: newest.timestamp,
                offsetOfMaxTimestamp: newest.offset, log: log, index: index, timeIndex: timeIndex,
                indexEntries: Int(indexBytes / SegmentIndex.offsetEntryBytes), timeIndexEntries: timeEntries)
        } catch {
            if error.isNotFound { return nil }
            throw .file(error)
        }
    }

    // MARK: The last segment

    private mutating func openActive(_ names: SegmentNames, from point: RecoveryPoint?) throws(LogError)
        -> ActiveSegment
    {
        let (log, index, timeIndex, size) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .update)
            return (
                log, try fileSystem.open(names.index, .create), try fileSystem.open(names.timeIndex, .create),
                try log.status().size
            )
        }
        // A clean stop: not a byte behind the point.
        if let point, point.bytes == size {
            return try resume(names, log, index, timeIndex, at: point)
        }
        var entries = IndexWriter(baseOffset: names.baseOffset, interval: configuration.indexIntervalBytes)
        let trusted = point.map(\.bytes).flatMap { $0 <= size ? $0 : nil } ?? 0
        var scan = TailScan(file: log, size: size, baseOffset: names.baseOffset, trusted: trusted)
        var firstTimestamp: Timestamp?
        while let batch = try scan.next() {
            entries.add(batch.header, at: batch.position)
            if firstTimestamp == nil { firstTimestamp = batch.header.maxTimestamp }
        }
        report.scannedBytes = scan.position - trusted
        report.cutBytes = size - scan.position
        report.cutReason = scan.stop.map { "\(names.log), byte \(scan.position): \($0)" }
        let end = scan.position
        try withFiles { () throws(FileError) in
            if end < size { try log.truncate(to: end) }
            try index.truncate(to: 0)
            try timeIndex.truncate(to: 0)
            try entries.write(index: index, timeIndex: timeIndex)
            // Readers are shown this from the start on, so it has to be durable like everything they see.
            try log.synchronizeData()
            try fileSystem.synchronizeDirectory(directory)
        }
        return ActiveSegment(
            resuming: names, log: log, index: index, timeIndex: timeIndex, bytes: end, endOffset: scan.endOffset,
            entries: entries, firstTimestamp: firstTimestamp)
    }

    private func resume(
        _ names: SegmentNames, _ log: any OpenFile, _ index: any OpenFile, _ timeIndex: any OpenFile,
        at point: RecoveryPoint
    ) throws(LogError) -> ActiveSegment {
        var entries = IndexWriter(baseOffset: names.baseOffset, interval: configuration.indexIntervalBytes)
        let (indexBytes, timeBytes, first) = try withFiles { () throws(FileError) in
            let start = try log.read(RecordBatchHeader.byteCount, at: 0)
            return (try index.status().size, try timeIndex.status().size, start)
        }
        entries.resume(
            offsetEntries: Int(indexBytes / SegmentIndex.offsetEntryBytes),
            timeEntries: Int(timeBytes / SegmentIndex.timeEntryBytes), maxTimestamp: point.maxTimestamp,
            offsetOfMaxTimestamp: point.endOffset)
        let firstTimestamp = try? RecordBatchHeader(parsing: first.rawBytes).maxTimestamp
        return ActiveSegment(
            resuming: names, log: log, index: index, timeIndex: timeIndex, bytes: point.bytes,
            endOffset: point.endOffset, entries: entries, firstTimestamp: firstTimestamp)
    }

    // MARK: Producers and leader epoch

    private func loadProducers(
        _ snapshots: [Offset], sealed: [SegmentView], active: SegmentView
    ) throws(LogError) -> ProducerTable {
        var table = ProducerTable()
        var from = Offset.zero
        for offset in snapshots.sorted(by: >) where offset <= active.endOffset {
            let path = SegmentNames(directory: directory, baseOffset: offset).producers
            if let bytes = try? fileSystem.readWhole(path, limit: 1 << 30),
                let loaded = ProducerTable(snapshot: bytes, at: offset)
            {
                table = loaded
                from = offset
                break
            }
        }
        for segment in sealed + [active] where segment.endOffset > from && segment.bytes > 0 {
            let start = try segment.position(of: from)?.position ?? 0
            var scan = BatchScan(file: segment.log, path: segment.path, from: start, to: segment.bytes)
            while let batch = try scan.next() {
                guard batch.header.baseOffset >= from else { continue }
                table.add(
                    batch.header, arrival: batch.header.maxTimestamp, limit: configuration.maximumProducers)
            }
        }
        return table
    }

    /// The leader epoch to write with: one more than the last whenever records may have been lost behind what a
    /// consumer saw, so that it can notice (KIP-320).
    private func nextLeaderEpoch(at endOffset: Offset) throws(LogError) -> LeaderEpoch {
        let path = directory.appending("leader-epoch-checkpoint")
        var epochs = LeaderEpochs(text: (try? fileSystem.readWhole(path, limit: 1 << 20)) ?? [])
        guard report.cutBytes > 0 else { return epochs.last }
        epochs.begin(LeaderEpoch(epochs.last.value + 1), at: endOffset)
        let text = Array(epochs.text.utf8)
        try withFiles { () throws(FileError) in try fileSystem.replace(path, with: text.rawBytes) }
        return epochs.last
    }
}
