internal import FileAccess
internal import Primitives
internal import SystemPackage

/// What recovery cuts off the end of a log, kept beside it: `<base offset>.log.<position>.cut`. Nothing of it was
/// acknowledged under the flush policy `commit`; but who lost power under another, or suspects his disk, may want to see.
///
/// Bounded: the first MiB of a tail, and the last four tails of a partition. A tail of zeros, as a file system leaves it
/// that had grown the file and not written it, is not kept.
struct CutTail {
    let segment: SegmentNames
    let position: Int64

    private static let suffix = "cut"
    private static let maximumBytes: Int64 = 1 << 20
    private static let maximumTails = 4

    init(of segment: SegmentNames, at position: Int64) {
        self.segment = segment
        self.position = position
    }

    /// What a file's name says; nil where it is not that of a cut tail.
    init?(name: String, in directory: FilePath) {
        guard let (base, rest) = SegmentNames.parse(name) else { return nil }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "log", parts[2] == Self.suffix, let position = Int64(parts[1]),
            position >= 0
        else { return nil }
        self.init(of: SegmentNames(directory: directory, baseOffset: base), at: position)
    }

    var path: FilePath {
        segment.directory.appending(
            SegmentNames.digits(segment.baseOffset) + ".log.\(position)." + Self.suffix)
    }

    /// Keeps the bytes from the tail's position on. Durable on return.
    ///
    /// - Parameter files: the names in the partition's directory.
    /// - Returns: where they are kept; nil where there are only zeros.
    func keep(
        _ log: any OpenFile, size: Int64, among files: [String], _ fileSystem: any FileSystem
    ) throws(FileError) -> FilePath? {
        let bytes = try log.read(Int(min(Self.maximumBytes, size - position)), at: position)
        if bytes.allSatisfy({ $0 == 0 }) { return nil }
        let others = files.compactMap { CutTail(name: $0, in: segment.directory) }.filter { $0.path != path }
            .sorted { ($0.segment.baseOffset, $0.position) < ($1.segment.baseOffset, $1.position) }
        for old in others.prefix(max(0, others.count - Self.maximumTails + 1)) { try fileSystem.remove(old.path) }
        let file = try fileSystem.open(path, .replace)
        try file.write(bytes.rawBytes, at: 0)
        try file.synchronizeData()
        try fileSystem.synchronizeDirectory(segment.directory)
        return path
    }
}
