internal import FileAccess
internal import Primitives
internal import SystemPackage

/// A cleaned segment on its way to the place of others, decided on: `<base>-<end>.swap` is its .log, complete and durable,
/// and takes the place of all segments from base offset up to end. A crash leaves it, and the next start goes on.
struct SegmentSwap: Sendable {
    let segment: SegmentNames
    let endOffset: Offset
    private static let suffix = "swap"

    init(_ segment: SegmentNames, endOffset: Offset) {
        self.segment = segment
        self.endOffset = endOffset
    }

    var path: FilePath {
        let offsets = SegmentNames.digits(segment.baseOffset) + "-" + SegmentNames.digits(endOffset)
        return segment.directory.appending(offsets + "." + Self.suffix)
    }

    /// What a file's name says; nil where it is not that of a swap.
    init?(name: String, in directory: FilePath) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == Self.suffix else { return nil }
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ $0.count == 20 }), let base = Int64(numbers[0]),
            let end = Int64(numbers[1]), SegmentNames.offsets.contains(Offset(base)), end >= base,
            SegmentNames.offsets.contains(Offset(end))
        else { return nil }
        self.init(SegmentNames(directory: directory, baseOffset: Offset(base)), endOffset: Offset(end))
    }

    /// Steps 3 and 4 of `PartitionLog.replace`, of which some may have been done before.
    ///
    /// - Parameter bases: of the segments to remove; the one that keeps its name is not among them.
    func finish(removing bases: [Offset], _ fileSystem: any FileSystem) throws(FileError) {
        var doomed = [segment.index, segment.timeIndex]
        for base in bases {
            let names = SegmentNames(directory: segment.directory, baseOffset: base)
            doomed += [names.log, names.index, names.timeIndex]
        }
        for path in doomed {
            do throws(FileError) { try fileSystem.remove(path) } catch { if !error.isNotFound { throw error } }
        }
        try fileSystem.synchronizeDirectory(segment.directory)
        try fileSystem.rename(path, to: segment.log)
        try fileSystem.synchronizeDirectory(segment.directory)
    }

    /// Finishes the swaps that a crash interrupted, and removes cleaned segments that nothing came of.
    ///
    /// - Returns: whether there was anything to do: the directory is to be listed anew.
    static func finishInterrupted(
        in directory: FilePath, _ files: [String], _ fileSystem: any FileSystem
    ) throws(FileError) -> Bool {
        var isChanged = false
        for name in files {
            if let swap = SegmentSwap(name: name, in: directory) {
                let covered = files.compactMap { SegmentNames.parse($0) }.filter { file in
                    file.suffix == "log" && file.baseOffset > swap.segment.baseOffset
                        && file.baseOffset < swap.endOffset
                }
                try swap.finish(removing: covered.map(\.baseOffset), fileSystem)
                isChanged = true
            } else if CleanedFiles.isCleaned(name) {
                try fileSystem.remove(directory.appending(name))
                isChanged = true
            }
        }
        return isChanged
    }
}
