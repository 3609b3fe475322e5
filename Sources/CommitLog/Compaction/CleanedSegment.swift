internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// A segment that was written to take the place of others, durable under names that nobody reads.
package struct CleanedSegment: Sendable {
    /// Neighbours, in order.
    let sources: [SegmentView]
    let summary: SegmentSummary
    let names: CleanedNames
    /// Where the segments end that this round looks at.
    let roundEnd: Offset
}

/// The names of a cleaned segment's files on their way:
///
///     <base>.log.cleaned, .index.cleaned, .timeindex.cleaned   being written, or given up
///     <base>-<end>.swap                                        the .log, complete and decided on: it takes the place of
///                                                              all segments from base offset up to end
struct CleanedNames: Sendable {
    let segment: SegmentNames
    let endOffset: Offset

    static let suffix = "cleaned"
    static let swapSuffix = "swap"

    init(_ segment: SegmentNames, endOffset: Offset) {
        self.segment = segment
        self.endOffset = endOffset
    }

    var log: FilePath { path("log") }
    var index: FilePath { path("index") }
    var timeIndex: FilePath { path("timeindex") }

    var swap: FilePath {
        let offsets = SegmentNames.digits(segment.baseOffset) + "-" + SegmentNames.digits(endOffset)
        return segment.directory.appending(offsets + "." + Self.swapSuffix)
    }

    private func path(_ kind: String) -> FilePath {
        segment.directory.appending(SegmentNames.digits(segment.baseOffset) + ".\(kind).\(Self.suffix)")
    }

    /// What the name of a `.swap` file says; nil for another file's.
    init?(swap name: String, in directory: FilePath) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == Self.swapSuffix else { return nil }
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ $0.count == 20 }), let base = Int64(numbers[0]),
            let end = Int64(numbers[1]), SegmentNames.offsets.contains(Offset(base)), end >= base,
            SegmentNames.offsets.contains(Offset(end))
        else { return nil }
        self.init(SegmentNames(directory: directory, baseOffset: Offset(base)), endOffset: Offset(end))
    }

    /// Whether a file is one that was being written.
    static func isCleaned(_ name: String) -> Bool {
        SegmentNames.parse(name)?.suffix.hasSuffix("." + suffix) ?? false
    }
}

/// Writes a cleaned segment, in parts that are synced as they come: one sync of a GiB at the end would hold up those of
/// the appends.
struct CleanedSegmentWriter {
    private let names: CleanedNames
    private let log: any OpenFile
    private let fileSystem: any FileSystem
    private var entries: IndexWriter
    private var pending: [UInt8] = []
    /// Bytes of batches so far, written or pending.
    private(set) var bytes: Int64 = 0
    private var unsynchronized: Int64 = 0

    private static let bufferBytes = 1 << 20
    private static let bytesBetweenSyncs: Int64 = 4 << 20

    init(_ names: CleanedNames, interval: Int64, fileSystem: any FileSystem) throws(FileError) {
        self.names = names
        self.fileSystem = fileSystem
        log = try fileSystem.open(names.log, .replace)
        entries = IndexWriter(baseOffset: names.segment.baseOffset, interval: interval)
    }

    mutating func append(_ header: RecordBatchHeader, _ batch: some Sequence<UInt8>) throws(FileError) {
        entries.add(header, at: bytes)
        pending.append(contentsOf: batch)
        bytes += Int64(header.totalBytes)
        if pending.count >= Self.bufferBytes { try flush() }
    }

    private mutating func flush() throws(FileError) {
        if pending.isEmpty { return }
        try log.write(pending.rawBytes, at: bytes - Int64(pending.count))
        unsynchronized += Int64(pending.count)
        pending.removeAll(keepingCapacity: true)
        guard unsynchronized >= Self.bytesBetweenSyncs else { return }
        try log.synchronizeData()
        unsynchronized = 0
    }

    /// Completes the files. Their content is durable on return, their names are not.
    ///
    /// - Parameter modified: when the last append was: what the segment's age counts from.
    mutating func finish(modified: FileTime) throws(FileError) -> SegmentSummary {
        try flush()
        entries.finish()
        let (offsets, times) = entries.pending
        for (path, content) in [(names.index, offsets), (names.timeIndex, times)] {
            let file = try fileSystem.open(path, .replace)
            try file.write(content.rawBytes, at: 0)
            try file.synchronizeData()
        }
        try log.setModified(modified)
        try log.synchronizeData()
        return SegmentSummary(
            baseOffset: names.segment.baseOffset, endOffset: names.endOffset, bytes: bytes,
            maxTimestamp: entries.maxTimestamp,
            indexEntries: offsets.count / Int(SegmentIndex.offsetEntryBytes),
            timeIndexEntries: times.count / Int(SegmentIndex.timeEntryBytes))
    }
}
