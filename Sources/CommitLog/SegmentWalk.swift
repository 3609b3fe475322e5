internal import FileAccess
package import Primitives
internal import RecordBatches
package import SystemPackage

/// A stretch of a segment, durable once, that is not made of batches any more.
package struct LogDamage: Hashable, Sendable, CustomStringConvertible {
    package var path: FilePath
    package var position: Int64
    package var bytes: Int64
    /// The offset that the first damaged batch should have had.
    package var offset: Offset
    package var reason: String

    package var description: String {
        "\(path), byte \(position): \(bytes) bytes from offset \(offset) on are damaged: \(reason)"
    }
}

/// Walks over a segment whose bytes were all durable once, by headers, and past places that are damaged: what lies
/// behind them stays readable.
///
/// Behind a damaged place it looks for the next bytes that are a batch by their checksum and whose offset can be.
struct SegmentWalk {
    private let file: any ReadableFile
    private let path: FilePath
    private let end: Int64
    private let endOffset: Offset
    private let verifying: Bool
    private var scan: BatchScan
    private var nextOffset: Offset
    private(set) var damages: [LogDamage] = []

    /// - Parameters:
    ///   - offsets: those that batches in the range can have.
    ///   - verifying: whether to check the checksums too, which reads everything.
    init(
        file: any ReadableFile, path: FilePath, from start: Int64, to end: Int64, offsets: Range<Offset>,
        verifying: Bool = false
    ) {
        self.verifying = verifying
        self.file = file
        self.path = path
        self.end = end
        self.nextOffset = offsets.lowerBound
        self.endOffset = offsets.upperBound
        self.scan = BatchScan(file: file, path: path, from: start, to: end)
    }

    mutating func next() throws(LogError) -> PlacedBatch? {
        while scan.position < end {
            let here = scan.position
            let reason: String
            do throws(LogError) {
                guard let batch = try scan.next() else { return nil }
                if let fault = try fault(of: batch) {
                    reason = fault
                } else {
                    nextOffset = batch.header.nextOffset
                    return batch
                }
            } catch {
                guard case .malformed(_, let what) = error else { throw error }
                reason = what
            }
            let found = try nextWhole(from: here + 1) ?? end
            damages.append(
                LogDamage(path: path, position: here, bytes: found - here, offset: nextOffset, reason: reason))
            scan = BatchScan(file: file, path: path, from: found, to: end)
        }
        return nil
    }

    private func fault(of batch: PlacedBatch) throws(LogError) -> String? {
        if !isPossible(batch.header) { return "a batch of offsets from \(batch.header.baseOffset) on" }
        if !verifying { return nil }
        let whole = try read(batch.header.totalBytes, at: batch.position)
        do throws(BatchError) {
            _ = try RecordBatchHeader(checking: whole.rawBytes)
            return nil
        } catch {
            return error.description
        }
    }

    private func isPossible(_ header: RecordBatchHeader) -> Bool {
        header.baseOffset >= nextOffset && header.baseOffset < endOffset && header.lastOffsetDelta >= 0
            && header.nextOffset <= endOffset
    }

    /// Where the next batch with a right checksum begins.
    private func nextWhole(from start: Int64) throws(LogError) -> Int64? {
        var position = start
        while end - position >= Int64(RecordBatchHeader.byteCount) {
            let window = try read(Int(min(1 << 16, end - position)), at: position)
            let candidates = window.count - RecordBatchHeader.byteCount + 1
            guard candidates > 0 else { return nil }
            for index in 0..<candidates where window[index + 16] == 2 {
                let bytes = window.rawBytes.extracting(index..<window.count)
                let place = position + Int64(index)
                guard let header = try? RecordBatchHeader(parsing: bytes), isPossible(header),
                    Int64(header.totalBytes) <= end - place
                else { continue }
                let whole = try read(header.totalBytes, at: place)
                if (try? RecordBatchHeader(checking: whole.rawBytes)) != nil { return place }
            }
            position += Int64(candidates)
        }
        return nil
    }

    private func read(_ count: Int, at position: Int64) throws(LogError) -> [UInt8] {
        try withFiles { () throws(FileError) in try file.read(count, at: position) }
    }
}
