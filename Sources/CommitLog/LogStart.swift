internal import FileAccess
internal import Primitives
internal import SystemPackage

/// The first offset that readers may see, where that is not simply the first segment's: written before segments are
/// deleted, so that a crash between leaves nothing half deleted, and by DeleteRecords.
///
/// On disk, `log-start-offset`, 16 bytes, big-endian: 4 CRC-32C of the rest, 4 version (1), 8 offset. A file that does
/// not read back is as none: the log then starts with its first segment, and shows records again rather than hide any.
enum LogStart {
    private static let version: Int32 = 1
    private static let fileName = FilePath.Component("log-start-offset")

    static func path(in directory: FilePath) -> FilePath { directory.appending(fileName) }

    static func encode(_ offset: Offset) -> [UInt8] {
        var encoded: [UInt8] = [0, 0, 0, 0]
        encoded.appendBigEndian(version)
        encoded.appendBigEndian(offset.value)
        encoded.setBigEndian(CRC32C.of(encoded.rawBytes.extracting(4..<16)), at: 0)
        return encoded
    }

    static func decode(_ encoded: [UInt8]) -> Offset? {
        let raw = encoded.rawBytes
        guard raw.byteCount == 16, raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<16)),
            raw.bigEndian(Int32.self, at: 4) == version
        else { return nil }
        let offset = Offset(raw.bigEndian(Int64.self, at: 8))
        return SegmentNames.offsets.contains(offset) ? offset : nil
    }
}
