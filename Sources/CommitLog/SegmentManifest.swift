internal import FileAccess
internal import Primitives
internal import SystemPackage

/// What there is to know of a segment that takes no more appends, without opening its files.
struct SegmentSummary: Equatable, Sendable {
    var baseOffset: Offset
    var endOffset: Offset
    /// Of the .log file.
    var bytes: Int64
    var maxTimestamp: Timestamp
    /// Entries in the index files.
    var indexEntries: Int
    var timeIndexEntries: Int
}

/// The summaries of a partition's segments, so that a log opens without a look at each of them.
///
/// A hint, never the truth: an entry is used only for a segment that ends where the entry says, and what it says is
/// compared with the files when they are opened. A segment without an entry is opened and looked at when the log is.
/// Therefore entries are appended without a sync, right after the segment was sealed for good, and a crash may tear or
/// lose them. Entries of segments that are gone stay until the file is written anew, when a log is opened.
///
/// On disk, `segment-manifest`, entries of 56 bytes, big-endian: 4 CRC-32C of the rest, 4 version (1), and 8 each: base
/// offset, end offset, bytes, largest timestamp, entries in the offset index, entries in the time index. Of two entries
/// of one segment the later counts; one that does not read back counts for nothing.
enum SegmentManifest {
    static let entryBytes = 56
    /// More than a million segments.
    static let sizeLimit = 64 << 20
    private static let version: Int32 = 1
    private static let fileName = FilePath.Component("segment-manifest")

    static func path(in directory: FilePath) -> FilePath { directory.appending(fileName) }

    static func encode(_ summary: SegmentSummary) -> [UInt8] {
        var encoded: [UInt8] = [0, 0, 0, 0]
        encoded.reserveCapacity(entryBytes)
        encoded.appendBigEndian(version)
        encoded.appendBigEndian(summary.baseOffset.value)
        encoded.appendBigEndian(summary.endOffset.value)
        encoded.appendBigEndian(summary.bytes)
        encoded.appendBigEndian(summary.maxTimestamp.milliseconds)
        encoded.appendBigEndian(Int64(summary.indexEntries))
        encoded.appendBigEndian(Int64(summary.timeIndexEntries))
        encoded.setBigEndian(CRC32C.of(encoded.rawBytes.extracting(4..<entryBytes)), at: 0)
        return encoded
    }

    /// The entries that read back, by base offset, and whether all do.
    static func decode(_ encoded: [UInt8]) -> (entries: [Offset: SegmentSummary], isWhole: Bool) {
        let raw = encoded.rawBytes
        var found: [Offset: SegmentSummary] = [:]
        found.reserveCapacity(raw.byteCount / entryBytes)
        var isWhole = raw.byteCount % entryBytes == 0
        for start in stride(from: 0, through: raw.byteCount - entryBytes, by: entryBytes) {
            if let summary = entry(raw.extracting(start..<start + entryBytes)) {
                found[summary.baseOffset] = summary
            } else {
                isWhole = false
            }
        }
        return (found, isWhole)
    }

    private static func entry(_ raw: RawSpan) -> SegmentSummary? {
        guard raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<entryBytes)),
            raw.bigEndian(Int32.self, at: 4) == version
        else { return nil }
        func number(_ index: Int) -> Int64 { raw.bigEndian(Int64.self, at: 8 + index * 8) }
        let base = Offset(number(0))
        let end = Offset(number(1))
        guard SegmentNames.offsets.contains(base), SegmentNames.offsets.contains(end), base <= end, number(2) >= 0,
            number(3) >= Timestamp.none.milliseconds, (0...number(2)).contains(number(4)),
            (0...number(2)).contains(number(5))
        else { return nil }
        return SegmentSummary(
            baseOffset: base, endOffset: end, bytes: number(2), maxTimestamp: Timestamp(milliseconds: number(3)),
            indexEntries: Int(number(4)), timeIndexEntries: Int(number(5)))
    }
}

extension PartitionLog {
    /// Appends to the manifest. It is a hint: where it cannot be written, the next start looks at the segment instead.
    func noteInManifest(_ summary: SegmentSummary) {
        let entry = SegmentManifest.encode(summary)
        do throws(FileError) {
            let file = try fileSystem.open(SegmentManifest.path(in: directory), .create)
            try file.write(entry.rawBytes, at: Int64(manifestSlots * SegmentManifest.entryBytes))
            manifestSlots += 1
        } catch {
            indexWriteFailures += 1
        }
    }
}
