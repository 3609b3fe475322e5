internal import FileAccess
internal import Primitives

/// A segment's sparse index from offsets to file positions, or from timestamps to offsets, as Kafka lays it out.
///
/// Looked up by binary search with small reads, so that it takes no memory however long the log is. Entries up to the
/// count that the reader was given do not change any more.
enum SegmentIndex {
    static let offsetEntryBytes: Int64 = 8
    static let timeEntryBytes: Int64 = 12

    /// The position of the last batch known to start at or before `relativeOffset`'s batch; 0 where the index has
    /// nothing that early.
    static func position(
        of relativeOffset: Int32, in file: any OpenFile, entries: Int
    ) throws(FileError) -> Int64 {
        var found: Int64 = 0
        var low = 0
        var high = entries
        while low < high {
            let middle = (low + high) / 2
            let entry = try file.read(Int(offsetEntryBytes), at: Int64(middle) * offsetEntryBytes)
            // An index shorter than it should be costs a longer scan, no more.
            guard entry.count == offsetEntryBytes else { break }
            if entry.rawBytes.bigEndian(Int32.self, at: 0) <= relativeOffset {
                found = Int64(entry.rawBytes.bigEndian(Int32.self, at: 4))
                low = middle + 1
            } else {
                high = middle
            }
        }
        return max(0, found)
    }

    /// The last indexed relative offset whose timestamp is before `timestamp`; nil where there is none.
    static func relativeOffset(
        before timestamp: Timestamp, in file: any OpenFile, entries: Int
    ) throws(FileError) -> Int32? {
        var found: Int32?
        var low = 0
        var high = entries
        while low < high {
            let middle = (low + high) / 2
            let entry = try file.read(Int(timeEntryBytes), at: Int64(middle) * timeEntryBytes)
            guard entry.count == timeEntryBytes else { break }
            if entry.rawBytes.bigEndian(Int64.self, at: 0) < timestamp.milliseconds {
                found = entry.rawBytes.bigEndian(Int32.self, at: 8)
                low = middle + 1
            } else {
                high = middle
            }
        }
        return found
    }
}
