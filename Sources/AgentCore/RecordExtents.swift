internal import Primitives

/// Where each of some consecutive records lies in its file, so that those of them that are refused can be named one by one.
///
/// A record mostly begins where the one before it ends, and takes one byte more than its value: its newline. Only those
/// of which that is not so are noted, in a few bytes each; the others follow from their values.
struct RecordExtents: Sendable {
    /// For each record that is noted three varints: how many before it are not, the gap before it, its length.
    private var noted: [UInt8] = []
    /// Behind the last one that is noted.
    private var next = 0

    /// Whether a record's place follows from its value, and it need not be noted.
    ///
    /// - Parameters:
    ///   - value: bytes of its value.
    ///   - last: where the one before it ended; of the first its own start.
    static func follows(from start: Int64, to end: Int64, value: Int, after last: Int64) -> Bool {
        start == last && end - start == Int64(value) + 1
    }

    /// Notes a record: its index, from 0 and growing, the bytes between it and the one before it, and its own. One that
    /// begins before the end of the last has no gap: its file holds something else by now, and what is noted is dropped.
    @inline(never)
    mutating func note(_ index: Int, gap: Int64, length: Int64) {
        noted.appendVarint(unsigned: UInt64(index - next))
        noted.appendVarint(unsigned: UInt64(max(0, gap)))
        noted.appendVarint(unsigned: UInt64(length))
        next = index + 1
    }

    /// Bytes of memory.
    var byteCount: Int { noted.count }

    /// - Parameters:
    ///   - records: counted from 0; not empty.
    ///   - start: where the first of all begins.
    ///   - values: bytes of the value of each, from the first of all on.
    /// - Returns: where the first of `records` begins and the last one ends, and how many bytes they have without the gaps
    ///   between them; nil where there are not as many.
    func extent(
        of records: Range<Int>, from start: Int64, values: some Collection<Int>
    ) -> (start: Int64, end: Int64, bytes: Int64)? {
        guard values.count >= records.upperBound else { return nil }
        let bytes = noted.rawBytes
        var position = 0
        var untilNoted = Varint.readUnsigned(bytes, at: &position)
        var at = start
        var first = start
        var sum: Int64 = 0
        for (index, value) in values.prefix(records.upperBound).enumerated() {
            var length = Int64(value) + 1
            if untilNoted == 0 {
                guard let gap = Varint.readUnsigned(bytes, at: &position),
                    let other = Varint.readUnsigned(bytes, at: &position)
                else { return nil }
                at += Int64(gap)
                length = Int64(other)
                untilNoted = Varint.readUnsigned(bytes, at: &position)
            } else if let left = untilNoted {
                untilNoted = left - 1
            }
            if index == records.lowerBound { first = at }
            at += length
            if index >= records.lowerBound { sum += length }
        }
        return (first, at, sum)
    }
}
