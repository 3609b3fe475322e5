import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// A partition's directory on some file system, with settings small enough that a few batches fill segments.
struct LogHarness {
    var files: any FileSystem
    var directory: FilePath = "/data/logs-0"
    var configuration = LogConfiguration()

    init(_ files: any FileSystem = SimulatedFileSystem(), segmentBytes: Int64 = 1 << 20) {
        self.files = files
        configuration.segmentBytes = segmentBytes
        configuration.indexIntervalBytes = 150
    }

    func open() throws -> PartitionLog { try openReporting().log }

    func openReporting() throws -> (log: PartitionLog, report: RecoveryReport) {
        try PartitionLog.open(directory, configuration: configuration, fileSystem: files)
    }

    func names(_ suffix: String) throws -> [String] {
        try files.list(directory).filter { $0.name.extension == suffix }.map(\.name.stem).sorted()
    }

    func path(_ name: String) -> FilePath { directory.appending(name) }

    func bytes(_ name: String) throws -> [UInt8] { try files.readWhole(path(name)) }

    /// Changes a file behind the log's back.
    func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        var content = try bytes(name)
        change(&content)
        let file = try files.open(path(name), .replace)
        try file.write(content.rawBytes, at: 0)
        try file.synchronizeData()
    }
}

/// Where directed tests run: in memory, and on the disk of this machine.
enum Disk: CaseIterable, Sendable {
    case simulated, real

    func harness(segmentBytes: Int64 = 1 << 20) throws -> LogHarness {
        switch self {
        case .simulated: return LogHarness(segmentBytes: segmentBytes)
        case .real:
            var harness = LogHarness(PosixFileSystem(), segmentBytes: segmentBytes)
            harness.directory = FilePath("/tmp/tributary-log-tests/\(UInt64.random(in: 0...UInt64.max))/logs-0")
            return harness
        }
    }
}

extension LogHarness {
    func cleanUp() throws {
        guard files is PosixFileSystem else { return }
        for entry in try files.list(directory) { try files.remove(directory.appending(entry.name)) }
        try files.removeDirectory(directory)
        try files.removeDirectory(directory.removingLastComponent())
    }
}

/// Whose batch it is, as an idempotent producer says it.
struct BatchSource: Hashable {
    var id: Int64
    var epoch: Int16 = 0
    var sequence: Int32
}

func batch(_ values: [String], at time: Int64 = 1000, from source: BatchSource? = nil) throws -> SealedBatch {
    let builder = RecordBatchBuilder(limit: 1 << 20)
    for value in values {
        let bytes = Array(value.utf8)
        let isAppended = builder.append(
            key: nil, value: bytes.rawBytes, timestamp: Timestamp(milliseconds: time))
        #expect(isAppended)
    }
    let compressor = try BatchCompressor(.none)
    guard let source else { return builder.seal(with: compressor) }
    return builder.seal(
        with: compressor, producerID: ProducerID(source.id), producerEpoch: ProducerEpoch(source.epoch),
        baseSequence: SequenceNumber(source.sequence))
}

extension PartitionLog {
    @discardableResult
    func append(_ batch: SealedBatch, now: Int64 = 1000) throws(LogError) -> Appended {
        let records = batch.bytes.rawBytes.extracting(RecordBatchHeader.byteCount..<batch.bytes.count)
        return try append(batch.header, records: records, now: Timestamp(milliseconds: now))
    }

    /// Appends and synchronizes.
    @discardableResult
    func store(
        _ values: [String], at time: Int64 = 1000, from source: BatchSource? = nil
    ) throws -> Appended {
        let appended = try append(try batch(values, at: time, from: source))
        try synchronize()
        return appended
    }
}

struct StoredRecord: Hashable {
    var offset: Int64
    var value: String
    var time: Int64
}

extension LogSlice {
    /// The whole batches of the slice.
    func batches() throws -> [RecordBatchContents] {
        let bytes = try file.read(byteCount, at: position)
        var batches: [RecordBatchContents] = []
        var start = 0
        while start + RecordBatchHeader.byteCount <= bytes.count {
            let rest = bytes.rawBytes.extracting(start..<bytes.count)
            let header = try RecordBatchHeader(parsing: rest)
            if header.totalBytes > bytes.count - start { break }
            batches.append(try RecordBatchContents(rest))
            start += header.totalBytes
        }
        return batches
    }
}

extension RecordBatchContents {
    func stored() throws -> [StoredRecord] {
        try records().map { record in
            StoredRecord(
                offset: record.offset.value, value: String(decoding: payload[record.value ?? 0..<0], as: UTF8.self),
                time: record.timestamp.milliseconds)
        }
    }
}

extension LogReader {
    /// Every record from `start` on, the way a consumer fetches.
    func all(from start: Int64? = nil, maxBytes: Int = 700) throws -> [StoredRecord] {
        var offset = start.map { Offset($0) } ?? view.startOffset
        var found: [StoredRecord] = []
        while let slice = try slice(from: offset, maxBytes: maxBytes) {
            let batches = try slice.batches()
            let last = try #require(batches.last, "a fetch at \(offset) brings no whole batch")
            #expect(batches[0].header.baseOffset <= offset && batches[0].header.lastOffset >= offset)
            found += try batches.flatMap { try $0.stored() }.filter { $0.offset >= offset.value }
            offset = last.header.nextOffset
        }
        return found
    }

    var values: [String] {
        get throws { try all().map(\.value) }
    }
}
