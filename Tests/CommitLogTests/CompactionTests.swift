import CommitLog
import FileAccess
import ForeignCodecs
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@Suite struct CompactionTests {
    private let day: Int64 = 86_400_000

    private func compacted(_ files: any FileSystem = SimulatedFileSystem(), segmentBytes: Int64 = 300) -> LogHarness {
        var harness = LogHarness(files, segmentBytes: segmentBytes)
        harness.configuration.cleanup = .compact
        harness.configuration.minimumCleanableRatio = 0
        harness.configuration.segmentMilliseconds = 30 * day
        return harness
    }

    @Test(arguments: Disk.allCases)
    func `of each key the newest record is left, at its offset, and the table that a reader builds is the same`(
        disk: Disk
    ) throws {
        var harness = try disk.harness(segmentBytes: 300)
        defer { try? harness.cleanUp() }
        harness.configuration.cleanup = .compact
        harness.configuration.minimumCleanableRatio = 0
        let log = try harness.open()
        for number in 0..<60 {
            try log.put([
                Keyed("key \(number % 7)", "value \(number)"), Keyed("now and then \(number / 10)", nil),
            ])
        }
        let table = try log.reader.table
        let before = try log.reader.keyed()
        let report = try #require(try log.compact())
        #expect(report.removedRecords > 30 && report.bytesAfter < report.bytesBefore)
        #expect(report.segmentsAfter < report.segmentsBefore)
        let after = try log.reader.keyed()
        #expect(try log.reader.table == table)
        #expect(Set(after).isSubset(of: Set(before)))
        // Each key once below the active segment.
        let active = log.reader.view.active.baseOffset.value
        let clean = after.filter { $0.offset < active }
        #expect(Set(clean.map(\.key)).count == clean.count)
        for record in after {
            let slice = try #require(try log.reader.slice(from: Offset(record.offset), maxBytes: 1))
            #expect(try slice.batches()[0].header.baseOffset.value <= record.offset)
        }
        #expect(try log.compact() == nil, "nothing is dirty")
        try log.close()
        let (again, opened) = try harness.openReporting()
        #expect(opened.isClean && opened.rebuiltIndexes == 0)
        #expect(try again.reader.keyed() == after)
        #expect(again.reader.rebuiltIndexes == 0, "the indexes are those of the new segments")
    }

    @Test func `every offset that was taken out is answered with what comes next`() throws {
        let log = try compacted().open()
        for number in 0..<40 { try log.put([Keyed("k\(number % 3)", "\(number)")]) }
        try log.compact()
        let left = try log.reader.keyed().map(\.offset)
        for offset in 0..<40 as Range<Int64> {
            let slice = try #require(try log.reader.slice(from: Offset(offset), maxBytes: 1))
            let header = try slice.batches()[0].header
            #expect(header.lastOffset.value >= offset)
            let next = left.first { $0 >= offset } ?? 40
            #expect(header.baseOffset.value <= next, "nothing is skipped")
        }
    }

    @Test func `a tombstone stays for delete retention ms after it was met, and then goes without any new write`()
        throws
    {
        let harness = compacted()
        let log = try harness.open()
        try log.put([Keyed("a", "1"), Keyed("b", "1")], at: 5000)
        try log.put([Keyed("a", nil)], at: 6000)
        for number in 0..<12 { try log.put([Keyed("fill", "\(number)")], at: 7000) }
        try log.compact(now: 10_000)
        var tombstones = try log.reader.keyed().filter { $0.key == "a" }
        #expect(tombstones == [StoredKeyed(offset: 2, key: "a", value: nil, time: 6000)], "its time is what it was")
        try log.close()
        let again = try harness.open()
        #expect(try again.compact(now: 10_000 + day - 1) == nil)
        tombstones = try again.reader.keyed().filter { $0.key == "a" }
        #expect(tombstones.count == 1)
        #expect(try again.compact(now: 10_000 + day) != nil)
        #expect(try again.reader.keyed().allSatisfy { $0.key != "a" })
        #expect(try again.reader.table["b"] == "1")
    }

    @Test
    func `batches keep what producers' state is rebuilt from, and a producer's last batch stays, empty if need be`()
        throws
    {
        let files = SimulatedFileSystem()
        let harness = compacted(files)
        let log = try harness.open()
        for number in 0..<10 as Range<Int32> {
            try log.put([Keyed("same", "\(number)")], from: BatchSource(id: 1, sequence: number))
        }
        for number in 0..<20 { try log.put([Keyed("same", "other \(number)")]) }
        try log.compact()
        #expect(try log.reader.keyed().allSatisfy { $0.value?.hasPrefix("other") == true })
        for name in try harness.names("producers") { try files.remove(harness.path(name + ".producers")) }
        let again = try harness.open()
        let producer = try #require(again.producers.producers[ProducerID(1)])
        #expect(producer.lastSequence.value == 9 && producer.lastOffset == Offset(9))
        let resent = try again.append(try keyedBatch([Keyed("same", "9")], from: BatchSource(id: 1, sequence: 9)))
        #expect(
            resent
                == .answered(
                    .duplicate(baseOffset: Offset(9), lastOffset: Offset(9), timestamp: Timestamp(milliseconds: 1000))))
        #expect(
            try again.append(try keyedBatch([Keyed("same", "10")], from: BatchSource(id: 1, sequence: 10)))
                == .written(baseOffset: Offset(30), nextOffset: Offset(31)))
    }

    @Test func `a map without room for all keys cleans up to there, and the next round goes on`() throws {
        let log = try compacted(segmentBytes: 4000).open()
        for round in 0..<2 {
            for number in 0..<300 { try log.put([Keyed("key \(number)", "\(round)")]) }
        }
        let table = try log.reader.table
        // 4 KiB hold 127 keys.
        let first = try #require(try log.compact(memory: 1))
        #expect(!first.isComplete && first.cleanEnd == Offset(127))
        #expect(try log.reader.table == table)
        var rounds = 1
        while try log.compact(memory: 1) != nil, rounds < 20 { rounds += 1 }
        #expect((4...6).contains(rounds))
        #expect(try log.reader.table == table)
        #expect(try log.reader.keyed().count < 400)
    }

    @Test func `batches of every codec are compacted, and stay in it`() throws {
        let log = try compacted(segmentBytes: 1500).open()
        let long = String(repeating: "abcdefgh", count: 30)
        for number in 0..<30 {
            let codec = CompressionCodec.allCases[number % CompressionCodec.allCases.count]
            let batch = try keyedBatch(
                [Keyed("same", "gone"), Keyed("key \(number)", long), Keyed("more \(number)", long)], codec: codec)
            #expect(batch.header.attributes.codec == codec)
            try log.append(batch)
            try log.synchronize()
        }
        let report = try #require(try log.compact())
        #expect(report.removedRecords > 20)
        var codecs: Set<CompressionCodec> = []
        var offset = Offset.zero
        var found = 0
        while let slice = try log.reader.slice(from: offset, maxBytes: 1) {
            let bytes = try slice.file.read(slice.byteCount, at: slice.position)
            let batch = try RecordBatchContents(bytes.rawBytes, foreign: ForeignCodecs.decompress)
            if batch.header.recordCount == 2 { codecs.insert(try #require(batch.header.attributes.codec)) }
            found += try batch.records().filter { record in
                record.value.map { String(decoding: batch.payload[$0], as: UTF8.self) } == long
            }.count
            offset = batch.header.nextOffset
        }
        #expect(codecs == Set(CompressionCodec.allCases))
        #expect(found == 60)
    }

    @Test func `a batch that cannot be read makes the partition uncleanable, and nothing is removed`() throws {
        let harness = compacted()
        var log = try harness.open()
        for number in 0..<20 { try log.put([Keyed("same", "value \(number)")]) }
        try log.close()
        let before = try harness.names("log")
        try harness.edit(before[1] + ".log") { $0[70] ^= 1 }
        log = try harness.open()
        do {
            try log.compact()
            Issue.record("it was compacted")
        } catch CompactionFailure.uncleanable(let error) {
            #expect("\(error)".contains(before[1]) && "\(error)".contains("checksum"), "\(error)")
        }
        #expect(try harness.names("log") == before)
        #expect(try harness.files.list(harness.directory).allSatisfy { !$0.name.string.contains("cleaned") })
    }

    @Test func `records without a key, of a time before compaction, go and are counted`() throws {
        let harness = compacted()
        let log = try harness.open()
        for number in 0..<12 { try log.put([Keyed(nil, "x"), Keyed("k", "\(number)")]) }
        let report = try #require(try log.compact())
        #expect(report.keylessRecords > 5)
    }

    @Test func `readers in flight finish on the old segments, and those with an old view find the new ones`() throws {
        let log = try compacted().open()
        for number in 0..<40 { try log.put([Keyed("k\(number % 2)", "\(number)")]) }
        let old = log.reader.view
        let slice = try #require(try log.reader.slice(from: .zero, maxBytes: 250))
        let bytes = try slice.file.read(slice.byteCount, at: slice.position)
        try log.compact()
        #expect(try slice.file.read(slice.byteCount, at: slice.position) == bytes)
        #expect(log.reader.view.segmentCount < old.segmentCount)
        #expect(try log.reader.keyed().map(\.value).contains("39"))
    }

    @Test func `consumers that read while segments are replaced under them see what was written, in order`() throws {
        var harness = try Disk.real.harness(segmentBytes: 1000)
        defer { try? harness.cleanUp() }
        harness.configuration.cleanup = .compact
        harness.configuration.minimumCleanableRatio = 0
        // With room for one open segment, each read opens files anew, by names that may be another's by then.
        let opened = try PartitionLog.open(
            harness.directory, configuration: harness.configuration, fileSystem: harness.files,
            cache: OpenSegmentCache(capacity: 1))
        let log = opened.log
        let reader = log.reader
        let stop = BlockingQueue<Void>()
        let results = BlockingQueue<(passes: Int, fault: String?)>()
        for _ in 0..<2 {
            DedicatedThread.start("consumer") {
                var passes = 0
                var fault: String?
                while fault == nil, stop.takeAll(timeout: .zero) != nil {
                    do {
                        fault = try Self.read(reader)
                    } catch {
                        fault = "\(error)"
                    }
                    passes += 1
                }
                results.put((passes, fault))
            }
        }
        for round in 0..<40 {
            for number in 0..<30 {
                let offset = round * 30 + number
                try log.append(try keyedBatch([Keyed("key \(offset * 7 % (10 + round))", "\(offset)")]))
            }
            try log.synchronize()
            try log.compact()
        }
        stop.close()
        var left = 2
        while left > 0, let ended = results.takeAll() {
            left -= ended.count
            for (passes, fault) in ended {
                #expect(fault == nil && passes > 1)
            }
        }
        #expect(reader.damages.isEmpty && reader.rebuiltIndexes == 0)
    }

    /// Reads a log whose values tell their offsets.
    ///
    /// - Returns: what is wrong.
    private static func read(_ reader: LogReader) throws -> String? {
        let end = reader.view.endOffset
        var offset = reader.view.startOffset
        while offset < end {
            guard let slice = try reader.slice(from: offset, maxBytes: 700) else { return "nothing at \(offset)" }
            for batch in try slice.batches() {
                if batch.header.lastOffset < offset { return "a batch before \(offset)" }
                for record in try batch.records() {
                    let value = String(decoding: batch.payload[record.value ?? 0..<0], as: UTF8.self)
                    if value != "\(record.offset)" { return "\(value) at \(record.offset)" }
                }
                offset = batch.header.nextOffset
            }
        }
        return nil
    }

    @Test func `what min compaction lag protects is not compacted, and what is older than max compaction lag is`()
        throws
    {
        var harness = compacted()
        harness.configuration.minimumCompactionLagMilliseconds = 10_000
        harness.configuration.minimumCleanableRatio = 1
        harness.configuration.maximumCompactionLagMilliseconds = 50_000
        let log = try harness.open()
        for number in 0..<10 { try log.put([Keyed("k", "\(number)")], at: 1000) }
        for number in 10..<20 { try log.put([Keyed("k", "\(number)")], at: 45_000) }
        #expect(try log.compact(now: 50_000) == nil, "neither is it dirty enough nor old enough")
        #expect(try log.compact(now: 52_000) != nil)
        let left = try log.reader.keyed().map(\.offset)
        #expect(left.filter { $0 < 9 }.count < 3)
        #expect(left.filter { $0 > 11 } == Array(12..<20))
        // The active segment is closed when its first record is that old, with no new one.
        #expect(log.reader.view.active.bytes > 0)
        #expect(try log.compact(now: 100_000) != nil)
        #expect(log.reader.view.active.bytes == 0)
        #expect(try log.reader.keyed().map(\.value) == ["19"])
    }

    @Test func `a log of which all was overwritten can be read to its end`() throws {
        var harness = compacted()
        harness.configuration.segmentMilliseconds = 1_000_000
        let log = try harness.open()
        for number in 0..<20 { try log.put([Keyed("k", number == 19 ? nil : "\(number)")], at: 5000) }
        try log.compact(now: 2_000_000)
        try log.compact(now: 2_000_000 + 2 * day)
        #expect(try log.reader.keyed().isEmpty)
        #expect(try log.reader.offsetOfMaxTimestamp() == nil)
        try log.put([Keyed("k", "new")], at: 4000)
        #expect(try log.reader.keyed().map(\.offset) == [20])
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 0))?.offset == Offset(20))
        #expect(try log.reader.offsetOfMaxTimestamp()?.offset == Offset(20))
    }

    @Test
    func `compact alone deletes nothing by age or size, and with delete the age of a segment outlives compaction`()
        throws
    {
        let files = SimulatedFileSystem()
        var harness = compacted(files)
        harness.configuration.retentionMilliseconds = day
        files.time = Timestamp(milliseconds: 10 * day)
        var log = try harness.open()
        for number in 0..<20 { try log.put([Keyed("key \(number % 12)", "\(number)")], at: 10 * day) }
        files.time = Timestamp(milliseconds: 10 * day + day / 2)
        try log.compact(now: 10 * day + day / 2)
        files.time = Timestamp(milliseconds: 12 * day)
        #expect(try log.applyRetention(now: Timestamp(milliseconds: 12 * day)).segments == 0)
        #expect(try log.reader.table.count == 12)
        harness.configuration.cleanup = [.compact, .delete]
        log.update(harness.configuration)
        #expect(try log.applyRetention(now: Timestamp(milliseconds: 11 * day + 1)).segments > 0)
        log = try harness.open()
        #expect(try log.reader.keyed().isEmpty)
    }

    @Test func `retention that deletes a source meanwhile ends the round, and nothing comes back`() throws {
        var harness = compacted()
        harness.configuration.cleanup = [.compact, .delete]
        let log = try harness.open()
        for number in 0..<30 { try log.put([Keyed("key \(number % 25)", "\(number)")]) }
        let plan = try #require(try log.planCompaction(now: Timestamp(milliseconds: 1000)))
        try log.deleteRecords(before: Offset(8))
        var compaction = Compaction(plan, memory: 1 << 20) { _ in true }
        var refused = false
        do {
            _ = try compaction.run { (cleaned) throws(CompactionFailure) in
                let replaced: Bool
                do throws(LogError) { replaced = try log.replace(with: cleaned) } catch { throw .failed(error) }
                if !replaced { throw .overtaken }
            }
        } catch CompactionFailure.overtaken {
            refused = true
        }
        #expect(refused)
        #expect(log.reader.view.startOffset == Offset(8))
        let again = try harness.open()
        #expect(try again.reader.keyed().first?.offset == 8)
        #expect(try again.compact() != nil)
    }

    @Test func `a disk that fails at the swap takes the partition offline, and the next start finishes it`() throws {
        let files = SimulatedFileSystem()
        let harness = compacted(files)
        let log = try harness.open()
        for number in 0..<30 { try log.put([Keyed("key \(number % 4)", "\(number)")]) }
        let table = try log.reader.table
        files.fail(.error(.ioError)) { $0.kind == .rename && $0.path.string.hasSuffix(".swap") }
        #expect(throws: CompactionFailure.self) { try log.compact() }
        #expect(log.isOffline)
        #expect(try log.reader.table == table, "readers go on")
        let again = try harness.open()
        #expect(try again.reader.table == table)
        #expect(try harness.files.list(harness.directory).allSatisfy { !$0.name.string.hasSuffix(".swap") })
    }

    @Test func `a full disk ends the round, leaves nothing behind, and the log as it was`() throws {
        let files = SimulatedFileSystem()
        let harness = compacted(files)
        let log = try harness.open()
        for number in 0..<30 { try log.put([Keyed("key \(number % 4)", "\(number)")]) }
        let before = try log.reader.keyed()
        files.capacity = 1
        #expect(throws: CompactionFailure.self) { try log.compact() }
        files.capacity = 1 << 30
        #expect(!log.isOffline)
        #expect(try log.reader.keyed() == before)
        #expect(try harness.files.list(harness.directory).allSatisfy { !$0.name.string.contains("cleaned") })
        #expect(try log.compact() != nil)
    }

    @Test func `a round ends when it is told to`() throws {
        let log = try compacted().open()
        for number in 0..<30 { try log.put([Keyed("key \(number % 4)", "\(number)")]) }
        var calls = 0
        #expect(throws: CompactionFailure.self) {
            try log.compact { _ in
                calls += 1
                return calls < 40
            }
        }
        #expect(calls == 40)
        #expect(try log.compact() != nil)
    }
}
