import CommitLog
import FileAccess
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct RetentionTests {
    private let day: Int64 = 86_400_000

    /// Thirty batches, one a day, in segments of a few; the disk's clock goes with them.
    private func filled(
        _ files: SimulatedFileSystem, retentionDays: Int64 = -1, retentionBytes: Int64 = -1
    ) throws -> (LogHarness, PartitionLog) {
        var harness = LogHarness(files, segmentBytes: 300)
        harness.configuration.retentionMilliseconds = retentionDays < 0 ? -1 : retentionDays * day
        harness.configuration.retentionBytes = retentionBytes
        let log = try harness.open()
        for number in 0..<30 {
            files.time = Timestamp(milliseconds: Int64(number) * day)
            try log.store(
                ["line \(number)"], at: Int64(number) * day, from: BatchSource(id: 1, sequence: Int32(number)))
        }
        return (harness, log)
    }

    @Test func `segments older than retention ms go, newer ones stay`() throws {
        let (harness, log) = try filled(SimulatedFileSystem(), retentionDays: 10)
        let report = try log.applyRetention(now: Timestamp(milliseconds: 30 * day))
        #expect(report.segments > 3 && report.startOffset > .zero)
        let found = try log.reader.all()
        #expect(found.map(\.value) == (Int(report.startOffset.value)..<30).map { "line \($0)" })
        // A segment goes only when all of it is old, and then it does.
        #expect(report.startOffset <= Offset(20) && report.startOffset > Offset(16))
        #expect(try harness.names("log").count == harness.names("index").count)
        #expect(try harness.names("log").first.map { Int64($0) } == report.startOffset.value)
        #expect(try harness.open().reader.all() == found)
        #expect(throws: LogError.self) { try log.reader.slice(from: .zero, maxBytes: 100) }
        #expect(try log.applyRetention(now: Timestamp(milliseconds: 30 * day)).segments == 0)
    }

    @Test func `the oldest segments go as long as the rest is retention bytes`() throws {
        let (_, log) = try filled(SimulatedFileSystem(), retentionBytes: 1000)
        let before = log.reader.view.bytes
        let report = try log.applyRetention(now: .none)
        let after = log.reader.view.bytes
        #expect(before - after == report.bytes)
        #expect(after >= 1000 && after < 1300)
        #expect(try log.reader.values.last == "line 29")
    }

    @Test func `records that arrived just now are kept however old they say they are`() throws {
        let files = SimulatedFileSystem()
        var harness = LogHarness(files, segmentBytes: 300)
        harness.configuration.retentionMilliseconds = day
        files.time = Timestamp(milliseconds: 100 * day)
        let log = try harness.open()
        for number in 0..<10 { try log.store(["line \(number)"], at: 5) }
        #expect(try log.applyRetention(now: Timestamp(milliseconds: 100 * day + 10)).segments == 0)
        #expect(try log.reader.all().count == 10)
    }

    @Test func `an idle partition's last records go too, once they are old, and offsets go on`() throws {
        let files = SimulatedFileSystem()
        let (harness, log) = try filled(files, retentionDays: 1)
        _ = try log.applyRetention(now: Timestamp(milliseconds: 40 * day))
        #expect(try log.reader.all().isEmpty)
        #expect(log.reader.view.startOffset == Offset(30) && log.reader.view.endOffset == Offset(30))
        var again = try harness.open()
        #expect(again.endOffset == Offset(30) && again.reader.view.startOffset == Offset(30))
        // Its records are gone, and it is still known.
        let resent = try again.append(try batch(["line 29"], from: BatchSource(id: 1, sequence: 29)))
        #expect(resent != .written(baseOffset: Offset(30), nextOffset: Offset(31)))
        try again.store(["line 30"], from: BatchSource(id: 1, sequence: 30))
        again = try harness.open()
        #expect(try again.reader.all().map(\.offset) == [30])
    }

    @Test func `a record of the future does not keep its segment for ever`() throws {
        let files = SimulatedFileSystem()
        var harness = LogHarness(files, segmentBytes: 150)
        harness.configuration.retentionMilliseconds = day
        files.time = Timestamp(milliseconds: day)
        let log = try harness.open()
        try log.store(["from the future"], at: 1000 * day)
        try log.store(["now"], at: day)
        _ = try log.applyRetention(now: Timestamp(milliseconds: 3 * day))
        #expect(try log.reader.all().isEmpty)
    }

    @Test func `readers in flight finish`() throws {
        let (_, log) = try filled(SimulatedFileSystem(), retentionBytes: 0)
        let slice = try #require(try log.reader.slice(from: .zero, maxBytes: 1000))
        _ = try log.applyRetention(now: .none)
        #expect(try slice.batches()[0].stored()[0].value == "line 0")
    }

    @Test func `deleting records moves the start, within a segment too, and it stays moved`() throws {
        let files = SimulatedFileSystem()
        let (harness, log) = try filled(files)
        for target in [1, 2, 7, 7, 3, 20, 30] as [Int64] {
            let before = log.reader.view.startOffset
            try log.deleteRecords(before: Offset(target))
            let start = max(before.value, target)
            #expect(log.reader.view.startOffset.value == start)
            let again = try harness.open()
            #expect(again.reader.view.startOffset.value == start)
            #expect(try again.reader.values == (Int(start)..<30).map { "line \($0)" })
        }
        #expect(try harness.names("log").count == 1)
        #expect(throws: LogError.self) { try log.deleteRecords(before: Offset(31)) }
    }

    @Test func `lookups by time do not find what is deleted`() throws {
        let (_, log) = try filled(SimulatedFileSystem())
        try log.store(["late"], at: 5)
        try log.deleteRecords(before: Offset(12))
        #expect(try log.reader.offset(atOrAfter: .none)?.offset == Offset(12))
        try log.deleteRecords(before: Offset(30))
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 0))?.offset == Offset(30))
        #expect(try log.reader.offsetOfMaxTimestamp()?.timestamp.milliseconds == 5)
    }

    @Test func `a full disk does not keep retention from making room`() throws {
        let files = SimulatedFileSystem()
        let (_, log) = try filled(files, retentionBytes: 500)
        files.capacity = 1
        #expect(throws: LogError.self) { try log.store(["no room"]) }
        #expect(try log.applyRetention(now: .none).segments > 3)
        files.capacity = files.capacity + (1 << 20)
        try log.store(["room"])
        #expect(try log.reader.values.last == "room")
    }
}
