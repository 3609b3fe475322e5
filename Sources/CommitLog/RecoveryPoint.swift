internal import FileAccess
internal import Primitives
internal import SystemPackage

/// Up to where a partition's log is known to be whole.
///
/// Written when a log is closed. The log only ever grows behind the point, so what lies before it stays true without
/// being taken back. Two uses:
///
/// - The log ends at the point, and no term of leadership began since: a clean stop, nothing is scanned.
/// - Else the bytes before the point were durable once. Damage there is damage, not a torn write, and nothing is cut.
///
/// A point that does not fit the log (from a later state than the disk gave back, or of files that somebody changed) is
/// removed before the log takes appends: later it might fit by accident.
///
/// On disk, 76 bytes, big-endian: 4 CRC-32C of the rest, 4 version (1), 4 leader epoch, and 8 each: base offset of the
/// last segment, its bytes, end offset, largest timestamp, that timestamp's offset, entries in the offset index,
/// entries in the time index, bytes of log since the last index entry.
struct RecoveryPoint: Equatable {
    var leaderEpoch: LeaderEpoch
    var baseOffset: Offset
    var bytes: Int64
    var endOffset: Offset
    var index: IndexWriter.State

    private static let version: Int32 = 1
    private static let byteCount = 76
    static let fileName = "recovery-point"

    static func path(in directory: FilePath) -> FilePath { directory.appending(fileName) }

    func encoded() -> [UInt8] {
        var encoded: [UInt8] = [0, 0, 0, 0]
        encoded.appendBigEndian(Self.version)
        encoded.appendBigEndian(leaderEpoch.value)
        encoded.appendBigEndian(baseOffset.value)
        encoded.appendBigEndian(bytes)
        encoded.appendBigEndian(endOffset.value)
        encoded.appendBigEndian(index.maxTimestamp.milliseconds)
        encoded.appendBigEndian(index.offsetOfMaxTimestamp.value)
        encoded.appendBigEndian(Int64(index.offsetEntries))
        encoded.appendBigEndian(Int64(index.timeEntries))
        encoded.appendBigEndian(index.bytesSinceEntry)
        encoded.setBigEndian(CRC32C.of(encoded.rawBytes.extracting(4..<encoded.count)), at: 0)
        return encoded
    }

    init(leaderEpoch: LeaderEpoch, baseOffset: Offset, bytes: Int64, endOffset: Offset, index: IndexWriter.State) {
        self.leaderEpoch = leaderEpoch
        self.baseOffset = baseOffset
        self.bytes = bytes
        self.endOffset = endOffset
        self.index = index
    }

    /// - Returns: nil where the bytes are not a recovery point: everything is scanned then.
    init?(_ encoded: [UInt8]) {
        let raw = encoded.rawBytes
        guard raw.byteCount == Self.byteCount,
            raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<Self.byteCount)),
            raw.bigEndian(Int32.self, at: 4) == Self.version
        else { return nil }
        let numbers = (0..<8).map { raw.bigEndian(Int64.self, at: 12 + $0 * 8) }
        guard numbers[0...2].allSatisfy({ $0 >= 0 }), numbers[2] >= numbers[0],
            numbers[5...6].allSatisfy({ (0...Int64(Int32.max)).contains($0) })
        else { return nil }
        leaderEpoch = LeaderEpoch(raw.bigEndian(Int32.self, at: 8))
        baseOffset = Offset(numbers[0])
        bytes = numbers[1]
        endOffset = Offset(numbers[2])
        index = IndexWriter.State(
            maxTimestamp: Timestamp(milliseconds: numbers[3]), offsetOfMaxTimestamp: Offset(numbers[4]),
            offsetEntries: Int(numbers[5]), timeEntries: Int(numbers[6]), bytesSinceEntry: numbers[7])
    }
}
