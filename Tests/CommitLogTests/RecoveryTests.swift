import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

private let firstLog = "00000000000000000000.log"

@Suite struct RecoveryTests {
    /// A log of 40 one-record batches in several segments, closed or not.
    private func filled(_ harness: LogHarness, closed: Bool = false, count: Int = 40) throws {
        let log = try harness.open()
        for number in 0..<count {
            try log.store(
                ["line \(number)"], at: Int64(number), from: BatchSource(id: 5, sequence: Int32(number)))
        }
        if closed { try log.close() }
    }

    private func expect(_ log: PartitionLog, _ numbers: Range<Int>) throws {
        #expect(try log.reader.values == numbers.map { "line \($0)" })
        let last = numbers.isEmpty ? nil : Int32(numbers.upperBound - 1)
        #expect(log.producers.producers[ProducerID(5)]?.lastSequence.value == last)
    }

    @Test(arguments: Disk.allCases)
    func `a last batch cut at any byte is cut off and the rest is there`(disk: Disk) throws {
        let harness = try disk.harness()
        try filled(harness, count: 4)
        let whole = try harness.bytes(firstLog)
        let step = disk == .real ? 7 : 1
        for length in stride(from: 0, to: whole.count, by: step) {
            try harness.edit(firstLog) { $0 = Array(whole[..<length]) }
            let (log, report) = try harness.openReporting()
            let kept = length / (whole.count / 4)
            #expect(try log.reader.values == (0..<kept).map { "line \($0)" })
            #expect(report.cutBytes == Int64(length % (whole.count / 4)))
            #expect((report.cutReason == nil) == (report.cutBytes == 0))
            try log.store(["more"])
            #expect(try harness.open().reader.values.last == "more")
        }
        try harness.cleanUp()
    }

    @Test func `zeros and noise behind the last batch are cut off`() throws {
        for tail in [[UInt8](repeating: 0, count: 5000), (0..<300).map { UInt8($0 * 7 % 256) }] {
            let harness = LogHarness()
            try filled(harness, count: 3)
            try harness.edit(firstLog) { $0 += tail }
            let (log, report) = try harness.openReporting()
            #expect(report.cutBytes == Int64(tail.count))
            try expect(log, 0..<3)
        }
    }

