package import FileAccess
package import Primitives
package import SystemPackage

/// What was read and what was lost, since the tailer was made.
///
/// Always: `bytesRead` = `lineBytes` + `bytesCut` + `nulBytesSkipped`.
package struct TailCounters: Sendable, Equatable {
    /// Bytes that the read positions moved on by. A rewind takes nothing back: those bytes are read, and counted, again.
    package var bytesRead: Int64 = 0
    package var lines: Int64 = 0
    /// Bytes of the lines that were handed out, with their newlines.
    package var lineBytes: Int64 = 0
    /// Bytes of long lines that were cut off (`LongLines.truncate`).
    package var bytesCut: Int64 = 0
    package var nulBytesSkipped: Int64 = 0
    package var longLines: Int64 = 0
    package var unterminatedLines: Int64 = 0
    /// Places in UTF-16 files that are no character, and were handed out as U+FFFD.
    package var invalidSequences: Int64 = 0

    /// Bytes known to be there that were overwritten or cut away before they were read, or before they were read again.
    package var bytesTruncatedUnread: Int64 = 0
    /// Bytes known to be there whose file went before they were read, or before they were read again.
    package var bytesDeletedUnread: Int64 = 0
    /// Files that were rotated away before they were seen, and were found by the names of their families.
    package var generationsFound: Int64 = 0
    /// Files that went on in the copy that was made before they were truncated.
    package var continuedCopies: Int64 = 0
    /// Files that went on in their compressed form.
    package var continuedCompressed: Int64 = 0
    /// Compressed files that break off or are damaged: how many bytes of theirs were not read is not known.
    package var filesDamaged: Int64 = 0
    package var truncations: Int64 = 0
    package var rotations: Int64 = 0
    package var filesBegun: Int64 = 0
    package var filesRetired: Int64 = 0
    package var errors: Int64 = 0
    package var watchOverflows: Int64 = 0
    package var watchFailures: Int64 = 0
}

/// How things stand.
package struct TailState: Sendable, Equatable {
    package var files = 0
    package var openFiles = 0
    /// Rotated or deleted files that hold unread or unacknowledged bytes, and how many bytes of theirs are unread.
    package var pinnedFiles = 0
    package var pinnedBytes: Int64 = 0
    /// Since when the oldest of them is, in milliseconds.
    package var oldestPinned = Duration.zero
    package var directories = 0
    /// Directories without a working watch.
    package var polledDirectories = 0
    /// New files that wait because of a bound in `TailLimits`.
    package var filesWaiting = 0

    package init(directories: Int = 0, polledDirectories: Int = 0) {
        self.directories = directories
        self.polledDirectories = polledDirectories
    }
}

/// Something that went wrong with one file or directory; reported once, until it changes.
package struct TailProblem: Sendable {
    package var path: FilePath
    package var error: FileError
}

/// A file that is done with: its checkpoint can be dropped.
package struct RetiredFile: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// Read to its end, acknowledged, and gone or rotated out of sight.
        case finished
        /// Truncated or overwritten; the path goes on under a new id.
        case truncated
        /// Gone with bytes that were not acknowledged.
        case lost
        /// Compressed, and broken off or damaged: what was in the rest is not known.
        case damaged
        /// A person had the file read from elsewhere, under a new id.
        case sought
    }

    package var id: TailedFileID
    package var source: String
    /// Where it was last seen.
    package var path: FilePath
    package var reason: Reason
    /// Bytes known to be there that were never read, or could not be read again.
    package var bytesLost: Int64

    package init(id: TailedFileID, source: String, path: FilePath, reason: Reason, bytesLost: Int64) {
        self.id = id
        self.source = source
        self.path = path
        self.reason = reason
        self.bytesLost = bytesLost
    }
}

/// A new source that goes on with files of one that is gone.
package struct Handover: Sendable, Equatable {
    package var from: String
    package var to: String
    package var files: Int

    package init(from: String, to: String, files: Int) {
        self.from = from
        self.to = to
        self.files = files
    }
}

/// One file, for `tributary-agent files`.
package struct FileDescription: Sendable {
    /// What becomes of it now, or why nothing does.
    package enum State: Sendable, Equatable {
        /// Has its turn among the others.
        case reading
        case upToDate
        /// Read up to an incomplete line.
        case waitsForNewline
        /// An earlier file of the same path is read to its end first.
        case waitsForEarlier
        /// As many compressed files as are allowed are being read.
        case waitsForCompressed
        /// As many files as are allowed are open.
        case waitsForDescriptor
        /// Cannot be read at present: see `problem`.
        case failing
        /// Read to its end, and only remembered.
        case done
        /// Not to be found: remembered for a while.
        case missing
        /// Waits for acknowledgements of what was read.
        case waitsForAcknowledgement
    }

    package enum Placement: Sendable, Equatable {
        case live
        /// Has another name than the one it was found by.
        case rotated
        /// Has no name any more; read from the open descriptor.
        case deleted
        /// Not found at present.
        case missing
        /// Its content is gone (truncated or deleted); waits for acknowledgements.
        case gone
    }

    package var id: TailedFileID
    package var source: String
    /// Where it was first seen: the key of its records.
    package var originalPath: FilePath
    package var path: FilePath
    package var number: FileNumber
    package var size: Int64
    package var readPosition: Int64
    package var acknowledged: Int64
    package var modified: FileTime
    package var placement: Placement
    /// A gzip file: positions are those of its content, and the size is what is known of it.
    package var isCompressed: Bool
    package var state: State
    /// Bytes that are there, and not acknowledged.
    package var lagBytes: Int64
    /// There may be more: how much is in a compressed file is not known before its end.
    package var isLagLeast: Bool
    /// Since when the oldest byte that is not acknowledged is known to be there; nil where there is none. Over a restart
    /// it is as exact as the checkpoint; for what was written while nobody looked it is the last modification.
    package var behindSince: Timestamp?
    package var isOpen: Bool
    package var problem: FileError?
}
