internal import DequeModule
internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Batches of a source that cannot be read again, on disk, first in, first out, bounded in bytes.
///
/// Files of a few MiB at the most, each named after the ordinal of its first entry; a start begins a new one. A batch is
/// put in before it is given to the producer, and a file goes when all in it are answered. Where the bound is reached,
/// the oldest file goes, with what was not sent of it.
///
/// What is done with is kept by the journal, as one ordinal: batches leave in order, so all up to there are.
final class Spool {
    let name: String
    private let directory: FilePath
    private let fileSystem: any FileSystem
    private let limit: Int64
    private var segments: [Segment] = []
    /// What is appended to, when something was since the start.
    private var writer: (any OpenFile)?
    /// Where reading stands: in which file, and which ordinal is the least that may come.
    private var reader: (segment: UInt64, ordinal: UInt64, scanner: SpoolScanner)?
    private var nextOrdinal: UInt64
    /// The next to be sent.
    private var cursor: UInt64
    /// Sent in an earlier life, and not known to be answered: they are not to be taken for new.
    private var resumed: Set<UInt64>
    /// Sent and not answered, in order; and which of them have been answered out of turn.
    private var underWay: Deque<(ordinal: UInt64, tag: BatchTag, isAnswered: Bool)> = []
    /// The newest entry, which needs not be read where it is sent at once.
    private var newest: SpoolEntry?

    /// The first that was put in since the start.
    private let firstOwn: UInt64
    /// What was put in since the start, and not sent yet.
    private(set) var unsent = RecordShare()
    private var dropped = Dropped()
    private(set) var damagedBytes: Int64 = 0

    /// What went unsent, because of the bound or because it cannot be read: of what was put in since the start, and of what
    /// was there before.
    struct Dropped {
        var own = RecordShare()
        var earlier = RecordShare()
    }

    private struct Segment {
        var first: UInt64
        var path: FilePath
        var size: Int64
    }

    /// - Parameters:
    ///   - doneThrough: what the journal says.
    ///   - resumed: the ordinals of open batches, which the journal has.
    init(
        _ name: String, in directory: FilePath, limit: Int64, doneThrough: UInt64, resumed: Set<UInt64>,
        fileSystem: any FileSystem
    ) throws(FileError) {
        self.name = name
        self.directory = directory
        self.fileSystem = fileSystem
        self.limit = limit
        self.resumed = resumed
        cursor = doneThrough + 1
        nextOrdinal = cursor
        try Self.make(directory, fileSystem)
        for entry in try fileSystem.list(directory) {
            guard let first = Self.ordinal(of: entry.name) else { continue }
            let path = directory.appending(entry.name)
            segments.append(
                Segment(first: first, path: path, size: try fileSystem.status(of: path, followingLinks: true).size))
        }
        segments.sort { $0.first < $1.first }
        var next = max(cursor, (resumed.max() ?? 0) + 1)
        if let last = segments.last {
            var scanner = SpoolScanner(try fileSystem.open(last.path, .read))
            next = max(next, last.first)
            while let entry = try scanner.next() { next = max(next, entry.ordinal + 1) }
        }
        nextOrdinal = next
        firstOwn = next
        removeDone()
    }

    private static func make(_ directory: FilePath, _ fileSystem: any FileSystem) throws(FileError) {
        try fileSystem.createDirectories(directory)
        // Their own names too: the journal relies on what is in here. (A life may have ended between the two.)
        let parent = directory.removingLastComponent()
        for place in [parent, parent.removingLastComponent()] { try fileSystem.synchronizeDirectory(place) }
    }

    /// The files were removed: what was not sent of them is given up, and counted; what comes goes into new ones.
    func beginAnew() {
        (writer, reader, newest, segments) = (nil, nil, nil, [])
        cursor = nextOrdinal
        dropped.own = dropped.own + unsent
        unsent = RecordShare()
    }

    static func fileName(_ ordinal: UInt64) -> String {
        let digits = String(ordinal)
        return String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits + ".spool"
    }

    static func ordinal(of name: FilePath.Component) -> UInt64? {
        name.extension == "spool" ? UInt64(name.stem) : nil
    }

    /// Bytes on disk.
    var bytes: Int64 { segments.reduce(0) { $0 + $1.size } }
    /// Whether everything was sent and answered.
    var isDrained: Bool { cursor == nextOrdinal && underWay.isEmpty }
    var batchesUnderWay: Int { underWay.count }
    var hasUnsent: Bool { cursor < nextOrdinal }

    // MARK: In

    /// Puts a batch in; it survives the end of the process from now on, and that of the machine when the file that is
    /// returned was synced.
    func append(_ make: (UInt64) -> SpoolEntry) throws(FileError) -> any OpenFile {
        let entry = make(nextOrdinal)
        let bytes = entry.encoded()
        let file = try writer(for: bytes.count)
        let end = segments[segments.count - 1].size
        try file.write(bytes.rawBytes, at: end)
        segments[segments.count - 1].size = end + Int64(bytes.count)
        newest = entry
        nextOrdinal += 1
        unsent = unsent + entry.part.share
        try dropOldest()
        return file
    }

