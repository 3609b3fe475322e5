import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@Suite struct PartitionLogTests {
    @Test(arguments: Disk.allCases)
    func `what is appended over many segments is read from every offset, before and after reopening`(
        disk: Disk
    ) throws {
        let harness = try disk.harness(segmentBytes: 600)
        var log = try harness.open()
        var expected: [StoredRecord] = []
        for number in 0..<60 {
            let values = (0...number % 3).map { "line \(number).\($0)" }
            let appended = try log.store(values, at: 1000 + Int64(number))
            #expect(
                appended
                    == .written(
                        baseOffset: Offset(Int64(expected.count)),
                        nextOffset: Offset(Int64(expected.count + values.count))))
            for value in values {
                expected.append(
                    StoredRecord(offset: Int64(expected.count), value: value, time: 1000 + Int64(number)))
            }
        }
        #expect(try harness.names("log").count > 5)
        for round in 0..<3 {
            for start in 0..<expected.count {
                #expect(try log.reader.all(from: Int64(start)) == Array(expected[start...]))
            }
            let end = Offset(Int64(expected.count))
            #expect(log.endOffset == end && log.reader.view.endOffset == end)
            #expect(try log.reader.slice(from: end, maxBytes: 100) == nil)
            // Once closed, once just dropped as by a kill.
            if round == 0 { try log.close() }
            let (next, report) = try harness.openReporting()
            #expect(report.isClean == (round == 0 || round == 1))
            #expect(report.cutBytes == 0 && report.rebuiltIndexes == 0)
            log = next
            if round == 1 {
                try log.store(["after"], at: 2000);
                expected.append(StoredRecord(offset: end.value, value: "after", time: 2000))
            }
        }
        try harness.cleanUp()
    }

    @Test func `an offset outside of the log is refused with what is there`() throws {
        let log = try LogHarness().open()
        try log.store(["a", "b"])
        #expect(throws: LogError.self) { try log.reader.slice(from: Offset(3), maxBytes: 100) }
        #expect(throws: LogError.self) { try log.reader.slice(from: Offset(-1), maxBytes: 100) }
    }

    @Test func `the first batch is returned whole even when it is larger than the limit`() throws {
        let log = try LogHarness().open()
        try log.store(["a"])
        try log.store([String(repeating: "x", count: 5000), "tail"])
        let slice = try #require(try log.reader.slice(from: Offset(2), maxBytes: 10))
        let batches = try slice.batches()
        #expect(batches.count == 1)
        #expect(batches[0].header.baseOffset == Offset(1))
    }

    @Test func `nobody sees a record before it is durable`() throws {
        let log = try LogHarness().open()
        try log.append(try batch(["a"]))
        #expect(log.endOffset == Offset(1))
        #expect(log.reader.view.endOffset == .zero)
        #expect(try log.reader.slice(from: .zero, maxBytes: 100) == nil)
        try log.synchronize()
        #expect(try log.reader.values == ["a"])
    }

    @Test func `a batch is stored as it came but for offset and leader epoch`() throws {
        let harness = LogHarness()
        let log = try harness.open()
        try log.store(["first"])
        let sent = try batch(["second", "third"], from: BatchSource(id: 7, sequence: 0))
        try log.append(sent)
        try log.synchronize()
        let slice = try #require(try log.reader.slice(from: Offset(1), maxBytes: 1000))
        let stored = try slice.file.read(slice.byteCount, at: slice.position)
        #expect(Array(stored[16...]) == Array(sent.bytes[16...]))
        #expect(Array(stored[8..<12]) == Array(sent.bytes[8..<12]))
        #expect(try slice.batches()[0].header.baseOffset == Offset(1))
        #expect(try slice.batches()[0].header.leaderEpoch == LeaderEpoch(0))
    }

    @Test func `available bytes are those from the offset's batch to the end`() throws {
        let log = try LogHarness(segmentBytes: 600).open()
        for number in 0..<30 { try log.store(["line \(number)"]) }
        let total = Int(log.reader.view.bytes)
        #expect(try log.reader.availableBytes(from: .zero, atMost: .max) == total)
        #expect(try log.reader.availableBytes(from: Offset(30), atMost: .max) == 0)
        #expect(try log.reader.availableBytes(from: Offset(29), atMost: .max) == (try batch(["line 29"])).bytes.count)
        #expect(try log.reader.availableBytes(from: Offset(3), atMost: 100) == 100)
        var before = total + 1
        for offset in 0..<30 {
            let available = try log.reader.availableBytes(from: Offset(Int64(offset)), atMost: .max)
            #expect(available < before)
            before = available
        }
    }

    @Test func `a segment ends when its records span more time than segment ms, by their own times`() throws {
        var harness = LogHarness()
        harness.configuration.segmentMilliseconds = 1000
        let log = try harness.open()
        for (number, time) in [5000, 5900, 5100, 6001, 6500, 7002].enumerated() {
            try log.append(try batch(["\(number)"], at: Int64(time)), now: 9_000_000_000)
        }
        try log.synchronize()
        #expect(try harness.names("log").map { Int($0) } == [0, 3, 5])
    }

    @Test func `times that no clock shows neither stop the log nor roll it`() throws {
        let harness = LogHarness()
        var log = try harness.open()
        for time in [Int64.min, -1, 0, Int64.max, Int64.min, 5] {
            try log.append(try batch(["at \(time)"], at: time, from: BatchSource(id: time, sequence: 0)))
        }
        try log.synchronize()
        log.expireProducers(now: Timestamp(milliseconds: 1_700_000_000_000))
        log = try harness.open()
        log.expireProducers(now: Timestamp(milliseconds: 1_700_000_000_000))
        #expect(try log.reader.all().count == 6)
        #expect(try log.reader.offsetOfMaxTimestamp()?.offset == Offset(3))
    }

    @Test func `a batch that fits no segment is refused and the next is taken`() throws {
        let log = try LogHarness(segmentBytes: 300).open()
        let large = try batch([String(repeating: "x", count: 400)])
        #expect(throws: LogError.self) { try log.append(large) }
        try log.store(["small"])
        #expect(try log.reader.values == ["small"])
    }

    @Test func `only the newest two snapshots of the producers are kept`() throws {
        let harness = LogHarness(segmentBytes: 300)
        let log = try harness.open()
        for number in 0..<30 { try log.store(["line \(number)"], from: BatchSource(id: 1, sequence: Int32(number))) }
        #expect(try harness.names("producers").count == 2)
        try log.close()
        #expect(try harness.names("producers").count == 2)
        #expect(try harness.names("producers").last.map { Int64($0) } == 30)
    }

    @Test func `index files have Kafka's layout`() throws {
        let harness = LogHarness(segmentBytes: 1000)
        let log = try harness.open()
        for number in 0..<20 { try log.store(["line \(number)"], at: Int64(number * 10)) }
        let index = try harness.bytes("00000000000000000000.index")
        let times = try harness.bytes("00000000000000000000.timeindex")
        let file = try harness.bytes("00000000000000000000.log")
        #expect(!index.isEmpty && index.count % 8 == 0 && !times.isEmpty && times.count % 12 == 0)
        let raw = index.rawBytes
        for entry in 0..<index.count / 8 {
            let position = Int(raw.bigEndian(Int32.self, at: entry * 8 + 4))
            let header = try RecordBatchHeader(parsing: file.rawBytes.extracting(position..<file.count))
            #expect(header.lastOffset.value == Int64(raw.bigEndian(Int32.self, at: entry * 8)))
            // Entries are more than an interval of log apart.
            #expect(position > (entry + 1) * 150)
        }
        let last = times.rawBytes
        let bases = try harness.names("log").compactMap { Int64($0) }
        #expect(last.bigEndian(Int64.self, at: times.count - 12) == (bases[1] - 1) * 10)
        #expect(Int64(last.bigEndian(Int32.self, at: times.count - 4)) == bases[1] - 1)
    }
}

