package import FileAccess
package import Primitives
package import SystemPackage

/// One file, or one life of it: a truncated file goes on under a new id, so that an id and a position name the same
/// byte for ever. Never reused; survives restarts through the checkpoint.
package struct TailedFileID: Hashable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package var description: String {
        let digits = String(high, radix: 16) + String(repeating: "0", count: low.leadingZeroBitCount / 4)
        return low == 0 ? digits : digits + String(low, radix: 16)
    }
}

/// A hash (64-bit FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/) over a number of bytes. It tells apart by
/// accident, not by attack.
package struct ContentHash: Hashable, Sendable {
    package var length: Int
    package var value: UInt64

    package static let empty = ContentHash(length: 0, value: 0xcbf2_9ce4_8422_2325)

    package init(length: Int, value: UInt64) {
        self.length = length
        self.value = value
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self = .empty
        unsafe extend(by: bytes)
    }

    mutating func extend(by bytes: UnsafeRawBufferPointer) {
        var value = value
        for offset in 0..<bytes.count { value = (value ^ UInt64(unsafe bytes[offset])) &* 0x0000_0100_0000_01b3 }
        self.value = value
        length += bytes.count
    }
}

/// The hash of the bytes just before a position.
package struct ContentGuard: Hashable, Sendable {
    package var end: Int64
    package var hash: ContentHash

    package init(end: Int64, hash: ContentHash) {
        self.end = end
        self.hash = hash
    }

    static let none = ContentGuard(end: 0, hash: .empty)
    static let maximumLength = 256
}

/// What has to be kept of a file to go on with it after a restart.
package struct FileCheckpoint: Hashable, Sendable {
    package var id: TailedFileID
    package var source: String
    /// Where the file was first seen; the key of its records.
    package var originalPath: FilePath
    /// Where it was last seen.
    package var path: FilePath
    package var number: FileNumber
    package var born: FileTime?
    /// Over the file's first bytes, up to 1024, as far as they were read.
    package var fingerprint: ContentHash
    /// Ends at or before `position`.
    package var contentGuard: ContentGuard
    /// Everything before it is acknowledged.
    package var position: Int64
    /// Where the line began that `position` is in the middle of, after a fragment of it.
    package var lineStart: Int64?
    /// The most bytes the file was seen to have: what is missing later was lost.
    package var size: Int64
    /// Of several lives of one file that agree with it, the highest counts: a life that began after a truncation, or
    /// because a person asked for the file to be read from elsewhere.
    package var generation: UInt32
    /// The file is a gzip file; positions and sizes are those of its content.
    package var isCompressed: Bool
    /// A copy of what was read, that was made before a truncation: it may end before `position`.
    package var mayBeShortCopy: Bool
    /// The bytes on disk of a compressed file that was read, and acknowledged, to its end.
    package var compressedSize: Int64?
    /// Everything in the directory of `originalPath`, or of its target, that was born earlier was looked at: an unknown file of the path's
    /// family that is younger was rotated away before anyone saw it. nil where that is not known.
    package var looked: FileTime?
    /// The birth of the original of a compressed file: what tells in which order generations are read. nil where that is
    /// not known.
    package var begun: FileTime?
    /// Since when the oldest of what is not acknowledged was known to be there; nil where nothing was, or that is not
    /// known.
    package var behindSince: Timestamp?
    /// Where `originalPath` led to, where it is a symbolic link.
    package var target: FilePath?

    package init(
        id: TailedFileID, source: String, originalPath: FilePath, path: FilePath, number: FileNumber, born: FileTime?,
        fingerprint: ContentHash, contentGuard: ContentGuard, position: Int64, lineStart: Int64?, size: Int64,
        generation: UInt32 = 0, isCompressed: Bool = false, mayBeShortCopy: Bool = false, compressedSize: Int64? = nil,
        looked: FileTime? = nil, begun: FileTime? = nil, target: FilePath? = nil, behindSince: Timestamp? = nil
    ) {
        self.id = id
        self.source = source
        self.originalPath = originalPath
        self.path = path
        self.number = number
        self.born = born
        self.fingerprint = fingerprint
        self.contentGuard = contentGuard
        self.position = position
        self.lineStart = lineStart
        self.size = size
        self.generation = generation
        self.isCompressed = isCompressed
        self.mayBeShortCopy = mayBeShortCopy
        self.compressedSize = compressedSize
        self.looked = looked
        self.begun = begun
        self.behindSince = behindSince
        self.target = target
    }
}
