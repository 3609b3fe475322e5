package import FileAccess
package import Primitives
package import SystemPackage

// The tools look at partitions that no collector has open, or that one has open this moment: they read, and take what
// they read for no more than bytes. Only `PartitionRepair` writes.

/// What lies in a partition's directory, by name.
package struct PartitionFiles: Sendable {
    package let directory: FilePath
    /// Ascending.
    package private(set) var segments: [SegmentNames] = []
    /// The offsets of producers' snapshots, ascending.
    package private(set) var snapshots: [Offset] = []
    package private(set) var quarantined: [QuarantinedSegment] = []
    /// Complete segments on their way to the place of others.
    private(set) var swaps: [SegmentSwap] = []
    private(set) var cutTails: [CutTail] = []
    /// Files of a compaction that was interrupted.
    private(set) var cleaned: [FilePath] = []
    private var names: Set<String> = []

    package init(_ directory: FilePath, fileSystem: any FileSystem) throws(LogError) {
        self.directory = directory
        let entries = try withFiles { () throws(FileError) in try fileSystem.list(directory) }
        for entry in entries where entry.kind != .directory {
            names.insert(entry.name.string)
            if let base = SegmentNames.baseOffset(of: entry.name, suffix: "log") {
                segments.append(SegmentNames(directory: directory, baseOffset: base))
            } else if let offset = SegmentNames.baseOffset(of: entry.name, suffix: "producers") {
                snapshots.append(offset)
            } else if let found = QuarantinedSegment(entry.name) {
                quarantined.append(found)
            } else if let swap = SegmentSwap(name: entry.name.string, in: directory) {
                swaps.append(swap)
            } else if let tail = CutTail(name: entry.name.string, in: directory) {
                cutTails.append(tail)
            } else if CleanedFiles.isCleaned(entry.name.string) {
                cleaned.append(directory.appending(entry.name))
            }
        }
        segments.sort { $0.baseOffset < $1.baseOffset }
        snapshots.sort()
    }

    package func has(_ path: FilePath) -> Bool { path.lastComponent.map { names.contains($0.string) } ?? false }

    /// Where the segment's offsets end at the latest: at the next segment.
    func limit(of index: Int) -> Offset {
        index + 1 < segments.count ? segments[index + 1].baseOffset : SegmentNames.offsets.upperBound
    }

    /// Bytes of all .log files.
    package func logBytes(_ fileSystem: any FileSystem) throws(LogError) -> Int64 {
        var total: Int64 = 0
        for segment in segments {
            total += try withFiles { () throws(FileError) in
                try fileSystem.status(of: segment.log, followingLinks: true).size
            }
        }
        return total
    }

    /// Whether a directory holds a log.
    package static func isPartition(_ directory: FilePath, fileSystem: any FileSystem) throws(FileError) -> Bool {
        try fileSystem.list(directory).contains { SegmentNames.baseOffset(of: $0.name, suffix: "log") != nil }
    }
}

/// A damaged segment's file that was put aside: `<first offset>-<end offset>.log.quarantined`. The offsets in its name
/// say which gap in the log it explains.
package struct QuarantinedSegment: Sendable, Equatable {
    package let name: String
    package let offsets: Range<Offset>

    init?(_ name: FilePath.Component) {
        let parts = name.string.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1] == "log", parts[2] == "quarantined" else { return nil }
        let numbers = parts[0].split(separator: "-").map { Int64($0) }
        guard numbers.count == 2, let first = numbers[0], let end = numbers[1], first >= 0, end >= first else {
            return nil
        }
        self.name = name.string
        offsets = Offset(first)..<Offset(end)
    }

    static func fileName(_ offsets: Range<Offset>) -> String {
        "\(SegmentNames.digits(offsets.lowerBound))-\(SegmentNames.digits(offsets.upperBound)).log.quarantined"
    }
}