@Suite struct TimeLookupTests {
    /// Times that go up and down, over several segments.
    private static let times: [Int64] = [100, 300, 200, 500, 400, 450, 900, 100, 600, 950, 940, 1000, 30, 2000, 1999]

    private func filled(_ harness: LogHarness) throws -> PartitionLog {
        let log = try harness.open()
        for (number, time) in Self.times.enumerated() { try log.store(["line \(number)"], at: time) }
        return log
    }

    private func check(_ log: PartitionLog) throws {
        for wanted in Int64(0)...2100 where wanted % 10 < 2 {
            let expected = Self.times.firstIndex { $0 >= wanted }
            let found = try log.reader.offset(atOrAfter: Timestamp(milliseconds: wanted))
            #expect(found?.offset.value == expected.map { Int64($0) }, "at \(wanted)")
            #expect(found?.timestamp.milliseconds == expected.map { Self.times[$0] })
        }
        #expect(try log.reader.offsetOfMaxTimestamp()?.offset == Offset(13))
    }

    @Test(arguments: [Int64(200), 400, 1 << 20])
    func `the first record at or after a time is found wherever it is`(segmentBytes: Int64) throws {
        let harness = LogHarness(segmentBytes: segmentBytes)
        let log = try filled(harness)
        try check(log)
        try check(try harness.open())
        try log.close()
        try check(try harness.open())
    }

    @Test func `wrong entries in the indexes cost time and change no answer`() throws {
        let harness = LogHarness(segmentBytes: 700)
        let log = try filled(harness)
        for suffix in ["index", "timeindex"] {
            for name in try harness.names(suffix) {
                try harness.edit("\(name).\(suffix)") { bytes in
                    for index in bytes.indices.dropLast(12) { bytes[index] = index % 3 == 0 ? 0 : 17 }
                }
            }
        }
        try check(log)
        try check(try harness.open())
        #expect(try log.reader.all().count == Self.times.count)
    }

    @Test func `the time of a record inside of a batch counts, not the batch's`() throws {
        let log = try LogHarness().open()
        let builder = RecordBatchBuilder(limit: 1000)
        for time in [10, 20, 30] as [Int64] {
            let isAppended = builder.append(
                key: nil, value: [UInt8(1)].rawBytes, timestamp: Timestamp(milliseconds: time))
            #expect(isAppended)
        }
        try log.append(builder.seal(with: try BatchCompressor(.none)))
        try log.synchronize()
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 11))?.offset == Offset(1))
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 30))?.offset == Offset(2))
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 31)) == nil)
    }

    @Test func `a closed log that goes on knows the largest time of before`() throws {
        let harness = LogHarness(segmentBytes: 500)
        var log = try harness.open()
        try log.store(["late"], at: 9000)
        try log.close()
        log = try harness.open()
        for number in 0..<10 { try log.store(["early \(number)"], at: 10) }
        log = try harness.open()
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 8000))?.offset == .zero)
        #expect(try log.reader.offsetOfMaxTimestamp()?.offset == .zero)
    }
}