    @Test func `what is cut off is kept beside the log, bounded, and zeros are not`() throws {
        let harness = LogHarness()
        try filled(harness, count: 3)
        let end = try harness.bytes(firstLog).count
        try harness.edit(firstLog) { $0 += [UInt8](repeating: 0, count: 5000) }
        #expect(try harness.openReporting().report.cutTail == nil)
        let noise = (0..<(1 << 20) + 300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try harness.edit(firstLog) { $0 += noise }
        let kept = try #require(try harness.openReporting().report.cutTail)
        #expect(kept.lastComponent?.string == firstLog + ".\(end).cut")
        #expect(try harness.files.readWhole(kept, limit: 1 << 22) == Array(noise.prefix(1 << 20)))
        // The kept file is in nobody's way, and of many the newest four stay.
        for number in 0..<6 {
            let log = try harness.open()
            try log.store(["more \(number)"])
            try harness.edit(firstLog) { $0 += [1, 2, 3] }
        }
        _ = try harness.open()
        #expect(try harness.files.list(harness.directory).count { $0.name.extension == "cut" } == 4)
        #expect(try harness.open().reader.values.count == 9)
        #expect(try harness.problems() == [])
    }

    @Test func `every single flipped bit in the last batch is noticed or changes nothing`() throws {
        let harness = LogHarness()
        try filled(harness, count: 3)
        let whole = try harness.bytes(firstLog)
        let start = whole.count / 3 * 2
        for bit in 0..<(whole.count - start) * 8 {
            try harness.edit(firstLog) {
                $0 = whole
                $0[start + bit / 8] ^= 1 << UInt8(bit % 8)
            }
            let log = try harness.open()
            let values = try log.reader.values
            // The leader epoch is outside of the checksum, and no record.
            let isEpoch = (12..<16).contains(bit / 8)
            #expect(values == (0..<(isEpoch ? 3 : 2)).map { "line \($0)" }, "bit \(bit)")
        }
    }

    @Test func `a batch that does not carry on the offsets is not believed`() throws {
        let harness = LogHarness()
        try filled(harness, count: 3)
        try harness.edit(firstLog) { $0 += $0[..<($0.count / 3)] }
        let (log, report) = try harness.openReporting()
        #expect(report.cutBytes > 0)
        try expect(log, 0..<3)
    }

    @Test func `the leader epoch rises after every end that was not a clean one`() throws {
        let harness = LogHarness()
        try filled(harness, closed: true, count: 3)
        var log = try harness.open()
        #expect(log.leaderEpoch == LeaderEpoch(0))
        try log.store(["line 3"], from: BatchSource(id: 5, sequence: 3))
        try harness.edit(firstLog) { $0.removeLast() }
        log = try harness.open()
        #expect(log.leaderEpoch == LeaderEpoch(1))
        #expect(log.reader.view.leaderEpoch == LeaderEpoch(1))
        #expect(log.leaderEpochs.end(of: LeaderEpoch(0), logEnd: log.endOffset)?.end == Offset(3))
        try log.store(["again"])
        let slice = try #require(try log.reader.slice(from: Offset(3), maxBytes: 1000))
        #expect(try slice.batches()[0].header.leaderEpoch == LeaderEpoch(1))
        try log.close()
        #expect(try harness.open().leaderEpoch == LeaderEpoch(1))
    }

    @Test(arguments: ["", "0\n", "nonsense", "0\n2\n1 3\n", "0\n1\n2147483647 0\n"])
    func `a leader epoch is never given twice, even when its file is lost`(content: String) throws {
        let harness = LogHarness()
        try filled(harness, count: 3)
        for _ in 0..<3 { try harness.open().store(["more"]) }
        let log = try harness.open()
        let before = log.leaderEpoch
        #expect(before == LeaderEpoch(4))
        try log.store(["last"])
        try harness.edit("leader-epoch-checkpoint") { $0 = Array(content.utf8) }
        #expect(try harness.open().leaderEpoch > before)
    }

    @Test func `indexes that are missing, short or torn are built anew`() throws {
        for damage in 0..<4 {
            let harness = LogHarness(segmentBytes: 700)
            try filled(harness, closed: true)
            for suffix in ["index", "timeindex"] {
                for name in try harness.names(suffix) {
                    switch damage {
                    case 0: try harness.files.remove(harness.path("\(name).\(suffix)"))
                    case 1: try harness.edit("\(name).\(suffix)") { $0 = [] }
                    case 2: try harness.edit("\(name).\(suffix)") { $0 += [1, 2, 3] }
                    default: try harness.edit("\(name).\(suffix)") { for i in $0.indices { $0[i] = 0xff } }
                    }
                }
            }
            let (log, report) = try harness.openReporting()
            #expect(damage != 0 || report.rebuiltIndexes > 2)
            try expect(log, 0..<40)
            #expect(log.reader.rebuiltIndexes > 2)
            for number in 0..<40 {
                let found = try log.reader.offset(atOrAfter: Timestamp(milliseconds: Int64(number)))
                #expect(found?.offset.value == Int64(number))
            }
            // And that once is enough.
            try log.close()
            #expect(try harness.openReporting().report.rebuiltIndexes == 0)
        }
    }

    @Test func `damage in the middle of an old segment is reported with its place and costs only itself`() throws {
        let harness = LogHarness(segmentBytes: 2000)
        try filled(harness)
        let size = try harness.bytes(firstLog).count
        try harness.edit(firstLog) { for index in 180..<200 { $0[index] = 0xaa } }
        try harness.files.remove(harness.path("00000000000000000000.index"))
        let (log, report) = try harness.openReporting()
        #expect(report.damages.count == 1)
        let damage = try #require(report.damages.first)
        #expect(damage.path == harness.path(firstLog))
        #expect(damage.position > 0 && damage.position <= 180 && damage.position + damage.bytes > 199)
        #expect(try harness.bytes(firstLog).count == size)
        let lost = Int(damage.offset.value)
        #expect(try log.reader.all(from: Int64(lost + 3)).map(\.value) == (lost + 3..<40).map { "line \($0)" })
        let before = try #require(try log.reader.slice(from: .zero, maxBytes: Int(damage.position)))
        #expect(try before.batches().count == lost)
        #expect(log.producers.producers[ProducerID(5)]?.lastSequence.value == 39)
    }

    @Test func `damage before the recovery point is reported and nothing is cut`() throws {
        let harness = LogHarness()
        try filled(harness, closed: true)
        try harness.open().store(["line 40"], from: BatchSource(id: 5, sequence: 40))
        try harness.edit(firstLog) {
            $0[200] ^= 0xff; for index in 160..<190 { $0[index] = 0 }
        }
        let (log, report) = try harness.openReporting()
        #expect(report.cutBytes == 0)
        #expect(report.damages.count == 1)
        #expect(log.endOffset == Offset(41))
        #expect(try log.reader.all(from: 10).map(\.value) == (10..<41).map { "line \($0)" })
    }

    @Test func `a recovery point from the future is not believed, now or later`() throws {
        let harness = LogHarness()
        try filled(harness, closed: true, count: 10)
        // The disk gives back less than it had promised.
        try harness.edit(firstLog) { $0.removeLast($0.count / 2) }
        var log = try harness.open()
        try expect(log, 0..<5)
        #expect(try !harness.files.exists(harness.path("recovery-point")))
        // Grown to the very same size, with other content, torn at its end.
        for number in 5..<10 { try log.store(["LINE \(number)"]) }
        log = try harness.open()
        #expect(try log.reader.values == (0..<10).map { $0 < 5 ? "line \($0)" : "LINE \($0)" })
        #expect(try !harness.files.exists(harness.path("00000000000000000010.producers")))
        #expect(log.producers.producers[ProducerID(5)]?.lastSequence.value == 4)
    }

    @Test(arguments: [
        "recovery-point", "log-start-offset", "00000000000000000040.producers", "leader-epoch-checkpoint",
    ])
    func `a small file that is torn, empty or noise is as if it were not there`(name: String) throws {
        for content in [[], [0], [UInt8](repeating: 0xff, count: 76), [UInt8](repeating: 0, count: 16)] as [[UInt8]] {
            let harness = LogHarness(segmentBytes: 1000)
            try filled(harness, closed: true)
            let file = try harness.files.open(harness.path(name), .replace)
            try file.write(content.rawBytes, at: 0)
            let log = try harness.open()
            try expect(log, 0..<40)
            let verdict = try log.append(try batch(["line 39"], from: BatchSource(id: 5, sequence: 39)))
            let time = Timestamp(milliseconds: 39)
            #expect(
                verdict
                    == .answered(.duplicate(baseOffset: Offset(39), lastOffset: Offset(39), timestamp: time)))
        }
    }

