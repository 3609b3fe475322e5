internal import FileAccess
internal import Primitives
internal import SystemPackage

/// How far compaction has come in a partition.
///
/// A hint for the next round, and the explanation of the log's gaps: `compactedEnd` is raised, durably, before the first
/// record below it is taken out. Without the file compaction begins anew, and `verify` wonders at the gaps until then.
///
/// On disk, `cleaner-checkpoint`, 32 bytes, big-endian: 4 CRC-32C of the rest, 4 version (1), and 8 each: first dirty
/// offset, compacted end, next delete horizon (ms, -1 for none).
struct CleanerCheckpoint: Equatable, Sendable {
    /// Every key below it is there once; the next round puts what lies from here on into its map.
    var firstDirty = Offset.zero
    /// Below it offsets may be missing.
    var compactedEnd = Offset.zero
    /// When the first of the tombstones that were kept may go.
    var nextHorizon = Timestamp.none

    private static let version: Int32 = 1
    private static let byteCount = 32
    private static let fileName = FilePath.Component("cleaner-checkpoint")

    static func path(in directory: FilePath) -> FilePath { directory.appending(fileName) }

    init() {}

    var encoded: [UInt8] {
        var encoded: [UInt8] = [0, 0, 0, 0]
        encoded.appendBigEndian(Self.version)
        encoded.appendBigEndian(firstDirty.value)
        encoded.appendBigEndian(compactedEnd.value)
        encoded.appendBigEndian(nextHorizon.milliseconds)
        encoded.setBigEndian(CRC32C.of(encoded.rawBytes.extracting(4..<Self.byteCount)), at: 0)
        return encoded
    }

    /// - Returns: nil where the bytes are not a checkpoint.
    init?(_ encoded: [UInt8]) {
        let raw = encoded.rawBytes
        guard raw.byteCount == Self.byteCount,
            raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<Self.byteCount)),
            raw.bigEndian(Int32.self, at: 4) == Self.version
        else { return nil }
        firstDirty = Offset(raw.bigEndian(Int64.self, at: 8))
        compactedEnd = Offset(raw.bigEndian(Int64.self, at: 16))
        nextHorizon = Timestamp(milliseconds: raw.bigEndian(Int64.self, at: 24))
        guard SegmentNames.offsets.contains(firstDirty), SegmentNames.offsets.contains(compactedEnd) else { return nil }
    }
}
