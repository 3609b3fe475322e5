internal import FileAccess
internal import ForeignCodecs
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Reads the batches of a segment one after the other, whole, in reads of a MiB, and checks them: damage is an error, for
/// nothing is to be rewritten of a segment that does not read back.
struct BatchReader {
    private let segment: OpenSegment
    private let endOffset: Offset
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0
    private(set) var position: Int64 = 0
    private var nextOffset: Offset
    /// Bytes read from the file and not accounted for yet.
    private var unpaced = 0

    private static let windowBytes = 1 << 20
    /// More records than this no batch is expanded to: such a partition is not compacted.
    static let expansionLimit = 128 << 20

    init(_ segment: OpenSegment, endOffset: Offset) {
        self.segment = segment
        self.endOffset = endOffset
        self.nextOffset = segment.baseOffset
    }

    var isAtEnd: Bool { position >= segment.bytes }

    /// Bytes that were read since this was asked last.
    mutating func takeReadBytes() -> Int {
        defer { unpaced = 0 }
        return unpaced
    }

    /// The next batch's header; nil at the end. It stays the next until `advance`.
    mutating func peek() throws(CompactionFailure) -> RecordBatchHeader? {
        if isAtEnd { return nil }
        try fill(RecordBatchHeader.byteCount)
        let header = try checked { () throws(BatchError) in try RecordBatchHeader(parsing: rest) }
        guard Int64(header.totalBytes) <= segment.bytes - position else {
            throw damaged(.incomplete(needed: header.totalBytes, available: Int(segment.bytes - position)))
        }
        guard header.baseOffset >= nextOffset, header.lastOffsetDelta >= 0, header.nextOffset <= endOffset else {
            throw .uncleanable(
                .malformed(segment.path, "byte \(position): a batch of offsets from \(header.baseOffset) on"))
        }
        return header
    }

    /// The next batch, taken apart.
    mutating func contents(_ header: RecordBatchHeader) throws(CompactionFailure) -> RecordBatchContents {
        try fill(header.totalBytes)
        return try checked { () throws(BatchError) in
            try RecordBatchContents(rest, limit: Self.expansionLimit, foreign: ForeignCodecs.decompress)
        }
    }

    /// The next batch's bytes.
    mutating func bytes(_ header: RecordBatchHeader) throws(CompactionFailure) -> ArraySlice<UInt8> {
        try fill(header.totalBytes)
        let start = Int(position - windowStart)
        return window[start..<start + header.totalBytes]
    }

    mutating func advance(over header: RecordBatchHeader) {
        position += Int64(header.totalBytes)
        nextOffset = header.nextOffset
    }

    func damaged(_ error: BatchError) -> CompactionFailure {
        .uncleanable(.damaged(segment.path, position: position, error))
    }

    private var rest: RawSpan {
        window.rawBytes.extracting(Int(position - windowStart)..<window.count)
    }

    private func checked<Result>(_ body: () throws(BatchError) -> Result) throws(CompactionFailure) -> Result {
        do throws(BatchError) { return try body() } catch { throw damaged(error) }
    }

    private mutating func fill(_ needed: Int) throws(CompactionFailure) {
        if position >= windowStart && position + Int64(needed) <= windowStart + Int64(window.count) { return }
        let size = Int(min(segment.bytes - position, Int64(max(needed, Self.windowBytes))))
        do throws(FileError) {
            window = try segment.log.read(size, at: position)
        } catch {
            throw .failed(.file(error))
        }
        windowStart = position
        unpaced += window.count
    }
}
