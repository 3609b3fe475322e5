import BrokerTestSupport
import CollectorCore
import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// A data directory with one partition, in memory: segments of a few batches, idempotent ones among them.
private final class ToolBench {
    let files = SimulatedFileSystem()
    let directory: FilePath = "/data/logs-0"
    var configuration = LogConfiguration()
    var lines: [String] = []

    init() {
        configuration.segmentBytes = 2000
        configuration.indexIntervalBytes = 150
        configuration.retentionMilliseconds = -1
    }

    func fill(_ range: Range<Int>, producer: Int64 = 7, close: Bool = true) throws {
        let log = try PartitionLog.open(directory, configuration: configuration, fileSystem: files).log
        for number in range { try append(number, to: log, producer) }
        try log.synchronize()
        if close { try log.close() }
    }

    func append(_ number: Int, to log: PartitionLog, _ producer: Int64) throws {
        let builder = RecordBatchBuilder(limit: 1 << 20)
        let value = Array("record \(number) \(String(repeating: "x", count: 80))".utf8)
        _ = builder.append(key: nil, value: value.rawBytes, timestamp: Timestamp(milliseconds: 1000 + Int64(number)))
        let batch = builder.seal(
            with: try BatchCompressor(.none), producerID: ProducerID(producer), producerEpoch: ProducerEpoch(0),
            baseSequence: SequenceNumber(Int32(number)))
        let records = batch.bytes.rawBytes.extracting(RecordBatchHeader.byteCount..<batch.bytes.count)
        _ = try log.append(batch.header, records: records, now: Timestamp(milliseconds: 5000))
    }

    func names(_ suffix: String) throws -> [String] {
        try files.list(directory).map(\.name.string).filter { $0.hasSuffix(suffix) }.sorted()
    }

    func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        var content = try files.readWhole(directory.appending(name))
        change(&content)
        let file = try files.open(directory.appending(name), .replace)
        try file.write(content.rawBytes, at: 0)
        try file.synchronizeData()
    }

    func tools(_ path: FilePath = "/data/logs-0") throws -> LogTools {
        lines = []
        return try LogTools(path, fileSystem: files) { [unowned self] in lines.append($0) }
    }

    func verify() throws -> Bool { try tools().verify { _, _ in } }

    func repair(dryRun: Bool = false) throws -> Bool { try tools().repair(dryRun: dryRun) { _, _ in } }

    /// All records, as a collector that opens the log shows them.
    func records() throws -> [Int64: String] {
        let log = try PartitionLog.open(directory, configuration: configuration, fileSystem: files).log
        var found: [Int64: String] = [:]
        var offset = log.reader.view.startOffset
        while let slice = try log.reader.slice(from: offset, maxBytes: 1 << 20) {
            let bytes = try slice.file.read(slice.byteCount, at: slice.position)
            let header = try RecordBatchHeader(checking: bytes.rawBytes)
            let whole = Array(bytes[..<header.totalBytes])
            let contents = try RecordBatchContents(whole.rawBytes)
            for record in try contents.records() {
                found[record.offset.value] = String(decoding: contents.payload[record.value ?? 0..<0], as: UTF8.self)
            }
            offset = header.nextOffset
        }
        return found
    }
}

@Suite struct LogToolsTests {
    @Test func `a healthy log is found to be, in full`() throws {
        let bench = ToolBench()
        try bench.fill(0..<40)
        #expect(try bench.names(".log").count > 2)
        #expect(try bench.verify())
        #expect(bench.lines.last?.contains("40 batches, 40 records") == true)
        #expect(try bench.repair())
        #expect(bench.lines == ["nothing to repair"])
    }

    @Test func `inspect tells every batch, index entry and producer, as text and as JSON`() throws {
        let bench = ToolBench()
        try bench.fill(0..<40)
        try bench.tools().inspect(json: false)
        #expect(bench.lines.count { $0.hasPrefix("batch ") } == 40)
        #expect(bench.lines.contains { $0.hasPrefix("producer snapshot=40 producer_id=7 epoch=0") })
        try bench.tools("/data").inspect(json: true)
        #expect(bench.lines.allSatisfy { $0.hasPrefix("{\"type\":\"") && $0.hasSuffix("}") && !$0.contains("\n") })
        let batch = #""base_offset":3,"last_offset":3,"records":1,"#
        #expect(bench.lines.contains { $0.contains(batch) && $0.contains(#""producer_id":7"#) })
        for kind in ["partition", "segment", "batch", "index_entry", "time_index_entry", "snapshot", "recovery_point"] {
            #expect(bench.lines.contains { $0.hasPrefix("{\"type\":\"\(kind)\",\"partition\":\"logs-0\"") })
        }
    }

