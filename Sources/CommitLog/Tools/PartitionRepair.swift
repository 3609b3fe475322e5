package import FileAccess
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// Makes a damaged partition whole again, as far as there is anything to make it from. No collector may have it open.
///
/// - An unfinished write at the log's end is cut off, as the collector would.
/// - A segment that is damaged elsewhere is put aside under the name of `QuarantinedSegment`; nothing is ever deleted of
///   it. Its whole batches are copied into segments in its place, one for each stretch between two damaged places: so
///   readers get at all that is left, and a gap of offsets is between two segments, where recovery takes none for a torn
///   write.
/// - Indexes that are wrong are built anew.
/// - Snapshots, recovery points and other small files that are wrong are put aside, and the log is opened and closed
///   once, which makes new ones.
///
/// A crash between leaves a partition that the next repair goes on with: stretches of the end are in place before the
/// segment is put aside, and the copy that takes its place is complete before.
package final class PartitionRepair {
    /// One thing that is done, or would be.
    package typealias Step = String

    package struct Outcome: Sendable, Equatable {
        package var problems = 0
        package var steps = 0
        /// What cannot be repaired, as the verification afterwards tells it. In a dry run the gaps.
        package var left = 0
    }

    let directory: FilePath
    let fileSystem: any FileSystem
    let isDryRun: Bool
    let progress: (Int64) -> Void
    let say: (Step) -> Void
    var outcome = Outcome()

    /// - Parameter say: called before each step is taken, with what it does; in a dry run with what it would do.
    package init(
        _ directory: FilePath, fileSystem: any FileSystem, dryRun: Bool,
        progress: @escaping (Int64) -> Void = { _ in }, say: @escaping (Step) -> Void
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.isDryRun = dryRun
        self.progress = progress
        self.say = say
    }

    package func run() throws(LogError) -> Outcome {
        try finishInterrupted()
        try finishCompaction()
        let problems = try verify()
        outcome.problems = problems.count
        if problems.isEmpty && outcome.steps == 0 { return outcome }
        let files = try PartitionFiles(directory, fileSystem: fileSystem)
        var salvaged: Set<FilePath> = []
        for (index, names) in files.segments.enumerated() where mustSalvage(names, index, problems, files) {
            salvaged.insert(names.log)
            try salvage(index, of: files)
        }
        for problem in problems where problem.kind == .tornTail && !salvaged.contains(problem.path) {
            try cut(problem)
        }
        let last = files.segments.count - 1
        for (index, names) in files.segments.enumerated() where !salvaged.contains(names.log) {
            let isWrong = problems.contains { $0.path == names.index || $0.path == names.timeIndex }
            if isWrong { try rebuildIndexes(names, limit: files.limit(of: index), isSealed: index < last) }
        }
        for problem in problems { try putAside(problem) }
        if isDryRun {
            outcome.left = problems.count { $0.kind == .gap && !salvaged.contains($0.path) }
            return outcome
        }
        try reopen()
        outcome.left = try verify().count
        return outcome
    }

    private func verify() throws(LogError) -> [LogProblem] {
        var problems: [LogProblem] = []
        var verification = try PartitionVerification(
            directory, fileSystem: fileSystem, progress: progress, tell: { problems.append($0) })
        _ = try verification.run()
        return problems
    }

    /// Says what comes, and does it unless it is a dry run.
    func step(_ what: Step, _ work: () throws(FileError) -> Void) throws(LogError) {
        say(what)
        outcome.steps += 1
        if isDryRun { return }
        try withFiles { () throws(FileError) in
            try forgetManifest()
            try work()
        }
    }

    /// What is known of the segments may not hold any more: the log is to look at them when it is opened.
    private func forgetManifest() throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(SegmentManifest.path(in: directory))
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    /// What the collector would do when it starts.
    private func finishCompaction() throws(LogError) {
        let files = try PartitionFiles(directory, fileSystem: fileSystem)
        if files.swaps.isEmpty && files.cleaned.isEmpty { return }
        for swap in files.swaps {
            try step("finish an interrupted compaction: \(swap.path) becomes \(swap.segment.log)") {}
        }
        for path in files.cleaned { try step("remove \(path), left by an interrupted compaction") {} }
        if isDryRun { return }
        _ = try withFiles { () throws(FileError) in
            let names = try fileSystem.list(directory).map(\.name.string)
            return try SegmentSwap.finishInterrupted(in: directory, names, fileSystem)
        }
    }

    /// A gap inside of the last segment would be taken for the end of the log, and what follows cut.
    private func mustSalvage(
        _ names: SegmentNames, _ index: Int, _ problems: [LogProblem], _ files: PartitionFiles
    ) -> Bool {
        let isLast = index == files.segments.count - 1
        return problems.contains { problem in
            problem.path == names.log && (problem.kind == .damage || (isLast && problem.kind == .gap))
        }
    }

    private func cut(_ problem: LogProblem) throws(LogError) {
        guard let position = problem.position else { return }
        try step("cut \(problem.path) at byte \(position), the end of its last whole batch (\(problem.message))") {
            () throws(FileError) in
            let log = try fileSystem.open(problem.path, .update)
            try self.keepTail(of: log, problem.path, from: position)
            try log.truncate(to: position)
            try log.synchronizeData()
        }
    }

    private func keepTail(of log: any OpenFile, _ path: FilePath, from position: Int64) throws(FileError) {
        guard let name = path.lastComponent, let base = SegmentNames.baseOffset(of: name, suffix: "log") else { return }
        let tail = CutTail(of: SegmentNames(directory: directory, baseOffset: base), at: position)
        let names = try fileSystem.list(directory).map(\.name.string)
        if let kept = try tail.keep(log, size: try log.status().size, among: names, fileSystem) {
            say("it is kept in \(kept)")
        }
    }

    func rebuildIndexes(_ names: SegmentNames, limit: Offset, isSealed: Bool) throws(LogError) {
        try step("rebuild the indexes of \(names.log)") {}
        if isDryRun { return }
        let (log, size) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
        var entries = IndexWriter(baseOffset: names.baseOffset, interval: LogConfiguration().indexIntervalBytes)
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: size, offsets: names.baseOffset..<limit, verifying: true)
        while let batch = try walk.next() { entries.add(batch.header, at: batch.position) }
        entries.finish()
        let pending = entries.pending
        try withFiles { () throws(FileError) in
            try fileSystem.replace(names.index, with: pending.offsets.rawBytes)
            try fileSystem.replace(names.timeIndex, with: pending.times.rawBytes)
        }
    }

    /// Small files that are wrong: the log gets new ones when it is opened and closed.
    private func putAside(_ problem: LogProblem) throws(LogError) {
        switch problem.kind {
        case .tornTail, .damage, .index, .timeIndex: return
        case .gap: return say("nothing to be done: \(problem)")
        case .segmentManifest: return try step("remove \(problem.path) (\(problem.message))") {}
        // Finished before anything else was looked at; in a dry run it would have been.
        case .unfinishedCompaction: return
        case .snapshot, .recoveryPoint, .leaderEpochs, .logStart, .cleanerCheckpoint: break
        }
        let name = problem.path.lastComponent?.string ?? ""
        let aside = try unusedName(name + ".quarantined")
        try step("put \(problem.path) aside as \(aside.lastComponent?.string ?? "") (\(problem.message))") {
            () throws(FileError) in
            try fileSystem.rename(problem.path, to: aside)
            try fileSystem.synchronizeDirectory(directory)
        }
    }

    /// A path in the partition's directory that nothing bears yet.
    func unusedName(_ name: String) throws(LogError) -> FilePath {
        try withFiles { () throws(FileError) in
            var number = 1
            while true {
                let path = directory.appending(number == 1 ? name : "\(name).\(number)")
                if try !fileSystem.exists(path) { return path }
                number += 1
            }
        }
    }

    private func reopen() throws(LogError) {
        try step("open and close the log, for a recovery point and a snapshot of its producers") {}
        let opened = try PartitionLog.open(directory, configuration: LogConfiguration(), fileSystem: fileSystem)
        if let reason = opened.report.cutReason { say("cut \(opened.report.cutBytes) bytes: \(reason)") }
        try opened.log.close()
    }
}
