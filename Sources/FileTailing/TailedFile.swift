internal import FileAccess
internal import Primitives
internal import SystemPackage

/// One file's state. Idle it is some hundred bytes, without a descriptor and without a buffer.
///
/// Invariants: committed ≤ readPosition ≤ scannedTo; `readGuard.end` ≤ readPosition.
final class TailedFile {
    enum Placement: Equatable {
        case live
        case rotated
        case deleted
        case missing
        case gone(RetiredFile.Reason)
    }

    let id: TailedFileID
    /// Another one takes it over where its own is gone.
    var source: Int
    let originalPath: FilePath
    /// Which file on disk: another one once the file goes on in its compressed form.
    var number: FileNumber
    var born: FileTime?
    /// A gzip file: positions are those of what is in it.
    var isCompressed = false
    /// A compressed file was read to its end.
    var isComplete = false
    /// The birth of the original of a compressed file, where it is known.
    var begun: FileTime?
    /// A copy that may end before the read position: lines were read between the copy and the truncation. After a
    /// restart all that were rotated by then may be such.
    var mayBeShortCopy = false
    /// What it was before it was found compressed, until the content is verified.
    var formerly: (number: FileNumber, born: FileTime?)?
    /// Compressed files that are not its continuation.
    var rejected: Set<FileNumber> = []
    /// How many lives its inode, or its name, is known to have had before: of those that agree the last one counts.
    var generation: UInt32 = 0
    /// As in its checkpoint; the directory knows better where it is looked into.
    var looked: FileTime?

    /// nil until its first bytes are there.
    var encoding: TextEncoding?

    /// Where it was last seen.
    var path: FilePath
    /// Where its original path led to when it was found there, where that is a symbolic link.
    var target: FilePath?
    /// The directories and names by which events reach it: its path, and the target where that is a symbolic link.
    var places: [Place] = []
    var placement = Placement.live
    /// Its name as it is now matches the source's patterns.
    var isIncluded = true
    /// Bytes that were known to be there and went, while the file goes on.
    var bytesLost: Int64 = 0
    /// It was rotated away, read to its end, acknowledged, and let go of.
    var isArchived = false
    /// A deletion of its name was reported: a file found under that name is another one.
    var sawDeletion = false

    var fingerprint = ContentHash.empty
    var readPosition: Int64
    /// Nil after a rewind or a resume until the evidence was verified at the file itself.
    var readGuard: ContentGuard?
    var committed: Int64
    var committedGuard: ContentGuard
    /// Some of the positions before `committed`, with their guards, in order.
    var trail: [ContentGuard] = []
    /// Where reads ended since `committed`, with their guards, in order.
    var marks: [ContentGuard] = []

    /// No newline lies from `readPosition` up to here.
    var scannedTo: Int64
    /// Nothing but NULs lay from `readPosition` up to here in this look. They may yet be overwritten, so at the end of
    /// the file it goes back to `readPosition`.
    var nulsTo: Int64
    /// Where the line began of which `readPosition` is in the middle.
    var lineStart: Int64?
    var committedLineStart: Int64?
    /// Long lines with fragments behind `committed`: where they begin and, once known, end.
    var longLines: [(start: Int64, end: Int64?)] = []

    var size: Int64
    var largestSize: Int64
    var modified: FileTime
    /// When a change was last noticed.
    var changedAt: Timestamp
    /// Up to where it was known to reach at which time, the oldest first: see `notice`.
    var noticed: [(end: Int64, at: Timestamp)] = []
    /// Nobody has looked at it since its checkpoint was stored.
    var isUnwatched = false
    /// What its last checkpoint says.
    var storedBehindSince: Timestamp?
    /// When it was rotated or deleted.
    var unlinkedAt: Timestamp?
    /// Since when it was not to be found, or could not be opened.
    var outOfReachSince: Timestamp?
    /// The last status was taken so shortly after the last modification that the next may not show in the time stamp.
    var isRacy = true
    /// The earlier files of its path were looked at after it had content.
    var hasCheckedEarlier = false

