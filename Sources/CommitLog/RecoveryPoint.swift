internal import FileAccess
internal import Primitives
internal import SystemPackage

/// Up to where a partition's log is known to be whole: what lies behind is scanned when the log is opened.
///
/// Written when a log is closed, and when it rolls to a new segment. The log only ever grows behind the point, so it
/// stays true without being taken back: after a clean stop nothing lies behind it, and nothing is scanned.
///
/// On disk, 40 bytes, big-endian: 4 CRC-32C of the rest, 4 version (1), 8 base offset of the last segment, 8 its bytes,
/// 8 end offset, 8 largest timestamp.
struct RecoveryPoint: Equatable {
    var baseOffset: Offset
    var bytes: Int64
    var endOffset: Offset
    var maxTimestamp: Timestamp

    private static let version: Int32 = 1
    private static let fileName = FilePath.Component("recovery-point")

    static func path(in directory: FilePath) -> FilePath { directory.appending(fileName) }

    func encoded() -> [UInt8] {
        var encoded: [UInt8] = [0, 0, 0, 0]
        encoded.appendBigEndian(Self.version)
        encoded.appendBigEndian(baseOffset.value)
        encoded.appendBigEndian(bytes)
        encoded.appendBigEndian(endOffset.value)
        encoded.appendBigEndian(maxTimestamp.milliseconds)
        encoded.setBigEndian(CRC32C.of(encoded.rawBytes.extracting(4..<encoded.count)), at: 0)
        return encoded
    }

    init(baseOffset: Offset, bytes: Int64, endOffset: Offset, maxTimestamp: Timestamp) {
        self.baseOffset = baseOffset
        self.bytes = bytes
        self.endOffset = endOffset
        self.maxTimestamp = maxTimestamp
    }

    /// - Returns: nil where the bytes are not a recovery point: everything is scanned then.
    init?(_ encoded: [UInt8]) {
        let raw = encoded.rawBytes
        guard raw.byteCount == 40, raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<40)),
            raw.bigEndian(Int32.self, at: 4) == Self.version
        else { return nil }
        baseOffset = Offset(raw.bigEndian(Int64.self, at: 8))
        bytes = raw.bigEndian(Int64.self, at: 16)
        endOffset = Offset(raw.bigEndian(Int64.self, at: 24))
        maxTimestamp = Timestamp(milliseconds: raw.bigEndian(Int64.self, at: 32))
    }
}
