internal import FileAccess
internal import Primitives

/// Reads an index file's entries one after the other, in reads of some KiB.
struct EntryCursor {
    private let file: any OpenFile
    private let entryBytes: Int
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0
    private(set) var next: Int64 = 0
    let count: Int64
    /// Bytes behind the last whole entry.
    let excess: Int64

    init(_ file: any OpenFile, entryBytes: Int64) throws(FileError) {
        self.file = file
        self.entryBytes = Int(entryBytes)
        let size = try file.status().size
        count = size / entryBytes
        excess = size % entryBytes
    }

    /// The next entry's bytes; nil at the end. It stays the next until `advance`.
    mutating func peek() throws(FileError) -> ArraySlice<UInt8>? {
        guard next < count else { return nil }
        let position = next * Int64(entryBytes)
        if window.isEmpty || position + Int64(entryBytes) > windowStart + Int64(window.count) {
            window = try file.read(4096 * entryBytes, at: position)
            windowStart = position
        }
        let start = Int(position - windowStart)
        guard start + entryBytes <= window.count else { return nil }
        return window[start..<start + entryBytes]
    }

    mutating func advance() { next += 1 }
}

extension EntryCursor {
    mutating func offsetEntry() throws(FileError) -> SegmentIndex.OffsetEntry? {
        guard let bytes = try peek() else { return nil }
        let raw = Array(bytes)
        return SegmentIndex.OffsetEntry(
            relativeOffset: raw.rawBytes.bigEndian(Int32.self, at: 0),
            position: Int64(raw.rawBytes.bigEndian(Int32.self, at: 4)))
    }

    mutating func timeEntry() throws(FileError) -> SegmentIndex.TimeEntry? {
        guard let bytes = try peek() else { return nil }
        let raw = Array(bytes)
        return SegmentIndex.TimeEntry(
            timestamp: Timestamp(milliseconds: raw.rawBytes.bigEndian(Int64.self, at: 0)),
            relativeOffset: raw.rawBytes.bigEndian(Int32.self, at: 8))
    }
}