    var descriptor: OpenContent?
    var openIndex = 0
    var lastUse: UInt64 = 0
    /// The head has to be compared with the fingerprint before the next line.
    var needsVerification = false
    /// Since the start it was not verified yet: what has its name may be another content.
    var isUnproven = false
    var isReadable = false
    var isQueued = false
    var problem: FileError?
    var isRetried = false
    var checkpointChanged = true

    struct Place {
        let directory: TailDirectory
        let name: FilePath.Component
    }

    init(
        id: TailedFileID, source: Int, path: FilePath, originalPath: FilePath, number: FileNumber, born: FileTime?,
        position: Int64, now: Timestamp
    ) {
        self.id = id
        self.source = source
        self.path = path
        self.originalPath = originalPath
        self.number = number
        self.born = born
        readPosition = position
        committed = position
        committedGuard = .none
        scannedTo = position
        nulsTo = position
        size = 0
        largestSize = position
        modified = FileTime(seconds: 0, nanoseconds: 0)
        changedAt = now
    }

    convenience init(_ checkpoint: FileCheckpoint, source: Int, path: FilePath, now: Timestamp) {
        self.init(
            id: checkpoint.id, source: source, path: path, originalPath: checkpoint.originalPath,
            number: checkpoint.number, born: checkpoint.born, position: checkpoint.position, now: now)
        fingerprint = checkpoint.fingerprint
        committedGuard = checkpoint.contentGuard
        isCompressed = checkpoint.isCompressed
        isComplete = checkpoint.compressedSize != nil
        mayBeShortCopy = checkpoint.mayBeShortCopy
        generation = checkpoint.generation
        looked = checkpoint.looked
        begun = checkpoint.begun
        target = checkpoint.target
        lineStart = checkpoint.lineStart
        if let lineStart { longLines.append((lineStart, nil)) }
        committedLineStart = checkpoint.lineStart
        largestSize = checkpoint.size
        size = checkpoint.compressedSize ?? 0
        needsVerification = true
        isUnproven = true
        checkpointChanged = false
        isUnwatched = true
        storedBehindSince = checkpoint.behindSince
        if let since = checkpoint.behindSince { noticed.append((isCompressed ? .max : checkpoint.size, since)) }
    }

    /// What is known to be there and was not read.
    var knownUnread: Int64 { max(0, largestSize - readPosition) }
    /// At least: how much is in a compressed file is not known before its end.
    var unread: Int64 { isCompressed ? (isComplete ? 0 : max(1, knownUnread)) : knownUnread }
    var unacknowledged: Int64 { readPosition - committed }

    /// It has another name or none: it is kept for its unread and unacknowledged bytes.
    var isUnlinked: Bool { placement != .live }
    /// There is something behind the read position.
    var hasMore: Bool { isCompressed ? !isComplete : size > readPosition }
    var isGone: Bool { if case .gone = placement { true } else { false } }
    var isPinned: Bool { isUnlinked && (unread > 0 || unacknowledged > 0) }

    /// Whether it is a rotated predecessor of another file.
    func isEarlier(than other: TailedFile) -> Bool {
        if isGone { return false }
        if !other.isUnlinked { return true }
        return order < other.order
    }

    /// Where its path's own file lies, and the generations of that.
    var home: FilePath { (target ?? originalPath).removingLastComponent() }

    /// When its content began, where that is known.
    var beginning: FileTime? { isCompressed ? begun : born }

    /// Each file has one, so that none waits for itself in a circle. Without its beginning, of a compressed file the time
    /// counts when it ended: before the next began, or in the same tick of the clock.
    private var order: (FileTime, Int, FileTime) { beginning.map { ($0, 1, modified) } ?? (modified, 0, modified) }

