internal import FileAccess
internal import Primitives
internal import SystemPackage

// A checkpoint in bytes, big-endian:
//
//     u8   version: 1, or 2 where it has the time since which it is behind
//     u8   flags: 1 has a birth time, 2 is in the middle of a line, 4 is compressed, 8 a compressed file read to its end
//          or, without 4, may be a short copy,
//          16 has a generation, 32 has the time up to which its directory was looked at, 64 has its original's birth,
//          128 its original path is a symbolic link
//     u64  id, high half       u64  id, low half
//     u64  device              u64  inode
//    [i64  birth, seconds      u32  birth, nanoseconds]
//     u16  fingerprint length  u64  fingerprint hash
//     i64  guard end           u16  guard length         u64  guard hash
//     i64  position            i64  size
//    [i64  line start]
//    [i64  bytes on disk of a compressed file read to its end]
//    [u32  generation; 0 where it is left out]
//    [i64  looked at until, seconds   u32  nanoseconds]
//    [i64  birth of a compressed file's original, seconds   u32  nanoseconds]
//    [i64  behind since, milliseconds since 1970, in version 2]
//     u16  length and bytes of: source name, original path, path [, where that leads to]
//
// Nothing follows. The journal that stores it adds length and checksum.

extension FileCheckpoint {
    private static let version: UInt8 = 1
    private static let versionOfBehind: UInt8 = 2
    private static let hasBirth: UInt8 = 1
    private static let isMidLine: UInt8 = 2
    private static let isCompressed: UInt8 = 4
    private static let isComplete: UInt8 = 8
    /// Of a file that is not compressed.
    private static let mayBeShortCopy: UInt8 = 8
    private static let hasGeneration: UInt8 = 16
    private static let hasLook: UInt8 = 32
    private static let hasBeginning: UInt8 = 64
    private static let hasTarget: UInt8 = 128
    static let fingerprintLength = 1024

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(behindSince == nil ? Self.version : Self.versionOfBehind)
        bytes.append(flags)
        bytes.appendBigEndian(id.high)
        bytes.appendBigEndian(id.low)
        bytes.appendBigEndian(number.device)
        bytes.appendBigEndian(number.inode)
        if let born { bytes.append(born) }
        bytes.appendBigEndian(UInt16(fingerprint.length))
        bytes.appendBigEndian(fingerprint.value)
        bytes.appendBigEndian(contentGuard.end)
        bytes.appendBigEndian(UInt16(contentGuard.hash.length))
        bytes.appendBigEndian(contentGuard.hash.value)
        bytes.appendBigEndian(position)
        bytes.appendBigEndian(size)
        if let lineStart { bytes.appendBigEndian(lineStart) }
        if let compressedSize { bytes.appendBigEndian(compressedSize) }
        if generation > 0 { bytes.appendBigEndian(generation) }
        if let looked { bytes.append(looked) }
        if let begun { bytes.append(begun) }
        if let behindSince { bytes.appendBigEndian(behindSince.milliseconds) }
        for field in [Array(source.utf8), originalPath.bytes, path.bytes] + (target.map { [$0.bytes] } ?? []) {
            precondition(field.count <= UInt16.max, "BUG: a name longer than any path")
            bytes.appendBigEndian(UInt16(field.count))
            bytes += field
        }
        return bytes
    }

    private var flags: UInt8 {
        (born == nil ? 0 : Self.hasBirth) | (lineStart == nil ? 0 : Self.isMidLine)
            | (isCompressed ? Self.isCompressed : 0) | (compressedSize == nil ? 0 : Self.isComplete)
            | (mayBeShortCopy ? Self.mayBeShortCopy : 0)
            | (generation == 0 ? 0 : Self.hasGeneration) | (looked == nil ? 0 : Self.hasLook)
            | (begun == nil ? 0 : Self.hasBeginning)
            | (target == nil ? 0 : Self.hasTarget)
    }

    package init(decoding bytes: RawSpan) throws(CheckpointError) {
        var reader = CheckpointReader(position: 0)
        let version = try reader.integer(UInt8.self, "version", bytes)
        guard version == Self.version || version == Self.versionOfBehind else {
            throw CheckpointError(field: "version", reason: "\(version) is unknown")
        }
        let flags = try reader.integer(UInt8.self, "flags", bytes)
        id = TailedFileID(
            high: try reader.integer(UInt64.self, "id", bytes), low: try reader.integer(UInt64.self, "id", bytes))
        number = FileNumber(
            device: try reader.integer(UInt64.self, "device", bytes),
            inode: try reader.integer(UInt64.self, "inode", bytes))
        born = flags & Self.hasBirth != 0 ? try reader.time("birth", bytes) : nil
        fingerprint = try reader.hash("fingerprint", atMost: Self.fingerprintLength, bytes)
        let end = try reader.position("guard", bytes)
        contentGuard = ContentGuard(
            end: end, hash: try reader.hash("guard", atMost: Int(min(end, Int64(ContentGuard.maximumLength))), bytes))
        position = try reader.position("position", bytes)
        size = try reader.position("size", bytes)
        lineStart = flags & Self.isMidLine != 0 ? try reader.position("line start", bytes) : nil
        isCompressed = flags & Self.isCompressed != 0
        mayBeShortCopy = !isCompressed && flags & Self.mayBeShortCopy != 0
        compressedSize =
            isCompressed && flags & Self.isComplete != 0 ? try reader.position("compressed size", bytes) : nil
        generation = flags & Self.hasGeneration != 0 ? try reader.integer(UInt32.self, "generation", bytes) : 0
        looked = flags & Self.hasLook != 0 ? try reader.time("looked at until", bytes) : nil
        begun = flags & Self.hasBeginning != 0 ? try reader.time("beginning", bytes) : nil
        behindSince =
            version == Self.versionOfBehind
            ? Timestamp(milliseconds: try reader.position("behind since", bytes)) : nil
        guard end <= position else { throw CheckpointError(field: "guard", reason: "it ends behind the position") }
        guard lineStart ?? 0 <= position else {
            throw CheckpointError(field: "line start", reason: "it is behind the position")
        }
        guard let source = String(validating: try reader.field("source", bytes), as: UTF8.self) else {
            throw CheckpointError(field: "source", reason: "it is no UTF-8")
        }
        self.source = source
        originalPath = try reader.path("original path", bytes)
        path = try reader.path("path", bytes)
        target = flags & Self.hasTarget != 0 ? try reader.path("target", bytes) : nil
        guard reader.position == bytes.byteCount else { throw CheckpointError(field: "end", reason: "bytes follow") }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ time: FileTime) {
        appendBigEndian(time.seconds)
        appendBigEndian(UInt32(time.nanoseconds))
    }
}

