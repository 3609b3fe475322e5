internal import FileAccess
internal import Primitives
internal import RecordBatches

/// Reads the batches of a segment's end with their checksums, up to the first that is not whole or not the next. It
/// never throws for what the bytes are, only for what the disk does.
struct TailScan {
    private let file: any OpenFile
    private let size: Int64
    private(set) var position: Int64
    private(set) var endOffset: Offset
    /// Why the scan stopped before the file's end; nil where it did not.
    private(set) var stop: String?

    /// - Parameter endOffset: the offset of the batch at `start`.
    init(file: any OpenFile, from start: Int64, to size: Int64, endOffset: Offset) {
        self.file = file
        self.size = size
        self.position = start
        self.endOffset = endOffset
    }

    mutating func next() throws(LogError) -> PlacedBatch? {
        guard position < size, stop == nil else { return nil }
        let here = position
        // The header first, then the whole batch, so that a length of nonsense costs no memory.
        guard let header = check(try read(RecordBatchHeader.byteCount, at: here), wholly: false) else { return nil }
        guard Int64(header.totalBytes) <= size - here else {
            stop = "the batch reaches over the file's end"
            return nil
        }
        guard check(try read(header.totalBytes, at: here), wholly: true) != nil else { return nil }
        // The offset lies outside of the checksum; in what was appended it is always the next.
        guard header.baseOffset == endOffset else {
            stop = "a batch at offset \(header.baseOffset) where \(endOffset) comes"
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