    func checkpoint(source: String) -> FileCheckpoint {
        FileCheckpoint(
            id: id, source: source, originalPath: originalPath, path: path, number: formerly?.number ?? number,
            born: formerly.map(\.born) ?? born, fingerprint: fingerprint, contentGuard: committedGuard,
            position: committed, lineStart: committedLineStart, size: max(largestSize, committed),
            generation: generation, isCompressed: isCompressed && formerly == nil,
            mayBeShortCopy: mayBeShortCopy && !isCompressed,
            compressedSize: isCompressed && isComplete && committed == readPosition ? size : nil, looked: looked,
            begun: isCompressed && formerly == nil ? begun : nil, target: target, behindSince: behindSince)
    }

    /// Notes that everything up to the read position was handed out, so that an acknowledgement finds its guard.
    func markRead(_ contentGuard: ContentGuard) {
        readGuard = contentGuard
        // Without one of them an acknowledgement takes an earlier guard, which is as true.
        if marks.count >= 64 { marks.remove(at: 32) }
        marks.append(contentGuard)
    }

    /// Commits everything before `position`. What lies behind the read position, as for an acknowledgement that comes
    /// after a rewind, is not read again.
    func acknowledge(upTo position: Int64) {
        guard position > committed else { return }
        if position > readPosition {
            readPosition = position
            scannedTo = position
            nulsTo = position
            readGuard = nil
            lineStart = nil
            longLines.removeAll()
        }
        committed = position
        if let last = noticed.last {
            if last.end <= position { noticed = [] } else { noticed.removeAll { $0.end <= position } }
        }
        let passed = marks.prefix { $0.end <= position }.count
        if passed > 0 {
            for mark in marks[..<passed] {
                if trail.count >= 8 { trail.remove(at: 4) }
                trail.append(mark)
            }
            committedGuard = marks[passed - 1]
            marks.removeFirst(passed)
        }
        longLines.removeFirst(longLines.prefix { ($0.end ?? .max) <= position }.count)
        committedLineStart = longLines.first.flatMap { $0.start < position ? $0.start : nil }
    }

    /// Goes back to the committed position.
    func rewind() {
        // What was read to its end is not so any more.
        if readPosition != committed { isComplete = false }
        readPosition = committed
        readGuard = nil
        marks.removeAll()
        scannedTo = committed
        nulsTo = committed
        lineStart = committedLineStart
        longLines.removeAll()
        if let lineStart { longLines.append((lineStart, nil)) }
        needsVerification = true
    }
}

/// A directory that is looked into.
final class TailDirectory {
    let path: FilePath
    /// What is searched in it; none where it only holds the targets of symbolic links.
    var roles: [Role] = []
    var watch: WatchNumber?
    var number: FileNumber?
    /// Its time stamp when it was listed; nil to list it again.
    var listed: FileTime?
    var residents: [FilePath.Component: [TailedFile]] = [:]
    var children: Set<FilePath.Component> = []
    /// Its names that followed symbolic links lead to: the generations of those are here.
    var targets: [FilePath.Component: [Tailer.Family]] = [:]
    /// By source, up to when everything in it was looked at.
    var looks: [Int: Look] = [:]
    /// Files that are too old to be begun.
    var ignored: Set<FilePath.Component> = []
    /// Names to look at.
    var touched: Set<FilePath.Component> = []
    var needsListing = false
    var isScheduled = false
    var problem: Errno?
    var watchProblem: Errno?

    /// By the directory's own time stamps, which come from the clock that the birth times come from.
    struct Look {
        /// A file that was born earlier is known, or was found to be none that is to be read.
        var settled: FileTime
        /// The time stamp of the last listing.
        var listed: FileTime
    }

    /// One pattern of one source, and which of its components is to be matched here.
    struct Role: Hashable {
        var source: Int
        var pattern: Int
        var depth: Int
    }

    init(path: FilePath) {
        self.path = path
    }
}