    @Test func `one flipped bit anywhere in the log or its files is found`() throws {
        let bench = ToolBench()
        try bench.fill(0..<24)
        let names = try bench.files.list(bench.directory).map(\.name.string).sorted()
        for name in names where name != "leader-epoch-checkpoint" {
            let size = try bench.files.readWhole(bench.directory.appending(name)).count
            for place in stride(from: 0, to: size, by: 7) {
                // The leader epoch lies outside of the checksum, and any is as good as another.
                try bench.edit(name) { $0[place] ^= 1 << UInt8(place % 8) }
                let found = try !bench.verify()
                let batchByte = try placeInBatch(place, name, bench)
                let isFree = name.hasSuffix(".log") && (12..<16).contains(batchByte)
                #expect(found || isFree, "\(name), byte \(place)")
                try bench.edit(name) { $0[place] ^= 1 << UInt8(place % 8) }
            }
        }
        #expect(try bench.verify())
    }

    /// All batches are of one size but for the digits of their number.
    private func placeInBatch(_ place: Int, _ name: String, _ bench: ToolBench) throws -> Int {
        guard name.hasSuffix(".log") else { return 0 }
        let bytes = try bench.files.readWhole(bench.directory.appending(name))
        var start = 0
        while start + 12 <= bytes.count {
            let size = 12 + Int(bytes.rawBytes.bigEndian(Int32.self, at: start + 8))
            if size < 61 || place < start + size { break }
            start += size
        }
        return place - start
    }

    @Test func `a torn tail is cut, and nothing else is touched`() throws {
        let bench = ToolBench()
        try bench.fill(0..<10)
        try bench.fill(10..<22, close: false)
        let before = try bench.records()
        try bench.fill(22..<22)
        let last = try #require(try bench.names(".log").last)
        try bench.edit(last) { $0 += [0, 0, 0, 0, 1, 2, 3] }
        #expect(try !bench.verify())
        #expect(bench.lines.contains { $0.hasPrefix("torn-tail: ") })

        #expect(try bench.repair(dryRun: true))
        #expect(bench.lines.contains { $0.hasPrefix("would cut ") })
        #expect(try !bench.verify(), "a dry run changes nothing")

        #expect(try bench.repair())
        #expect(try bench.verify())
        #expect(try bench.records() == before)
        #expect(try bench.names(".quarantined").isEmpty)
    }

    @Test func `a damaged segment is put aside, and what is whole of it stays readable`() throws {
        let bench = ToolBench()
        try bench.fill(0..<60)
        let before = try bench.records()
        let names = try bench.names(".log")
        let damaged = names[1]
        let original = try bench.files.readWhole(bench.directory.appending(damaged))
        try bench.edit(damaged) { $0[$0.count / 2] ^= 0xff }
        let broken = try bench.files.readWhole(bench.directory.appending(damaged))
        #expect(try !bench.verify())
        #expect(bench.lines.contains { $0.hasPrefix("damage: /data/logs-0/\(damaged)") })

        #expect(try bench.repair())
        let aside = try #require(try bench.names(".quarantined").first)
        #expect(try bench.files.readWhole(bench.directory.appending(aside)) == broken, "nothing of it is deleted")
        #expect(original.count == broken.count)
        #expect(try bench.verify(), "the gap is explained by the quarantined file: \(bench.lines)")
        let after = try bench.records()
        #expect(after.count == before.count - 1)
        #expect(after.allSatisfy { before[$0] == $1 })
        #expect(try bench.repair())
        #expect(bench.lines == ["nothing to repair"])
    }

    @Test func `damage in the last segment costs what is damaged, not what follows, and offsets go on`() throws {
        for place in ["front", "middle", "end"] {
            let bench = ToolBench()
            try bench.fill(0..<30)
            let before = try bench.records()
            let last = try #require(try bench.names(".log").last)
            try bench.edit(last) {
                $0[place == "front" ? 30 : place == "middle" ? $0.count / 2 : $0.count - 3] ^= 0xff
            }
            #expect(try bench.repair(), "\(place): \(bench.lines)")
            #expect(try bench.verify(), "\(place): \(bench.lines)")
            let after = try bench.records()
            #expect(after.count == before.count - 1)
            // A kill, and a start without a recovery point: the gap is not taken for the end.
            try? bench.files.remove("/data/logs-0/recovery-point")
            #expect(try bench.records() == after)
            try bench.fill(30..<31, producer: 8)
            #expect(try bench.records()[30]?.hasPrefix("record 30 ") == true, "\(place)")
        }
    }

