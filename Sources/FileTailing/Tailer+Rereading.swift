internal import FileAccess
internal import SystemPackage

/// A part of a file that was handed out once, with what is needed to hand out the very same lines again: where it begins
/// and ends, how lines were cut, and how many there were.
package struct ReadRange: Hashable, Sendable {
    /// How lines were cut: what a setting said at that time.
    package struct Cut: Hashable, Sendable {
        package var maximumLineBytes: Int
        package var longLines: TailSource.LongLines

        package init(maximumLineBytes: Int, longLines: TailSource.LongLines) {
            self.maximumLineBytes = maximumLineBytes
            self.longLines = longLines
        }
    }

    /// Where the first line begins.
    package var start: Int64
    /// Ends where the range ends: at a line's end, behind a fragment, or behind NULs that were skipped. With a hash of no
    /// bytes where it could not be had.
    package var contentGuard: ContentGuard
    /// Lines and fragments, each of which is a record.
    package var lines: Int
    /// The last line had no newline, and was handed out as the file was final.
    package var endsUnterminated: Bool
    package var cut: Cut

    package var end: Int64 { contentGuard.end }

    package init(start: Int64, contentGuard: ContentGuard, lines: Int, endsUnterminated: Bool, cut: Cut) {
        self.start = start
        self.contentGuard = contentGuard
        self.lines = lines
        self.endsUnterminated = endsUnterminated
        self.cut = cut
    }
}

// Reading again what an earlier life has handed out but not seen acknowledged. It goes the way of all reading, with two
// differences: it ends where the range ends, whatever stands behind it by now, and lines are cut as they were cut then.

extension Tailer {
    struct Rereading {
        let file: TailedFileID
        let settings: TailSource
        /// The range's end is taken for the end of a final file.
        let isFinal: Bool
    }

    /// Hands out the lines of a range once more. The range has to begin at the file's read position, but for NULs; behind
    /// it reading goes on as usual.
    ///
    /// - Parameter body: gets each line as in `read`. What it got counts only where the result is true.
    /// - Returns: false where the file cannot be read now, or holds something else than it did. Its read position is then
    ///   where it was.
    package func reread(_ id: TailedFileID, _ range: ReadRange, _ body: (RawSpan, LineInfo) -> Void) -> Bool {
        guard let file = files[id], !file.isGone, file.readPosition <= range.start, let open = descriptor(of: file)
        else {
            return false
        }
        var settings = sources[file.source]
        settings.maximumLineBytes = range.cut.maximumLineBytes
        settings.longLines = range.cut.longLines
        rereading = Rereading(file: id, settings: settings, isFinal: range.endsUnterminated)
        let before = ReadingPlace(file)
        defer { rereading = nil }
        do throws(FileError) {
            guard try findEncoding(of: file, open) else { return false }
            if file.needsVerification || file.readGuard == nil {
                if case .gzip(let content) = open { while try !approach(file, content) {} }
                guard try verify(file, open) else { return false }
            }
            let descriptor = range.endsUnterminated ? .part(open, end: range.end) : open
            if try handOut(range, of: file, descriptor, body) { return true }
        } catch {
            fail(file, error)
        }
        before.restore(file)
        return false
    }

    /// - Returns: whether it was what it was then.
    private func handOut(
        _ range: ReadRange, of file: TailedFile, _ descriptor: OpenContent, _ body: (RawSpan, LineInfo) -> Void
    ) throws(FileError) -> Bool {
        var outcome = ReadOutcome()
        var first: Int64?
        while file.readPosition < range.end && outcome.end == .more {
            let limit = Int(clamping: range.end - file.readPosition)
            _ = try step(file, descriptor, limit: limit, &outcome) { line, info in
                if first == nil { first = info.start }
                if info.end <= range.end { body(line, info) }
                return info.end < range.end
            }
        }
        return file.readPosition == range.end && first == range.start && outcome.lines == range.lines
            && (range.contentGuard.hash.length == 0 || file.readGuard == range.contentGuard)
    }

    /// Where the reading of a file stands; nil where it is not known.
    package func readingPlace(of id: TailedFileID) -> ReadingPlace? { files[id].map { ReadingPlace($0) } }

    /// Goes back to where reading stood; what was acknowledged since must lie before it.
    package func goBack(_ id: TailedFileID, to place: ReadingPlace) {
        if let file = files[id] { place.restore(file) }
    }

    /// How the file's lines are cut now: by its source's settings, or as they were cut where they are read again.
    func settings(of file: TailedFile) -> TailSource {
        if let rereading, rereading.file == file.id { return rereading.settings }
        return sources[file.source]
    }

    /// How the file's lines are cut at present.
    package func cut(of id: TailedFileID) -> ReadRange.Cut? {
        guard let file = files[id] else { return nil }
        let settings = sources[file.source]
        return ReadRange.Cut(maximumLineBytes: settings.maximumLineBytes, longLines: settings.longLines)
    }

    /// The guard of the file's read position; nil where it could not be read just now.
    package func readGuard(of id: TailedFileID) -> ContentGuard? {
        files[id]?.readGuard
    }

    /// The guard of a position that was handed out in this turn or was the read position before it. Only from the `body`
    /// of a `read` or `reread` of that very file.
    package func guardWhileReading(_ id: TailedFileID, at position: Int64) -> ContentGuard? {
        if let proof = files[id]?.readGuard, proof.end == position { return proof }
        let start = max(0, position - Int64(ContentGuard.maximumLength))
        guard window.base <= start, window.end >= position else { return nil }
        return ContentGuard(end: position, hash: unsafe ContentHash(window.bytes(from: start, to: position)))
    }
}

/// Where the reading of a file stands, to go back to.
package struct ReadingPlace {
    fileprivate let position: Int64
    fileprivate let lineStart: Int64?
    fileprivate let marks: [ContentGuard]
    fileprivate let longLines: [(start: Int64, end: Int64?)]

    fileprivate init(_ file: TailedFile) {
        position = file.readPosition
        lineStart = file.lineStart
        marks = file.marks
        longLines = file.longLines
    }

    fileprivate func restore(_ file: TailedFile) {
        file.readPosition = position
        file.scannedTo = position
        file.nulsTo = position
        file.lineStart = lineStart
        file.marks = marks
        file.longLines = longLines
        // Verified anew before the next line.
        file.readGuard = nil
        file.needsVerification = true
    }
}