/// Bytes that are no checkpoint: which field, and why.
package struct CheckpointError: Error, Sendable, CustomStringConvertible {
    package var field: StaticString
    package var reason: String

    package var description: String { "file checkpoint: \(field): \(reason)" }
}

private struct CheckpointReader {
    var position: Int

    private mutating func take(_ count: Int, _ field: StaticString, _ bytes: RawSpan) throws(CheckpointError) -> Int {
        guard bytes.byteCount - position >= count else {
            throw CheckpointError(field: field, reason: "the bytes end at \(bytes.byteCount)")
        }
        defer { position += count }
        return position
    }

    mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        _: Integer.Type, _ field: StaticString, _ bytes: RawSpan
    ) throws(CheckpointError) -> Integer {
        bytes.bigEndian(Integer.self, at: try take(MemoryLayout<Integer>.size, field, bytes))
    }

    mutating func time(_ field: StaticString, _ bytes: RawSpan) throws(CheckpointError) -> FileTime {
        FileTime(
            seconds: try integer(Int64.self, field, bytes),
            nanoseconds: Int64(try integer(UInt32.self, field, bytes)))
    }

    mutating func position(_ field: StaticString, _ bytes: RawSpan) throws(CheckpointError) -> Int64 {
        let value = try integer(Int64.self, field, bytes)
        guard value >= 0 else { throw CheckpointError(field: field, reason: "\(value) is negative") }
        return value
    }

    mutating func hash(
        _ field: StaticString, atMost limit: Int, _ bytes: RawSpan
    ) throws(CheckpointError) -> ContentHash {
        let length = Int(try integer(UInt16.self, field, bytes))
        guard length <= limit else { throw CheckpointError(field: field, reason: "a length of \(length)") }
        return ContentHash(length: length, value: try integer(UInt64.self, field, bytes))
    }

    mutating func field(_ field: StaticString, _ bytes: RawSpan) throws(CheckpointError) -> [UInt8] {
        let count = Int(try integer(UInt16.self, field, bytes))
        let start = try take(count, field, bytes)
        return Array(bytes.extracting(start..<start + count))
    }

    mutating func path(_ field: StaticString, _ bytes: RawSpan) throws(CheckpointError) -> FilePath {
        guard let path = FilePath(bytes: try self.field(field, bytes)), !path.isEmpty else {
            throw CheckpointError(field: field, reason: "it is no path")
        }
        return path
    }
}
