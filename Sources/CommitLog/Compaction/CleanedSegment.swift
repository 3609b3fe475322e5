internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// A segment that was written to take the place of others, durable under names that nobody reads.
package struct CleanedSegment: Sendable {
    /// Neighbours, in order.
    let sources: [SegmentView]
    let summary: SegmentSummary
    let files: CleanedFiles
    /// Where the segments end that this round looks at.
    let roundEnd: Offset

    var swap: SegmentSwap {
        SegmentSwap(files.segment, endOffset: summary.endOffset)
    }
}

/// The files of a cleaned segment that is being written, or that was given up: `<base>.log.cleaned`, `.index.cleaned`
/// and `.timeindex.cleaned`.
struct CleanedFiles: Sendable {
    let segment: SegmentNames
    private static let suffix = ".cleaned"

    init(_ segment: SegmentNames) {
        self.segment = segment
    }

    var log: FilePath { path("log") }
    var index: FilePath { path("index") }
    var timeIndex: FilePath { path("timeindex") }

    private func path(_ kind: String) -> FilePath {
        segment.directory.appending(SegmentNames.digits(segment.baseOffset) + "." + kind + Self.suffix)
    }

    /// What cannot be removed now goes when the log is opened next, or is written over.
    func remove(_ fileSystem: any FileSystem) {
        for path in [log, index, timeIndex] { try? fileSystem.remove(path) }
    }

    /// Whether a file bears such a name.
    static func isCleaned(_ name: String) -> Bool {
        SegmentNames.parse(name)?.suffix.hasSuffix(suffix) ?? false
    }
}

/// Writes a cleaned segment, in parts that are synced as they come: one sync of a GiB at the end would hold up those of
/// the appends.
struct CleanedSegmentWriter {
    private let files: CleanedFiles
    private let log: any OpenFile
    private let fileSystem: any FileSystem
    private var entries: IndexWriter
    private var pending: [UInt8] = []
    /// Bytes of batches so far, written or pending.
    private(set) var bytes: Int64 = 0
    private var unsynchronized: Int64 = 0

    private static let bufferBytes = 1 << 20
    private static let bytesBetweenSyncs: Int64 = 4 << 20

    init(_ files: CleanedFiles, interval: Int64, fileSystem: any FileSystem) throws(FileError) {
        self.files = files
        self.fileSystem = fileSystem
        log = try fileSystem.open(files.log, .replace)
        entries = IndexWriter(baseOffset: files.segment.baseOffset, interval: interval)
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
    /// - Parameters:
    ///   - endOffset: where the last of the segments ends in whose place it comes.
    ///   - modified: when the last append was: what the segment's age counts from.
    mutating func finish(endOffset: Offset, modified: FileTime) throws(FileError) -> SegmentSummary {
        try flush()
        entries.finish()
        let (offsets, times) = entries.pending
        for (path, content) in [(files.index, offsets), (files.timeIndex, times)] {
            let file = try fileSystem.open(path, .replace)
            try file.write(content.rawBytes, at: 0)
            try file.synchronizeData()
        }
        try log.setModified(modified)
        try log.synchronizeData()
        return SegmentSummary(
            baseOffset: files.segment.baseOffset, endOffset: endOffset, bytes: bytes,
            maxTimestamp: entries.maxTimestamp,
            indexEntries: offsets.count / Int(SegmentIndex.offsetEntryBytes),
            timeIndexEntries: times.count / Int(SegmentIndex.timeEntryBytes))
    }
}