    @Test func `index entries of appends that a crash took back are not used`() throws {
        let harness = LogHarness()
        try filled(harness, closed: true, count: 10)
        let log = try harness.bytes(firstLog)
        let index = try harness.bytes("00000000000000000000.index")
        try filled(harness, count: 0)
        let second = try harness.open()
        for number in 10..<30 { try second.append(try batch(["lost \(number)"], at: 5)) }
        try second.synchronize()
        // The log as it was, the index as it is.
        try harness.edit(firstLog) { $0 = log }
        let third = try harness.open()
        #expect(try harness.bytes("00000000000000000000.index") == index)
        for number in 10..<30 { try third.store(["line \(number)", "and more"], at: 5) }
        #expect(try third.reader.all().count == 50)
    }

    @Test func `a last segment without index or without anything in it opens`() throws {
        let harness = LogHarness(segmentBytes: 700)
        try filled(harness)
        let last = try #require(try harness.names("log").last)
        try harness.files.remove(harness.path("\(last).index"))
        try harness.files.remove(harness.path("\(last).timeindex"))
        try expect(try harness.open(), 0..<40)
        try harness.edit("\(last).log") { $0 = [] }
        let log = try harness.open()
        try expect(log, 0..<Int(last)!)
        #expect(log.endOffset.value == Int64(last))
    }

    @Test func `leftovers of a crash are cleaned away and nothing else is`() throws {
        let harness = LogHarness(segmentBytes: 700)
        try filled(harness)
        for name in [
            "00000000000000000999.index", "recovery-point.tmp", "00000000000000000007.producerstmp", "notes.txt",
        ] {
            _ = try harness.files.open(harness.path(name), .create)
        }
        try expect(try harness.open(), 0..<40)
        #expect(try harness.files.list(harness.directory).filter { $0.name.string.contains("tmp") }.isEmpty)
        #expect(try !harness.files.exists(harness.path("00000000000000000999.index")))
        #expect(try harness.files.exists(harness.path("notes.txt")))
    }
}
