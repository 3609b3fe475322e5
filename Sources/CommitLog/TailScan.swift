internal import FileAccess
internal import Primitives
internal import RecordBatches

/// Reads a segment's batches from the start, with checksums behind a trusted position, up to the first that is not
/// whole. It never throws for what the bytes are, only for what the disk does.
struct TailScan {
    private let file: any OpenFile
    private let size: Int64
    private let trusted: Int64
    private(set) var position: Int64 = 0
    private(set) var endOffset: Offset
    /// Why the scan stopped before the file's end; nil where it did not.
    private(set) var stop: String?

    init(file: any OpenFile, size: Int64, baseOffset: Offset, trusted: Int64) {
        self.file = file
        self.size = size
        self.endOffset = baseOffset
        self.trusted = trusted
    }

    mutating func next() throws(LogError) -> (position: Int64, header: RecordBatchHeader)? {
        guard position < size, stop == nil else { return nil }
        let here = position
        // The header first, then the whole batch, so that a length of nonsense costs no memory.
        var bytes = try read(RecordBatchHeader.byteCount, at: here)
        guard let header = check(bytes, wholly: false), Int64(header.totalBytes) <= size - here else {
            stop = stop ?? "the batch reaches over the file's end"
            return nil
        }
        if here >= trusted {
            bytes = try read(header.totalBytes, at: here)
            guard check(bytes, wholly: true) != nil else { return nil }
        }
        guard header.baseOffset >= endOffset, header.lastOffsetDelta >= 0 else {
            stop = "a batch at offset \(header.baseOffset) behind offset \(endOffset)"
            return nil
        }
        position += Int64(header.totalBytes)
        endOffset = header.nextOffset
        return (here, header)
    }

    private mutating func check(_ bytes: [UInt8], wholly: Bool) -> RecordBatchHeader? {
        do throws(BatchError) {
            return wholly
                ? try RecordBatchHeader(checking: bytes.rawBytes) : try RecordBatchHeader(parsing: bytes.rawBytes)
        } catch {
            stop = error.description
            return nil
        }
    }

    private func read(_ count: Int, at position: Int64) throws(LogError) -> [UInt8] {
        try withFiles { () throws(FileError) in try file.read(count, at: position) }
    }
}
