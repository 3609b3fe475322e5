package import SystemPackage

/// Which files are followed, and how.
package struct TailSource: Sendable, Equatable {
    package enum Start: Sendable {
        case beginning
        /// Behind the last complete line, for files that are there when the source is started for the very first time.
        /// A line that is incomplete at that moment is delivered whole once it ends. All other files are read from the
        /// beginning.
        case end
    }

    package enum LongLines: Sendable {
        /// Cut into fragments of `maximumLineBytes`, each marked with its index.
        case split
        /// Only the first `maximumLineBytes` are handed out, marked with the original length.
        case truncate
    }

    package var name: String
    package var include: [GlobPattern]
    package var exclude: [GlobPattern]
    package var start: Start
    package var maximumLineBytes: Int
    package var longLines: LongLines
    /// Files that were last modified longer ago than this are not begun; once written to, they are read whole.
    package var ignoreOlder: Duration?
    /// gzip files that the patterns match are read, decompressed. Otherwise compressed files are left alone, but for
    /// those that a file which was not read to its end became.
    package var readsCompressed = false
    /// Of files without a byte order mark; those with one tell themselves.
    package var encoding = TextEncoding.bytes

    package init(
        name: String, include: [GlobPattern], exclude: [GlobPattern] = [], start: Start = .beginning,
        maximumLineBytes: Int = 1 << 20, longLines: LongLines = .split, ignoreOlder: Duration? = nil
    ) {
        precondition(maximumLineBytes > 0, "BUG: a line needs at least a byte")
        self.name = name
        self.include = include
        self.exclude = exclude
        self.start = start
        self.maximumLineBytes = maximumLineBytes
        self.longLines = longLines
        self.ignoreOlder = ignoreOlder
    }

    /// What this source makes of a path by its name alone.
    package enum Verdict: Sendable, Equatable {
        case taken(by: GlobPattern)
        case excluded(by: GlobPattern)
        /// Compressed files are left alone.
        case compressed
        case notIncluded
    }

    package func verdict(on path: FilePath) -> Verdict {
        guard let pattern = include.first(where: { $0.matches(path) }) else { return .notIncluded }
        return exclusion(of: path) ?? .taken(by: pattern)
    }

    /// Why a path that an include pattern matches is left out all the same; nil where it is not.
    func exclusion(of path: FilePath) -> Verdict? {
        if let pattern = exclude.first(where: { $0.matches(path) }) { return .excluded(by: pattern) }
        let bytes = path.bytes
        if isGzipName(bytes) { return readsCompressed ? nil : .compressed }
        return otherCompressedSuffixes.contains { bytes.suffix($0.count).elementsEqual($0) } ? .compressed : nil
    }
}

private let otherCompressedSuffixes = [".zst", ".xz", ".bz2", ".lz4", ".Z"].map { Array($0.utf8) }

/// The bounds of a tailer, and its periods.
package struct TailLimits: Sendable {
    /// Descriptors held by files that could be closed and opened again. Pinned files come on top.
    package var openFiles = 512
    /// Rotated or deleted files that still hold unread or unacknowledged bytes. While there are more, no new file is
    /// begun; none is ever dropped.
    package var pinnedFiles = 256
    /// Unread bytes in those files, likewise.
    package var pinnedBytes: Int64 = 1 << 36
    /// Files known at once; further ones wait.
    package var files = 100_000
    /// Bytes of the shared read buffer; grown while a longer line needs it.
    package var readBufferBytes = 256 << 10
    /// Compressed files that are read at the same time.
    package var decompressions = 4
    /// How often a directory without a working watch is looked at.
    package var pollInterval = Duration.seconds(1)
    /// How often everything is looked at, watched or not.
    package var reconcileInterval = Duration.seconds(10)
    /// A rotated or deleted file is final, and its last line is handed out even without a newline, when it was read to
    /// its end and did not change for this long: its writer may still hold it open.
    package var settleTime = Duration.seconds(5)
    /// How long a file that is nowhere to be found is remembered.
    package var forgetAfter = Duration.seconds(3600)

    package init() {}

    /// Keeps the files that are open at the same time within so many descriptors; a third of them is for rotated ones.
    package mutating func fit(descriptors: Int) {
        pinnedFiles = max(1, min(pinnedFiles, descriptors / 3))
        openFiles = max(1, min(openFiles, descriptors - pinnedFiles))
    }

    /// `reconcileInterval`, or as long as it takes that looking at so many names stays far below a hundredth of a core:
    /// each takes about two microseconds.
    package func reconcileInterval(names: Int) -> Duration { max(reconcileInterval, .milliseconds(2 * names)) }

    /// The most memory that reading one compressed file takes.
    package func decompressionBytes(maximumLineBytes: Int) -> Int {
        GzipContent.mostMemory(keeping: mostKept(maximumLineBytes: maximumLineBytes))
    }

    /// As much of decompressed content as reading goes back: to the beginning of a long line that was looked through.
    func mostKept(maximumLineBytes: Int) -> Int { maximumLineBytes + 2 * readBufferBytes + 1024 }
}
