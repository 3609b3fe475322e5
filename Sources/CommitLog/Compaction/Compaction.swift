internal import FileAccess
package import Primitives
internal import RecordBatches
internal import SystemPackage

/// Why a round of compaction ended early. Nothing was removed that is not replaced.
package enum CompactionFailure: Error, Sendable {
    /// Whoever runs it wants it to end.
    case stopped
    /// Retention or somebody else deleted segments that it was about. The next round sees the log as it is.
    case overtaken
    /// A batch cannot be read: nothing of the partition is compacted until it can.
    case uncleanable(LogError)
    /// The disk did not do what was asked.
    case failed(LogError)
}

/// What a round of compaction did.
package struct CompactionReport: Hashable, Sendable {
    package var segmentsBefore = 0
    package var segmentsAfter = 0
    package var bytesBefore: Int64 = 0
    package var bytesAfter: Int64 = 0
    package var removedRecords: Int64 = 0
    /// Of those, the ones without a key, of a time when the topic was not compacted.
    package var keylessRecords: Int64 = 0
    /// Below this each key is there once.
    package var cleanEnd: Offset
    package var nextHorizon = Timestamp.none
    /// Whether the map of keys had room for all that was to be looked at. If not, the next round goes on.
    package var isComplete = true
}

// One round:
//
// 1. The dirty segments are read, and the newest offset of each key put into the map, until it is full: up to there the
//    log will be clean.
// 2. All segments below that point are read again, and what is left is written to new files beside them: of neighbours
//    that have become small to one together.
// 3. The log's owner puts each new segment in its group's place. Readers in flight finish on the old files.
//
// It is done away from the thread that owns the log, reads only what is sealed, and writes only files that nobody reads.

