internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

// Putting a damaged segment aside, and its whole batches in its place.
extension PartitionRepair {
    /// A stretch of whole batches without a gap between.
    private struct Stretch {
        var offsets: Range<Offset>
        var bytes: Range<Int64>
    }

    /// A complete copy that is about to get its name.
    private static let salvaged = "salvaged"

    func salvage(_ index: Int, of files: PartitionFiles) throws(LogError) {
        let names = files.segments[index]
        let isLast = index == files.segments.count - 1
        let limit = files.limit(of: index)
        let (log, size) = try withFiles { () throws(FileError) in
            let log = try fileSystem.open(names.log, .read)
            return (log, try log.status().size)
        }
        var stretches = try wholeStretches(names, log: log, size: size, limit: limit)
        // The part that keeps the segment's name, empty where its beginning is what is damaged.
        let first =
            stretches.first?.offsets.lowerBound == names.baseOffset
            ? stretches.removeFirst() : Stretch(offsets: names.baseOffset..<names.baseOffset, bytes: 0..<0)
        let end = max(
            stretches.last?.offsets.upperBound ?? first.offsets.upperBound, isLast ? vouchedEnd(names) : limit)
        let hasEnd = (stretches.last ?? first).offsets.upperBound == end
        // Offsets that were given to records once are not given to others.
        if isLast && !hasEnd { stretches.append(Stretch(offsets: end..<end, bytes: 0..<0)) }

        for stretch in stretches {
            let part = SegmentNames(directory: directory, baseOffset: stretch.offsets.lowerBound)
            try step("copy \(said(stretch)) of \(names.log) to \(part.log)") { () throws(FileError) in
                let copy = try self.copy(stretch, of: log, for: part)
                try fileSystem.rename(copy, to: part.log)
                try fileSystem.synchronizeDirectory(directory)
            }
            try rebuildIndexes(part, limit: stretch.offsets.upperBound, isSealed: true)
        }
        let aside = try unusedName(QuarantinedSegment.fileName(names.baseOffset..<end))
        let kept = said(first)
        try step("put \(names.log) aside as \(aside.lastComponent?.string ?? ""), and \(kept) of it in its place") {
            () throws(FileError) in
            let copy = try self.copy(first, of: log, for: names)
            try fileSystem.rename(names.log, to: aside)
            try fileSystem.rename(copy, to: names.log)
            try fileSystem.synchronizeDirectory(directory)
        }
        try rebuildIndexes(names, limit: stretches.first?.offsets.lowerBound ?? limit, isSealed: true)
    }

    private func said(_ stretch: Stretch) -> String {
        stretch.offsets.isEmpty
            ? "no records" : "offsets \(stretch.offsets.lowerBound) to \(stretch.offsets.upperBound + -1)"
    }

    private func wholeStretches(
        _ names: SegmentNames, log: any OpenFile, size: Int64, limit: Offset
    ) throws(LogError) -> [Stretch] {
        var walk = SegmentWalk(
            file: log, path: names.log, from: 0, to: size, offsets: names.baseOffset..<limit, verifying: true)
        var stretches: [Stretch] = []
        while let batch = try walk.next() {
            let end = batch.position + Int64(batch.header.totalBytes)
            if let last = stretches.last, last.bytes.upperBound == batch.position,
                last.offsets.upperBound == batch.header.baseOffset
            {
                stretches[stretches.count - 1] = Stretch(
                    offsets: last.offsets.lowerBound..<batch.header.nextOffset, bytes: last.bytes.lowerBound..<end)
            } else {
                stretches.append(
                    Stretch(offsets: batch.header.baseOffset..<batch.header.nextOffset, bytes: batch.position..<end))
            }
        }
        return stretches
    }

    /// Up to where the recovery point says that the log was whole.
    private func vouchedEnd(_ names: SegmentNames) -> Offset {
        let path = RecoveryPoint.path(in: directory)
        guard let bytes = try? fileSystem.readWhole(path), let point = RecoveryPoint(bytes),
            point.baseOffset == names.baseOffset
        else { return names.baseOffset }
        return point.endOffset
    }

    /// Copies a stretch into a file of its own, durably.
    private func copy(
        _ stretch: Stretch, of log: any OpenFile, for names: SegmentNames
    ) throws(FileError) -> FilePath {
        let path = copyPath(names)
        let copy = try fileSystem.open(path, .replace)
        var position = stretch.bytes.lowerBound
        while position < stretch.bytes.upperBound {
            let bytes = try log.read(Int(min(1 << 20, stretch.bytes.upperBound - position)), at: position)
            if bytes.isEmpty { throw FileError(operation: "pread", path: names.log, errno: .ioError) }
            try copy.write(bytes.rawBytes, at: position - stretch.bytes.lowerBound)
            position += Int64(bytes.count)
        }
        try copy.synchronizeData()
        return path
    }

    private func copyPath(_ names: SegmentNames) -> FilePath {
        directory.appending(SegmentNames.digits(names.baseOffset) + "." + Self.salvaged)
    }

    /// What a repair left that was stopped half way: a copy whose original is put aside takes its place; one whose
    /// original is still there may be incomplete, and is made again where it is needed.
    func finishInterrupted() throws(LogError) {
        let entries = try withFiles { () throws(FileError) in try fileSystem.list(directory) }
        for entry in entries {
            guard let base = SegmentNames.baseOffset(of: entry.name, suffix: Self.salvaged) else { continue }
            let names = SegmentNames(directory: directory, baseOffset: base)
            let path = copyPath(names)
            let isOrphan = try withFiles { () throws(FileError) in try !fileSystem.exists(names.log) }
            let wasPutAside = entries.contains { QuarantinedSegment($0.name)?.offsets.lowerBound == base }
            if isOrphan && wasPutAside {
                try step("finish an earlier repair: \(path) becomes \(names.log)") { () throws(FileError) in
                    try fileSystem.rename(path, to: names.log)
                    try fileSystem.synchronizeDirectory(directory)
                }
            } else {
                try step("remove \(path), the unfinished copy of an earlier repair") { () throws(FileError) in
                    try fileSystem.remove(path)
                }
            }
        }
    }
}
