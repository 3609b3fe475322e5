internal import DequeModule
internal import FileTailing
internal import KafkaClient
internal import Primitives
internal import RecordBatches

/// The batch that a partition's next lines go into, and which parts of which files they are.
final class BatchAssembler {
    let place: TopicPartition
    private let builder: RecordBatchBuilder
    /// When its first record came.
    private(set) var since: ContinuousClock.Instant?
    private var timestamp = Timestamp.none
    private var parts: [BatchPart] = []
    /// Consecutive lines are mostly of one file: its part is added when another file comes.
    private var run: Run?
    /// Batches of the partition that are under way, the oldest first: up to there files are acknowledged.
    var underWay: Deque<BatchTag> = []

    /// Consecutive lines of one file. A class: a line's counting goes without the checks of an access to what is stored
    /// in another object.
    private final class Run {
        let file: TailedFileID
        let source: String
        let cut: ReadRange.Cut
        var start: Int64 = 0
        var end: Int64 = 0
        var lines = 0
        var bytes: Int64 = 0
        var endsUnterminated = false
        var contentGuard: ContentGuard?
        var extents = RecordExtents()

        init(_ file: TailedFileID, source: String, cut: ReadRange.Cut) {
            self.file = file
            self.source = source
            self.cut = cut
        }

        func take(_ info: LineInfo, value: Int) {
            if lines == 0 {
                start = info.start
                end = start
            }
            if !RecordExtents.follows(from: info.start, to: info.end, value: value, after: end) {
                extents.note(lines, gap: info.start - end, length: info.end - info.start)
            }
            end = info.end
            lines += 1
            bytes += info.end - info.start
            endsUnterminated = info.isUnterminated
        }
    }

    init(_ place: TopicPartition, limit: Int) {
        self.place = place
        builder = RecordBatchBuilder(limit: limit)
    }

    var isEmpty: Bool { builder.isEmpty }
    var heldBytes: Int { builder.heldBytes }
    /// Behind the last line that was added, in its file.
    var end: Int64 { run?.end ?? 0 }

    /// The next lines are of this file.
    func begin(_ file: TailedFileID, source: String, cut: ReadRange.Cut) {
        if let run, run.file == file, run.cut == cut { return }
        closeRun()
        run = Run(file, source: source, cut: cut)
    }

    /// Adds a line of the file that was begun with.
    ///
    /// - Returns: false where the batch is full: seal it, and add the line again.
    func add(key: RawSpan, line: RawSpan, timestamp: Timestamp, _ info: LineInfo) -> Bool {
        guard builder.append(key: key, value: line, timestamp: timestamp, headers: info.headers) else { return false }
        if builder.recordCount == 1 {
            since = .now
            self.timestamp = timestamp
        }
        run?.take(info, value: line.byteCount)
        return true
    }

    /// The lines so far end where this guard ends, or NULs that were skipped follow up to there.
    func prove(_ contentGuard: ContentGuard?) {
        guard let contentGuard, let run, run.lines > 0, contentGuard.end >= run.end else { return }
        run.contentGuard = contentGuard
    }

    func seal(_ compressor: BatchCompressor) -> Shipment {
        if let run {
            closeRun()
            self.run = Run(run.file, source: run.source, cut: run.cut)
        }
        let batch = builder.seal(with: compressor)
        defer {
            parts = []
            since = nil
        }
        return Shipment(place: place, timestamp: timestamp, parts: parts, batch: batch)
    }

    /// The records that were not sealed yet, by source.
    var shares: [(source: String, share: RecordShare)] {
        var shares = parts.map { ($0.source, $0.share) }
        if let run, run.lines > 0 { shares.append((run.source, RecordShare(records: run.lines, bytes: run.bytes))) }
        return shares
    }

    /// Whose lines were not sealed yet.
    var files: [(file: TailedFileID, source: String)] {
        var files = parts.compactMap { part in part.segment.map { ($0.file, part.source) } }
        if let run, run.lines > 0 { files.append((run.file, run.source)) }
        return files
    }

    private func closeRun() {
        guard let run, run.lines > 0 else { return }
        let contentGuard = run.contentGuard.flatMap { $0.end >= run.end ? $0 : nil }
        let range = ReadRange(
            start: run.start, contentGuard: contentGuard ?? ContentGuard(end: run.end, hash: .empty), lines: run.lines,
            endsUnterminated: run.endsUnterminated, cut: run.cut)
        parts.append(
            BatchPart(
                source: run.source, share: RecordShare(records: run.lines, bytes: run.bytes),
                segment: SourceSegment(file: run.file, range: range), extents: run.extents))
        self.run = nil
    }

    /// Gives the memory back while nothing comes.
    func rest() {
        if builder.isEmpty && builder.heldBytes > 0 { builder.releaseMemory() }
    }
}
