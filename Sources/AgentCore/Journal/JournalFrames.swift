internal import Primitives

// The journal's file is a sequence of frames, each of which was written in one go and is there whole or not at all.
// Big-endian:
//
//     4  "TRJ1"
//     4  length of what follows the checksum
//     4  CRC-32C of what follows
//     8  ordinal of the frame, counted from 1 through all of the journal's life
//     8  ordinal of the last frame that is durable as soon as this one is written (its own, where a whole file of frames
//        was put in place at once)
//     …  entries
//
// Recovery: where no frame begins, or its checksum is wrong, the next whole one is looked for. What is missing between
// was damaged where it, or anything behind it, had been durable; what is behind it counts then. It was never relied upon
// where nothing says so: it is the torn end of a write, and is cut off with all that follows.

enum JournalFrames {
    private static let magic: UInt32 = 0x5452_4a31
    private static let prefix = 12
    private static let header = 28
    /// A snapshot is cut into frames of about this size, so that a damaged one takes little with it.
    static let snapshotFrame = 64 << 10

    static func frame(_ entries: [UInt8], ordinal: UInt64, durable: UInt64) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(entries.count + 16)
        content.appendBigEndian(ordinal)
        content.appendBigEndian(durable)
        content += entries
        var frame: [UInt8] = []
        frame.reserveCapacity(content.count + prefix)
        frame.appendBigEndian(magic)
        frame.appendBigEndian(UInt32(content.count))
        frame.appendBigEndian(CRC32C.of(content.rawBytes))
        return frame + content
    }

    struct Reading {
        /// Where the entries of each frame stand, in order.
        var frames: [Range<Int>] = []
        var lastOrdinal: UInt64 = 0
        /// Behind the last frame that counts.
        var end = 0
        /// Bytes of a torn end.
        var cutBytes = 0
        /// Bytes in the middle that had been durable and are damaged.
        var damagedBytes = 0
        /// Frames that are missing though they had been durable.
        var missingFrames: UInt64 = 0
    }

    static func read(_ bytes: RawSpan) -> Reading {
        var reading = Reading()
        let found = frames(in: bytes)
        let durable = found.map(\.durable).max() ?? 0
        for frame in found {
            let expected =
                reading.lastOrdinal == 0
                ? (frame.start == 0 ? frame.ordinal : frame.ordinal - 1) : reading.lastOrdinal + 1
            // Left over from before the file was cut.
            if frame.ordinal < expected { break }
            if frame.ordinal > expected {
                if expected > durable { break }
                reading.missingFrames += frame.ordinal - expected
            }
            reading.damagedBytes += frame.start - reading.end
            reading.frames.append(frame.entries)
            reading.lastOrdinal = frame.ordinal
            reading.end = frame.entries.upperBound
        }
        // The end of what had been durable may be what is damaged.
        if reading.lastOrdinal < durable { reading.missingFrames += durable - reading.lastOrdinal }
        // A journal is never there without its first frame, which is put in place whole.
        if found.isEmpty { reading.missingFrames = 1 }
        reading.cutBytes = bytes.byteCount - reading.end
        return reading
    }

    private struct Found {
        var start: Int
        var ordinal: UInt64
        var durable: UInt64
        var entries: Range<Int>
    }

    private static func frames(in bytes: RawSpan) -> [Found] {
        var found: [Found] = []
        var position = 0
        while bytes.byteCount - position >= header {
            if let frame = frame(in: bytes, at: position) {
                found.append(frame)
                position = frame.entries.upperBound
            } else {
                position += 1
            }
        }
        return found
    }

    private static func frame(in bytes: RawSpan, at position: Int) -> Found? {
        guard bytes.bigEndian(UInt32.self, at: position) == magic else { return nil }
        let length = Int(bytes.bigEndian(UInt32.self, at: position + 4))
        let start = position + prefix
        guard length >= header - prefix, length <= bytes.byteCount - start,
            CRC32C.of(bytes.extracting(start..<start + length)) == bytes.bigEndian(UInt32.self, at: position + 8)
        else { return nil }
        // Ordinals begin with 1.
        guard bytes.bigEndian(UInt64.self, at: start) > 0 else { return nil }
        return Found(
            start: position, ordinal: bytes.bigEndian(UInt64.self, at: start),
            durable: bytes.bigEndian(UInt64.self, at: start + 8), entries: position + header..<start + length)
    }
}