    @Test func `indexes and small files that are damaged are made anew`() throws {
        let bench = ToolBench()
        try bench.fill(0..<40)
        let before = try bench.records()
        try bench.fill(40..<40)
        let index = try bench.names(".index")[0]
        try bench.edit(index) { $0[3] ^= 1 }
        let timeIndex = try bench.names(".timeindex")[1]
        try bench.edit(timeIndex) { $0.removeLast(5) }
        let snapshot = try #require(try bench.names(".producers").last)
        try bench.edit(snapshot) { $0[20] ^= 1 }
        try bench.files.remove(bench.directory.appending(try bench.names(".index")[2]))
        try bench.edit("recovery-point") { $0[9] ^= 1 }
        #expect(try !bench.verify())
        #expect(try bench.repair(), "\(bench.lines)")
        #expect(try bench.verify(), "\(bench.lines)")
        #expect(try bench.records() == before)
        let log = try PartitionLog.open(bench.directory, configuration: bench.configuration, fileSystem: bench.files)
            .log
        #expect(log.producers.producers[ProducerID(7)]?.lastSequence == SequenceNumber(39))
    }

    @Test func `a missing segment is told, and cannot be repaired`() throws {
        let bench = ToolBench()
        try bench.fill(0..<40)
        try bench.files.remove(bench.directory.appending(try bench.names(".log")[1]))
        #expect(try !bench.verify())
        #expect(bench.lines.contains { $0.hasPrefix("gap: ") })
        #expect(try !bench.repair())
        #expect(bench.lines.last?.contains("1 cannot be repaired") == true)
    }

    @Test func `repair refuses a directory that a collector has, and verify leaves the ends out`() throws {
        let bench = ToolBench()
        try bench.fill(0..<10, close: false)
        let lock = try bench.files.open("/data/.lock", .create)
        #expect(try lock.tryLock())
        #expect(throws: LogToolError.self) { try bench.repair() }
        let last = try #require(try bench.names(".log").last)
        try bench.edit(last) { $0 += [1, 2, 3] }
        #expect(try bench.verify(), "the end may be in the middle of a write")
        #expect(throws: LogToolError.self) { _ = try bench.tools("/") }
        #expect(throws: LogToolError.self) { _ = try bench.tools("/nowhere") }
    }

    @Test func `a repair that is stopped after any file operation loses nothing, and the next completes it`() throws {
        let reference = ToolBench()
        try prepare(reference)
        let expected = try expectedRecords(reference)
        var stop = 1
        while true {
            let bench = ToolBench()
            try prepare(bench)
            bench.files.stop(
                atOperation: bench.files.operationCount + stop, midway: stop % 2 == 0, seed: UInt64(stop))
            _ = try? bench.repair()
            let isDone = !bench.files.hasStopped
            bench.files.restart(after: .powerLoss, seed: UInt64(stop))
            #expect(try bench.repair(), "stopped after \(stop): \(bench.lines)")
            #expect(try bench.verify(), "stopped after \(stop): \(bench.lines)")
            #expect(try bench.records() == expected, "stopped after \(stop)")
            if isDone { break }
            stop += 1
        }
        #expect(stop > 10)
    }

    private func prepare(_ bench: ToolBench) throws {
        try bench.fill(0..<40)
        let names = try bench.names(".log")
        try bench.edit(names[1]) { $0[$0.count / 2] ^= 0xff }
        try bench.edit(names[names.count - 1]) { $0[40] ^= 0xff }
    }

    private func expectedRecords(_ bench: ToolBench) throws -> [Int64: String] {
        #expect(try bench.repair())
        return try bench.records()
    }

    @Test func `progress is told every few seconds, on a terminal in one line`() {
        var now = ContinuousClock.now
        var written: [String] = []
        let meter = ProgressMeter(isTerminal: false, now: { now }, write: { written.append($0) })
        meter.update(1 << 20, of: 4 << 20)
        #expect(written.isEmpty)
        now += .seconds(6)
        meter.update(1 << 20, of: 4 << 20)
        #expect(written == ["1 of 4 MiB, 25 %\n"])
    }
}