    private func writer(for size: Int) throws(FileError) -> any OpenFile {
        if let writer, let last = segments.last, last.size + Int64(size) <= max(64 << 10, min(4 << 20, limit / 16)) {
            return writer
        }
        if segments.isEmpty { try Self.make(directory, fileSystem) }
        let path = directory.appending(Self.fileName(nextOrdinal))
        let file = try fileSystem.open(path, .replace)
        try fileSystem.synchronizeDirectory(directory)
        // Of a name that a failed attempt left there is only one.
        segments.removeAll { $0.first == nextOrdinal }
        segments.append(Segment(first: nextOrdinal, path: path, size: 0))
        writer = file
        return file
    }

    private func dropOldest() throws(FileError) {
        while bytes > limit, segments.count > 1 {
            let oldest = segments[0]
            let end = segments[1].first
            if cursor < end {
                var scanner = SpoolScanner(try fileSystem.open(oldest.path, .read))
                while let entry = try scanner.next() {
                    if entry.ordinal < cursor || resumed.contains(entry.ordinal) { continue }
                    drop(entry)
                }
                cursor = end
                reader = nil
            }
            try fileSystem.remove(oldest.path)
            segments.removeFirst()
        }
    }

    private func drop(_ entry: SpoolEntry) {
        let share = entry.part.share
        if entry.ordinal >= firstOwn {
            unsent = unsent - share
            dropped.own = dropped.own + share
        } else {
            dropped.earlier = dropped.earlier + share
        }
    }

    /// What was dropped since the last call; nil where nothing was.
    func takeDropped() -> Dropped? {
        defer { dropped = Dropped() }
        return dropped.own.records + dropped.earlier.records > 0 ? dropped : nil
    }

    /// Whether a batch was put in before the start.
    func isEarlier(_ ordinal: UInt64) -> Bool { ordinal < firstOwn }

    // MARK: Out

    /// The next batch to be sent; nil where there is none, or it cannot be read now.
    func next() throws(FileError) -> SpoolEntry? {
        while cursor < nextOrdinal {
            if resumed.remove(cursor) != nil {
                cursor += 1
                continue
            }
            if let newest, newest.ordinal == cursor { return newest }
            if let entry = try read(atLeast: cursor) {
                // What lies between was dropped or damaged.
                cursor = entry.ordinal
                if !resumed.contains(cursor) { return entry }
            } else {
                cursor = nextOrdinal
            }
        }
        // What should be there and is not cannot be read.
        dropped.own = dropped.own + unsent
        unsent = RecordShare()
        return nil
    }

    /// The batch that `next` gave is on its way, or one of an earlier life is again.
    func sent(_ ordinal: UInt64, _ share: RecordShare, as tag: BatchTag) {
        underWay.append((ordinal, tag, false))
        if ordinal == cursor && !resumed.contains(ordinal) { cursor = ordinal + 1 }
        if ordinal >= firstOwn { unsent = unsent - share }
        if newest?.ordinal ?? .max <= ordinal { newest = nil }
    }

    /// The newest that was sent and is not answered.
    var newestUnderWay: BatchTag? { underWay.last?.tag }

    /// A batch that was on its way is on its way to another place.
    func sentAgain(_ old: BatchTag, as tag: BatchTag) {
        if let index = underWay.firstIndex(where: { $0.tag == old }) { underWay[index].tag = tag }
    }

    /// A batch that was sent; nil where it is no longer there.
    func entry(_ ordinal: UInt64) throws(FileError) -> SpoolEntry? {
        let entry = try read(atLeast: ordinal)
        return entry?.ordinal == ordinal ? entry : nil
    }

    /// A batch was answered, in whatever turn.
    ///
    /// - Returns: the batches that are done with, all before them being so too; and up to which ordinal that is so.
    func answered(_ tag: BatchTag) -> (tags: [BatchTag], through: UInt64)? {
        guard let index = underWay.firstIndex(where: { $0.tag == tag }) else { return nil }
        underWay[index].isAnswered = true
        var tags: [BatchTag] = []
        var through: UInt64 = 0
        while let first = underWay.first, first.isAnswered {
            tags.append(first.tag)
            through = first.ordinal
            underWay.removeFirst()
        }
        return tags.isEmpty ? nil : (tags, through)
    }

    /// Removes files that hold nothing but batches that are done with, as the journal knows by now.
    func removeDone() {
        let first = min(cursor, underWay.map(\.ordinal).min() ?? .max)
        while segments.count > 1, segments[1].first <= first {
            if (try? fileSystem.remove(segments[0].path)) == nil { return }
            segments.removeFirst()
        }
    }

    private func read(atLeast ordinal: UInt64) throws(FileError) -> SpoolEntry? {
        var index = segments.lastIndex { $0.first <= ordinal } ?? 0
        while index < segments.count {
            let segment = segments[index]
            var scanner: SpoolScanner
            if let known = reader, known.segment == segment.first, known.ordinal <= ordinal {
                scanner = known.scanner
            } else {
                scanner = SpoolScanner(try fileSystem.open(segment.path, .read))
            }
            let damagedBefore = scanner.damagedBytes
            while let entry = try scanner.next() {
                guard entry.ordinal >= ordinal else { continue }
                damagedBytes += scanner.damagedBytes - damagedBefore
                reader = (segment.first, entry.ordinal + 1, scanner)
                return entry
            }
            damagedBytes += scanner.damagedBytes - damagedBefore
            reader = nil
            index += 1
        }
        return nil
    }
}
