internal import FileAccess
internal import Primitives

/// A segment's sparse index from offsets to file positions, or from timestamps to offsets, as Kafka lays it out.
///
/// Looked up by binary search with small reads, so that it takes no memory however long the log is. Entries up to the
/// count that the reader was given do not change any more. They carry no checksum: whoever uses one looks whether the
/// batch that it names is there, and scans from the segment's start where it is not.
enum SegmentIndex {
    static let offsetEntryBytes: Int64 = 8
    static let timeEntryBytes: Int64 = 12

    struct OffsetEntry {
        /// Of the last record of the batch at `position`.
        var relativeOffset: Int32
        var position: Int64
    }

    struct TimeEntry {
        var timestamp: Timestamp
        /// Of the last record of the batch that has the timestamp.
        var relativeOffset: Int32
    }

    /// The last entry at or before `relativeOffset`; nil where the index has nothing that early.
    static func entry(
        atOrBefore relativeOffset: Int32, in file: any ReadableFile, entries: Int
    ) throws(FileError) -> OffsetEntry? {
        try lastEntry(entries) { index throws(FileError) in
            guard let entry = try offsetEntry(index, in: file) else { return nil }
            return (entry, entry.relativeOffset <= relativeOffset)
        }
    }

    /// The last entry before `timestamp`; nil where there is none.
    static func entry(
        before timestamp: Timestamp, in file: any ReadableFile, entries: Int
    ) throws(FileError) -> TimeEntry? {
        try lastEntry(entries) { index throws(FileError) in
            guard let entry = try timeEntry(index, in: file) else { return nil }
            return (entry, entry.timestamp < timestamp)
        }
    }

    static func offsetEntry(_ index: Int, in file: any ReadableFile) throws(FileError) -> OffsetEntry? {
        let bytes = try file.read(Int(offsetEntryBytes), at: Int64(index) * offsetEntryBytes)
        guard bytes.count == offsetEntryBytes else { return nil }
        return OffsetEntry(
            relativeOffset: bytes.rawBytes.bigEndian(Int32.self, at: 0),
            position: Int64(bytes.rawBytes.bigEndian(Int32.self, at: 4)))
    }

    static func timeEntry(_ index: Int, in file: any ReadableFile) throws(FileError) -> TimeEntry? {
        let bytes = try file.read(Int(timeEntryBytes), at: Int64(index) * timeEntryBytes)
        guard bytes.count == timeEntryBytes else { return nil }
        return TimeEntry(
            timestamp: Timestamp(milliseconds: bytes.rawBytes.bigEndian(Int64.self, at: 0)),
            relativeOffset: bytes.rawBytes.bigEndian(Int32.self, at: 8))
    }

    /// The last entry of those, in order, for which `entry` says yes. An index that ends early costs a longer scan.
    private static func lastEntry<Entry>(
        _ count: Int, _ entry: (Int) throws(FileError) -> (Entry, Bool)?
    ) throws(FileError) -> Entry? {
        var found: Entry?
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            guard let (candidate, isBefore) = try entry(middle) else { break }
            if isBefore {
                found = candidate
                low = middle + 1
            } else {
                high = middle
            }
        }
        return found
    }
}
