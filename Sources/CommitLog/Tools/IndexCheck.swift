internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Compares a segment's two indexes with its batches, entry by entry, while somebody walks over the batches.
///
/// Of each index only the first fault is told: it is built anew as a whole.
struct IndexCheck {
    private let names: SegmentNames
    private var offsets: EntryCursor?
    private var times: EntryCursor?
    private var lastTimestamp: Timestamp?
    private var maxTimestamp = Timestamp.none
    private var sawBatches = false
    private(set) var problems: [LogProblem] = []

    init(_ names: SegmentNames, fileSystem: any FileSystem) {
        self.names = names
        offsets = open(names.index, .index, SegmentIndex.offsetEntryBytes, fileSystem)
        times = open(names.timeIndex, .timeIndex, SegmentIndex.timeEntryBytes, fileSystem)
    }

    private mutating func open(
        _ path: FilePath, _ kind: LogProblem.Kind, _ entryBytes: Int64, _ fileSystem: any FileSystem
    ) -> EntryCursor? {
        do throws(FileError) {
            let cursor = try EntryCursor(try fileSystem.open(path, .read), entryBytes: entryBytes)
            if cursor.excess == 0 { return cursor }
            problems.append(
                LogProblem(
                    kind: kind, path: path, position: cursor.count * entryBytes,
                    message: "\(cursor.excess) bytes behind the last whole entry"))
        } catch {
            let message = error.isNotFound ? "the file is missing" : error.description
            problems.append(LogProblem(kind: kind, path: path, position: nil, message: message))
        }
        return nil
    }

    mutating func add(_ batch: PlacedBatch) {
        sawBatches = true
        maxTimestamp = max(maxTimestamp, batch.header.newestRecord)
        do throws(FileError) {
            try checkOffset(batch)
            try checkTime(batch)
        } catch {
            fail(.index, names.index, nil, error.description)
        }
    }

    /// - Parameter isSealed: whether the segment takes no more appends: then its indexes are complete.
    mutating func finish(isSealed: Bool) {
        do throws(FileError) {
            if let entry = try offsets?.offsetEntry() {
                let place = offsets.map { $0.next * SegmentIndex.offsetEntryBytes }
                fail(.index, names.index, place, "it points to byte \(entry.position), where no batch begins")
            }
            if let entry = try times?.timeEntry(), !(entry.timestamp == .none && maxTimestamp == .none) {
                let place = times.map { $0.next * SegmentIndex.timeEntryBytes }
                fail(.timeIndex, names.timeIndex, place, "no batch is at the offset that it names")
            }
        } catch {
            fail(.index, names.index, nil, error.description)
        }
        guard isSealed, let times, sawBatches else { return }
        if times.count == 0 {
            fail(.timeIndex, names.timeIndex, nil, "it is empty, and the segment is not")
        } else if maxTimestamp > lastTimestamp ?? .none {
            let message = "it ends at time \(lastTimestamp ?? .none), the segment at \(maxTimestamp)"
            fail(.timeIndex, names.timeIndex, nil, message)
        }
    }

    private mutating func checkOffset(_ batch: PlacedBatch) throws(FileError) {
        while let entry = try offsets?.offsetEntry(), entry.position <= batch.position {
            let place = (offsets?.next ?? 0) * SegmentIndex.offsetEntryBytes
            guard entry.position == batch.position else {
                return fail(.index, names.index, place, "it points to byte \(entry.position), where no batch begins")
            }
            guard names.baseOffset + Int64(entry.relativeOffset) == batch.header.lastOffset else {
                let named = names.baseOffset + Int64(entry.relativeOffset)
                return fail(
                    .index, names.index, place,
                    "it says offset \(named), and the batch at byte \(batch.position) ends at \(batch.header.lastOffset)"
                )
            }
            offsets?.advance()
        }
    }

    private mutating func checkTime(_ batch: PlacedBatch) throws(FileError) {
        while let entry = try times?.timeEntry(), entry.timestamp > .none || maxTimestamp > .none {
            let offset = names.baseOffset + Int64(entry.relativeOffset)
            guard offset <= batch.header.lastOffset else { return }
            let place = (times?.next ?? 0) * SegmentIndex.timeEntryBytes
            guard offset >= batch.header.baseOffset, entry.timestamp == batch.header.newestRecord else {
                return fail(
                    .timeIndex, names.timeIndex, place,
                    "it says time \(entry.timestamp) at offset \(offset), which no batch bears out")
            }
            if let lastTimestamp, entry.timestamp <= lastTimestamp {
                return fail(.timeIndex, names.timeIndex, place, "times do not rise: \(entry.timestamp) comes late")
            }
            lastTimestamp = entry.timestamp
            times?.advance()
        }
    }

    private mutating func fail(_ kind: LogProblem.Kind, _ path: FilePath, _ position: Int64?, _ message: String) {
        problems.append(LogProblem(kind: kind, path: path, position: position, message: message))
        if kind == .index { offsets = nil } else { times = nil }
    }
}
