internal import FileAccess
internal import Primitives

/// Reads a spool's file from front to back, one entry at a time.
struct SpoolScanner {
    /// Bytes searched for the next entry at a time, where damage is passed over.
    private static let searchStep = 64 << 10

    let file: any OpenFile
    private(set) var position: Int64 = 0
    /// Bytes that are no entry, passed over.
    private(set) var damagedBytes: Int64 = 0

    init(_ file: any OpenFile) { self.file = file }

    /// - Returns: nil at the end.
    mutating func next() throws(FileError) -> SpoolEntry? {
        while let size = try sizeOfNext() {
            let bytes = try file.read(size, at: position)
            if let entry = SpoolEntry(bytes.rawBytes) {
                position += Int64(size)
                return entry
            }
            try passOverDamage()
        }
        return nil
    }

    /// The size that the next entry says it has; nil at the end.
    private mutating func sizeOfNext() throws(FileError) -> Int? {
        while true {
            let prefix = try file.read(SpoolEntry.prefix, at: position)
            if prefix.count < SpoolEntry.prefix {
                damagedBytes += Int64(prefix.count)
                position += Int64(prefix.count)
                return nil
            }
            if let size = SpoolEntry.size(prefix: prefix.rawBytes) { return size }
            try passOverDamage()
        }
    }

    /// Moves on to where the next entry may begin.
    private mutating func passOverDamage() throws(FileError) {
        let bytes = try file.read(Self.searchStep, at: position)
        let raw = bytes.rawBytes
        var offset = 1
        while offset + 4 <= bytes.count, raw.bigEndian(UInt32.self, at: offset) != SpoolEntry.magic { offset += 1 }
        let step = offset + 4 <= bytes.count || bytes.count == Self.searchStep ? offset : bytes.count
        damagedBytes += Int64(step)
        position += Int64(step)
    }
}
