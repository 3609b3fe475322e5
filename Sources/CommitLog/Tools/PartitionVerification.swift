package import FileAccess
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// Reads all of a partition, and tells everything that is wrong in it: every batch's checksum and the order of offsets,
/// every entry of both indexes, the producers' snapshots, the recovery point, leader epochs and log start.
///
/// It writes nothing. Each file is read once, by parts; memory does not grow with the log.
package struct PartitionVerification {
    package struct Summary: Sendable, Equatable {
        package var segments = 0
        package var batches: Int64 = 0
        package var records: Int64 = 0
        package var bytes: Int64 = 0
        package var problems = 0

        package init() {}
    }

    let files: PartitionFiles
    let fileSystem: any FileSystem
    /// Whether a collector may be appending meanwhile: then the last segment's end is no matter.
    private let isLive: Bool
    private let tell: (LogProblem) -> Void
    private let progress: (Int64) -> Void
    private var summary = Summary()
    /// Below it offsets may be missing, since their keys were written anew.
    private var compactedEnd = Offset.zero
    /// Where the last segment's whole batches end.
    private var end = (offset: Offset.zero, bytes: Int64(0), fileBytes: Int64(0))

    /// - Parameters:
    ///   - progress: called often, with the bytes of log read since the last call.
    ///   - tell: called for each problem as it is found.
    package init(
        _ directory: FilePath, fileSystem: any FileSystem, isLive: Bool = false,
        progress: @escaping (Int64) -> Void = { _ in }, tell: @escaping (LogProblem) -> Void
    ) throws(LogError) {
        files = try PartitionFiles(directory, fileSystem: fileSystem)
        self.fileSystem = fileSystem
        self.isLive = isLive
        self.progress = progress
        self.tell = tell
    }

    package mutating func run() throws(LogError) -> Summary {
        checkCompaction()
        for index in files.segments.indices { try checkSegment(index) }
        if !isLive {
            checkRecoveryPoint()
            try checkSnapshots()
            checkManifest()
        }
        check(LeaderEpochs.path(in: files.directory), .leaderEpochs) { LeaderEpochs(text: $0) != nil }
        check(LogStart.path(in: files.directory), .logStart) { LogStart.decode($0) != nil }
        return summary
    }

    private mutating func report(_ problem: LogProblem) {
        summary.problems += 1
        tell(problem)
    }

    // MARK: Segments

    private mutating func checkSegment(_ index: Int) throws(LogError) {
        let names = files.segments[index]
        let isLast = index == files.segments.count - 1
        // The indexes first: those of a log that grows meanwhile are then never ahead of what is read of the log.
        var indexes = IndexCheck(names, fileSystem: fileSystem)
        guard let (log, size) = try openLog(names) else { return }
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: size, offsets: names.baseOffset..<files.limit(of: index),
            verifying: true)
        var expected = names.baseOffset
        var told = 0
        var position: Int64 = 0
        while let batch = try walk.next() {
            if walk.damages.count > told {
                report(walk.damages[told], isTail: false)
                told = walk.damages.count
            } else if batch.header.baseOffset > expected {
                reportGap(names.log, batch.position, expected..<batch.header.baseOffset)
            }
            expected = batch.header.nextOffset
            indexes.add(batch)
            summary.batches += 1
            summary.records += Int64(batch.header.recordCount)
            progress(batch.position + Int64(batch.header.totalBytes) - position)
            position = batch.position + Int64(batch.header.totalBytes)
        }
        let endsDamaged = walk.damages.count > told
        if endsDamaged && !(isLast && isLive) { report(walk.damages[told], isTail: isLast) }
        progress(size - position)
        indexes.finish(isSealed: !isLast)
        if !(isLast && isLive) { indexes.problems.forEach { report($0) } }
        if !isLast && !endsDamaged && files.limit(of: index) > expected {
            reportGap(names.log, size, expected..<files.limit(of: index))
        }
        summary.segments += 1
        summary.bytes += size
        end = (expected, position, size)
    }

    /// - Returns: nil where a running collector has deleted or compacted the segment meanwhile.
    private func openLog(_ names: SegmentNames) throws(LogError) -> (any OpenFile, size: Int64)? {
        do throws(FileError) {
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        } catch {
            if isLive && error.isNotFound { return nil }
            throw .file(error)
        }
    }

    private mutating func report(_ damage: LogDamage, isTail: Bool) {
        // What the recovery point vouches for was whole once.
        let isTorn = isTail && damage.position >= (recoveryPoint()?.bytes ?? 0)
        report(
            LogProblem(
                kind: isTorn ? .tornTail : .damage, path: damage.path, position: damage.position,
                message: "\(damage.bytes) bytes from offset \(damage.offset) on: \(damage.reason)"))
    }

    private mutating func reportGap(_ path: FilePath, _ position: Int64, _ offsets: Range<Offset>) {
        let isExplained = files.quarantined.contains {
            $0.offsets.lowerBound <= offsets.lowerBound && offsets.upperBound <= $0.offsets.upperBound
        }
        if isExplained || offsets.upperBound <= compactedEnd { return }
        report(
            LogProblem(
                kind: .gap, path: path, position: position,
                message: "offsets \(offsets.lowerBound) to \(offsets.upperBound + -1) are missing"))
    }

    // MARK: The partition's own files

    private mutating func checkCompaction() {
        var end = Offset.zero
        check(CleanerCheckpoint.path(in: files.directory), .cleanerCheckpoint) { bytes in
            guard let checkpoint = CleanerCheckpoint(bytes) else { return false }
            end = checkpoint.compactedEnd
            return true
        }
        compactedEnd = end
        if isLive { return }
        for path in files.swaps.map(\.path) + files.cleaned {
            report(
                LogProblem(
                    kind: .unfinishedCompaction, path: path, position: nil,
                    message: "left by an interrupted compaction; the collector finishes it when it starts"))
        }
    }

    /// The recovery point, where it is of the last segment as it is.
    private func recoveryPoint() -> RecoveryPoint? {
        let path = RecoveryPoint.path(in: files.directory)
        guard let bytes = try? fileSystem.readWhole(path), let point = RecoveryPoint(bytes),
            point.baseOffset == files.segments.last?.baseOffset
        else { return nil }
        return point
    }

    private mutating func check(
        _ path: FilePath, _ kind: LogProblem.Kind, limit: Int = 1 << 20, isRight: ([UInt8]) -> Bool
    ) {
        guard files.has(path) else { return }
        do throws(FileError) {
            if isRight(try fileSystem.readWhole(path, limit: limit)) { return }
            report(LogProblem(kind: kind, path: path, position: nil, message: "the file is damaged"))
        } catch {
            report(LogProblem(kind: kind, path: path, position: nil, message: error.description))
        }
    }

    private mutating func checkRecoveryPoint() {
        let path = RecoveryPoint.path(in: files.directory)
        check(path, .recoveryPoint) { RecoveryPoint($0) != nil }
        guard let point = recoveryPoint() else { return }
        if point.bytes > end.fileBytes {
            report(
                LogProblem(
                    kind: .recoveryPoint, path: path, position: nil,
                    message: "it vouches for \(point.bytes) bytes of a segment that has \(end.fileBytes)"))
        } else if point.bytes == end.bytes && point.endOffset != end.offset {
            report(
                LogProblem(
                    kind: .recoveryPoint, path: path, position: nil,
                    message: "it ends at offset \(point.endOffset), the log at \(end.offset)"))
        }
    }

    /// The manifest is a hint, and one that a crash tore does no harm; but a segment that is not as long as it was when it
    /// was sealed has lost something.
    private mutating func checkManifest() {
        let path = SegmentManifest.path(in: files.directory)
        var known: [Offset: SegmentSummary] = [:]
        check(path, .segmentManifest, limit: SegmentManifest.sizeLimit) { bytes in
            let (entries, isWhole) = SegmentManifest.decode(bytes)
            known = entries
            return isWhole
        }
        for (index, names) in files.segments.enumerated() {
            guard let summary = known[names.baseOffset], summary.endOffset == files.limit(of: index),
                let size = try? fileSystem.status(of: names.log, followingLinks: true).size, size != summary.bytes
            else { continue }
            report(
                LogProblem(
                    kind: .segmentManifest, path: path, position: nil,
                    message: "\(names.log) had \(summary.bytes) bytes when it was closed, and has \(size)"))
        }
    }

    private mutating func checkSnapshots() throws(LogError) {
        for offset in files.snapshots {
            let path = SegmentNames(directory: files.directory, baseOffset: offset).producers
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try fileSystem.readWhole(path, limit: 1 << 30)
            } catch {
                report(LogProblem(kind: .snapshot, path: path, position: nil, message: error.description))
                continue
            }
            guard let table = ProducerTable(snapshot: bytes, at: offset) else {
                report(LogProblem(kind: .snapshot, path: path, position: nil, message: "the file is damaged"))
                continue
            }
            if let fault = try fault(of: table, at: offset) {
                report(LogProblem(kind: .snapshot, path: path, position: nil, message: fault))
            }
        }
    }

    /// Whether the log bears out what a snapshot says of each producer: its last batch, where that is still retained.
    private func fault(of table: ProducerTable, at offset: Offset) throws(LogError) -> String? {
        if offset > end.offset { return "it is of offset \(offset), and the log ends at \(end.offset)" }
        for (id, producer) in table.producers {
            if producer.lastOffset >= offset { return "producer \(id) is ahead of the snapshot" }
            guard let header = try header(at: producer.lastOffset) else { continue }
            guard header.producerID == id, header.producerEpoch == producer.epoch,
                header.lastSequence == producer.lastSequence
            else {
                return "producer \(id) is said to end at offset \(producer.lastOffset), where the log has another batch"
            }
        }
        return nil
    }

    /// The header of the batch that ends at `offset`; nil where it is gone, or cannot be read, which was told before.
    private func header(at offset: Offset) throws(LogError) -> RecordBatchHeader? {
        guard let index = files.segments.lastIndex(where: { $0.baseOffset <= offset }) else { return nil }
        let names = files.segments[index]
        guard let log = try? fileSystem.open(names.log, .read), let index = try? fileSystem.open(names.index, .read),
            let timeIndex = try? fileSystem.open(names.timeIndex, .read), let size = try? log.status().size,
            let indexBytes = try? index.status().size
        else { return nil }
        let summary = SegmentSummary(
            baseOffset: names.baseOffset, endOffset: SegmentNames.offsets.upperBound, bytes: size, maxTimestamp: .none,
            indexEntries: Int(indexBytes / SegmentIndex.offsetEntryBytes), timeIndexEntries: 0)
        let segment = OpenSegment(path: names.log, summary: summary, log: log, index: index, timeIndex: timeIndex)
        guard let found = try? segment.position(of: offset), found.header.lastOffset == offset else { return nil }
        return found.header
    }
}
