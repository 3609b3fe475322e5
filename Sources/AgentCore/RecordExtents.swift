internal import Primitives

/// Where each of some consecutive records lies in its file, in a byte or two for each: its length as a varint; a gap
/// before it, of what was skipped, as a 0 and the gap's length.
///
/// Kept until the records are acknowledged, so that those of them that are refused can be named one by one.
struct RecordExtents: Sendable {
    private var encoded: [UInt8] = []

    /// The next record reaches from `start` to `end`.
    ///
    /// - Parameter last: where the one before it ended; of the first its own start.
    mutating func add(from start: Int64, to end: Int64, after last: Int64) {
        if start > last {
            encoded.append(0)
            encoded.appendVarint(unsigned: UInt64(start - last))
        }
        encoded.appendVarint(unsigned: UInt64(end - start))
    }

    /// Bytes of memory.
    var byteCount: Int { encoded.count }

    /// - Parameters:
    ///   - records: counted from 0; not empty.
    ///   - start: where the first of all begins.
    /// - Returns: where the first of `records` begins and the last one ends, and how many bytes they have without the gaps
    ///   between them; nil where there are not as many.
    func extent(of records: Range<Int>, from start: Int64) -> (start: Int64, end: Int64, bytes: Int64)? {
        let bytes = encoded.rawBytes
        var position = 0
        var at = start
        var first = start
        var sum: Int64 = 0
        var index = 0
        while index < records.upperBound {
            guard var length = Varint.readUnsigned(bytes, at: &position) else { return nil }
            if length == 0 {
                guard let gap = Varint.readUnsigned(bytes, at: &position),
                    let next = Varint.readUnsigned(bytes, at: &position)
                else { return nil }
                at += Int64(gap)
                length = next
            }
            if index == records.lowerBound { first = at }
            at += Int64(length)
            if index >= records.lowerBound { sum += Int64(length) }
            index += 1
        }
        return (first, at, sum)
    }
}