/// Carries a plan out.
package struct Compaction {
    private let plan: CompactionPlan
    private let memory: Int
    private let pace: (Int) -> Bool
    private var report: CompactionReport

    /// - Parameters:
    ///   - memory: bytes for the map of keys, at the most; 24 are taken for three quarters of a key.
    ///   - pace: called again and again, with the bytes read and written since. It may take its time; false ends the round.
    package init(_ plan: CompactionPlan, memory: Int, pace: @escaping (Int) -> Bool) {
        self.plan = plan
        self.memory = memory
        self.pace = pace
        report = CompactionReport(cleanEnd: plan.firstDirty)
    }

    /// - Parameter swap: has the log's owner call `PartitionLog.replace`.
    package mutating func run(
        swap: (CleanedSegment) throws(CompactionFailure) -> Void
    ) throws(CompactionFailure) -> CompactionReport {
        let (map, mapEnd) = try buildMap()
        let sources = plan.sources.filter { $0.baseOffset < mapEnd }
        if sources.isEmpty { return report }
        report.cleanEnd = mapEnd
        var cleaner = BatchCleaner(plan, map: map, mapEnd: mapEnd)
        var done = 0
        while done < sources.count {
            let group = try writeGroup(from: done, of: sources, with: &cleaner)
            let bytes = group.sources.reduce(0) { $0 + $1.bytes }
            done += group.sources.count
            report.segmentsAfter += 1
            report.bytesBefore += bytes
            report.bytesAfter += group.cleaned?.summary.bytes ?? bytes
            guard let cleaned = group.cleaned else { continue }
            do throws(CompactionFailure) {
                try swap(cleaned)
            } catch {
                cleaned.files.remove(plan.fileSystem)
                throw error
            }
        }
        report.segmentsBefore = done
        report.removedRecords = cleaner.removedRecords
        report.keylessRecords = cleaner.keylessRecords
        report.nextHorizon = cleaner.nextHorizon
        return report
    }

    // MARK: The map

    private mutating func buildMap() throws(CompactionFailure) -> (KeyMap, end: Offset) {
        let end = plan.sources.last?.endOffset ?? plan.firstDirty
        var map = KeyMap(memory: memory, expected: end - plan.firstDirty)
        for segment in plan.sources where segment.endOffset > plan.firstDirty {
            var reader = BatchReader(try open(segment), endOffset: segment.endOffset)
            while let header = try reader.peek() {
                if header.lastOffset >= plan.firstDirty && !header.attributes.isControl {
                    let contents = try reader.contents(header)
                    if let full = try fill(&map, from: contents, reader) {
                        report.isComplete = false
                        return (map, full)
                    }
                }
                reader.advance(over: header)
                try goOn(reader.takeReadBytes())
            }
        }
        return (map, max(end, plan.firstDirty))
    }

    /// - Returns: the first offset for which there is no room; nil where there is for all.
    private func fill(
        _ map: inout KeyMap, from batch: RecordBatchContents, _ reader: BatchReader
    ) throws(CompactionFailure) -> Offset? {
        let records: [RecordBatchContents.Record]
        do throws(BatchError) { records = try batch.records() } catch { throw reader.damaged(error) }
        for record in records where record.offset >= plan.firstDirty {
            guard let key = record.key else { continue }
            if !map.put(batch.payload.rawBytes.extracting(key), record.offset) { return record.offset }
        }
        return nil
    }

    // MARK: Writing

    /// Neighbours that become one segment.
    private struct Group {
        var sources: [SegmentView] = []
        /// nil where it is a single segment that stays as it is.
        var cleaned: CleanedSegment?
    }

    /// Writes what is left of the segment at `start`, and of those behind it that fit the same segment: by bytes, as if
    /// nothing of them went, and by the 32 bits of an index entry.
    private func writeGroup(
        from start: Int, of sources: [SegmentView], with cleaner: inout BatchCleaner
    ) throws(CompactionFailure) -> Group {
        let base = sources[start].baseOffset
        let roundEnd = sources[sources.count - 1].endOffset
        let files = CleanedFiles(SegmentNames(directory: plan.directory, baseOffset: base))
        var group = Group()
        do throws(CompactionFailure) {
            var writer = try throwing { () throws(FileError) in
                try CleanedSegmentWriter(
                    files, interval: plan.configuration.indexIntervalBytes, fileSystem: plan.fileSystem)
            }
            var modified = FileTime(seconds: .min, nanoseconds: 0)
            var isChanged = false
            for segment in sources[start...] {
                let fits =
                    writer.bytes + segment.bytes <= plan.configuration.segmentBytes
                    && segment.endOffset - base <= Int64(Int32.max)
                guard fits || group.sources.isEmpty else { break }
                let open = try open(segment)
                modified = max(modified, try throwing { () throws(FileError) in try open.log.status().modified })
                let isLast = segment.endOffset == roundEnd
                if try copy(open, segment, to: &writer, with: &cleaner, isLast: isLast) { isChanged = true }
                group.sources.append(segment)
            }
            guard isChanged || group.sources.count > 1, let last = group.sources.last else {
                files.remove(plan.fileSystem)
                return group
            }
            let summary = try throwing { () throws(FileError) in
                try writer.finish(endOffset: last.endOffset, modified: modified)
            }
            group.cleaned = CleanedSegment(
                sources: group.sources, summary: summary, files: files, roundEnd: roundEnd)
            return group
        } catch {
            files.remove(plan.fileSystem)
            throw error
        }
    }

    /// Copies what is left of a segment.
    ///
    /// - Returns: whether anything was left out or changed.
    private func copy(
        _ open: OpenSegment, _ segment: SegmentView, to writer: inout CleanedSegmentWriter,
        with cleaner: inout BatchCleaner, isLast: Bool
    ) throws(CompactionFailure) -> Bool {
        var reader = BatchReader(open, endOffset: segment.endOffset)
        var isChanged = false
        while let header = try reader.peek() {
            let written = writer.bytes
            let isLastBatch = isLast && reader.position + Int64(header.totalBytes) == open.bytes
            let contents = try reader.contents(header)
            let cleaned: BatchCleaner.Cleaned
            do throws(BatchError) {
                cleaned = try cleaner.clean(contents, isLast: isLastBatch)
            } catch {
                throw reader.damaged(error)
            }
            switch cleaned {
            case .kept:
                let bytes = try reader.bytes(header)
                try throwing { () throws(FileError) in try writer.append(header, bytes) }
            case .dropped: isChanged = true
            case .rebuilt(let bytes):
                isChanged = true
                guard let rebuilt = try? RecordBatchHeader(checking: bytes.rawBytes) else {
                    preconditionFailure("BUG: compaction made a batch that does not read back")
                }
                try throwing { () throws(FileError) in try writer.append(rebuilt, bytes) }
            }
            reader.advance(over: header)
            try goOn(reader.takeReadBytes() + Int(writer.bytes - written))
        }
        return isChanged
    }

    private func open(_ segment: SegmentView) throws(CompactionFailure) -> OpenSegment {
        do throws(LogError) {
            return try segment.open()
        } catch {
            if case .file(let cause) = error, cause.isNotFound { throw .overtaken }
            throw .failed(error)
        }
    }

    private func throwing<Result>(_ body: () throws(FileError) -> Result) throws(CompactionFailure) -> Result {
        do throws(FileError) { return try body() } catch { throw .failed(.file(error)) }
    }

    private func goOn(_ bytes: Int) throws(CompactionFailure) {
        if !pace(bytes) { throw .stopped }
    }
}
