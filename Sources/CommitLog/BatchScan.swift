internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// A batch's place in its segment's file, and its header.
typealias PlacedBatch = (position: Int64, header: RecordBatchHeader)

/// Walks over the batches of a segment by their headers, with reads of a few KiB that usually hold the next header too.
struct BatchScan {
    private let file: any ReadableFile
    private let path: FilePath
    private let end: Int64
    private(set) var position: Int64
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0

    /// - Parameter end: where whole batches end; the scan looks at nothing behind.
    init(file: any ReadableFile, path: FilePath, from start: Int64, to end: Int64) {
        self.file = file
        self.path = path
        self.end = end
        self.position = start
    }

    /// The next batch's position and header; nil at the end.
    ///
    /// - Throws: `malformed` where there is no whole batch.
    mutating func next() throws(LogError) -> PlacedBatch? {
        guard position < end else { return nil }
        let here = position
        try fill()
        let start = Int(here - windowStart)
        let header: RecordBatchHeader
        do throws(BatchError) {
            let available = window.rawBytes.extracting(start..<window.count)
            header = try RecordBatchHeader(parsing: available)
        } catch {
            throw .malformed(path, "byte \(here): \(error)")
        }
        guard Int64(header.totalBytes) <= end - here else {
            throw .malformed(path, "byte \(here): a batch of \(header.totalBytes) bytes reaches over the segment's end")
        }
        guard SegmentNames.offsets.contains(header.baseOffset), header.lastOffsetDelta >= 0 else {
            throw .malformed(path, "byte \(here): no batch has the offset \(header.baseOffset)")
        }
        position += Int64(header.totalBytes)
        return (here, header)
    }

    private mutating func fill() throws(LogError) {
        let needed = Int64(RecordBatchHeader.byteCount)
        if position >= windowStart && position + needed <= windowStart + Int64(window.count) { return }
        let size = Int(min(8192, end - position))
        let start = position
        let file = file
        window = try withFiles { () throws(FileError) in try file.read(size, at: start) }
        windowStart = start
    }
}
