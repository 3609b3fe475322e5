import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// What Kafka answers is in KAFKA.md 2.5; where ours differs, 2.6 says why.
@Suite struct ProducerTests {
    private func send(
        _ log: PartitionLog, _ sequence: Int32, count: Int = 1, epoch: Int16 = 0, id: Int64 = 9, now: Int64 = 1000
    ) throws -> PartitionLog.Appended {
        let values = (0..<count).map { "\(id)/\(epoch)/\(Int(sequence) + $0)" }
        let appended = try log.append(
            try batch(values, from: BatchSource(id: id, epoch: epoch, sequence: sequence)), now: now)
        try log.synchronize()
        return appended
    }

    private func duplicate(_ first: Int64, _ last: Int64) -> PartitionLog.Appended {
        .answered(
            .duplicate(baseOffset: Offset(first), lastOffset: Offset(last), timestamp: Timestamp(milliseconds: 1000)))
    }

    private func isWritten(_ appended: PartitionLog.Appended) -> Bool {
        if case .written = appended { true } else { false }
    }

    @Test func `a batch sent again is answered with its first offset and not written`() throws {
        let log = try LogHarness().open()
        try log.store(["other"])
        #expect(isWritten(try send(log, 0, count: 3)))
        #expect(isWritten(try send(log, 3, count: 2)))
        #expect(try send(log, 0, count: 3) == duplicate(1, 3))
        #expect(try send(log, 3, count: 2) == duplicate(4, 5))
        #expect(log.endOffset == Offset(6))
    }

    @Test func `a gap is refused`() throws {
        let log = try LogHarness().open()
        #expect(isWritten(try send(log, 0)))
        #expect(try send(log, 2) == .answered(.outOfOrderSequence))
        #expect(isWritten(try send(log, 1)))
    }

    @Test func `an old range cut otherwise is a duplicate, and one that reaches over the end is not`() throws {
        let log = try LogHarness().open()
        for sequence in 0..<40 { #expect(isWritten(try send(log, Int32(sequence)))) }
        #expect(try send(log, 0) == .answered(.oldDuplicate))
        #expect(try send(log, 10, count: 7) == .answered(.oldDuplicate))
        #expect(try send(log, 36, count: 4) == .answered(.oldDuplicate))
        #expect(try send(log, 38, count: 3) == .answered(.outOfOrderSequence))
        #expect(log.endOffset == Offset(40))
    }

    @Test func `a range before the first that is known is never called a duplicate`() throws {
        let harness = LogHarness()
        var log = try harness.open()
        // A first batch that failed, with the second accepted as first: its retry must not look written.
        #expect(isWritten(try send(log, 5, count: 3)))
        for _ in 0..<2 {
            #expect(try send(log, 0, count: 5) == .answered(.outOfOrderSequence))
            #expect(try send(log, 4, count: 2) == .answered(.outOfOrderSequence))
            #expect(try send(log, 6) == .answered(.oldDuplicate))
            try log.close()
            log = try harness.open()
        }
    }

    @Test func `an unknown producer may begin anywhere`() throws {
        let log = try LogHarness().open()
        #expect(isWritten(try send(log, 100)))
        #expect(isWritten(try send(log, 101)))
        #expect(try send(log, 50) == .answered(.outOfOrderSequence))
    }

    @Test func `a newer epoch begins at zero and fences the older`() throws {
        let log = try LogHarness().open()
        #expect(isWritten(try send(log, 0, epoch: 1)))
        #expect(try send(log, 5, epoch: 2) == .answered(.outOfOrderSequence))
        #expect(isWritten(try send(log, 0, epoch: 2)))
        #expect(try send(log, 1, epoch: 1) == .answered(.fenced))
        #expect(try send(log, 0, epoch: 1) == .answered(.fenced))
        #expect(try send(log, 0, epoch: 2) == duplicate(1, 1))
    }

    @Test func `sequences wrap to zero behind 2147483647`() throws {
        let harness = LogHarness()
        var log = try harness.open()
        #expect(isWritten(try send(log, 2_147_483_646)))
        #expect(isWritten(try send(log, 2_147_483_647, count: 3)))
        #expect(isWritten(try send(log, 2)))
        for round in 0..<3 {
            #expect(try send(log, 2_147_483_647, count: 3) == duplicate(1, 3))
            #expect(try send(log, 2_147_483_646, count: 2) == .answered(.oldDuplicate))
            #expect(try send(log, 0) == .answered(.oldDuplicate))
            #expect(try send(log, 4) == .answered(.outOfOrderSequence))
            if round == 0 { try log.close() }
            log = try harness.open()
        }
        #expect(isWritten(try send(log, 3)))
    }

    @Test(arguments: [true, false], [true, false])
    func `the whole window outlives a restart`(closed: Bool, withSnapshots: Bool) throws {
        let harness = LogHarness(segmentBytes: 400)
        var log = try harness.open()
        for sequence in 0..<30 { #expect(isWritten(try send(log, Int32(sequence) * 2, count: 2))) }
        if closed { try log.close() }
        if !withSnapshots {
            for name in try harness.names("producers") { try harness.files.remove(harness.path("\(name).producers")) }
        }
        log = try harness.open()
        for sequence in 14..<30 {
            let base = Int64(sequence) * 2
            #expect(try send(log, Int32(base), count: 2) == duplicate(base, base + 1))
        }
        #expect(try send(log, 0, count: 2) == .answered(.oldDuplicate))
        #expect(isWritten(try send(log, 60)))
    }

    @Test func `a batch that was not written is not remembered`() throws {
        let files = SimulatedFileSystem()
        let log = try LogHarness(files).open()
        files.fail(.partialWrite(bytes: 30, then: .noSpace)) { $0.kind == .write }
        #expect(throws: LogError.self) { try send(log, 0) }
        #expect(log.producers.producers.isEmpty)
        #expect(isWritten(try send(log, 0)))
        #expect(try log.reader.values == ["9/0/0"])
    }

    @Test func `producers are forgotten when idle, but not while their records are there`() throws {
        var harness = LogHarness(segmentBytes: 200)
        harness.configuration.producerExpirationMilliseconds = 1000
        let log = try harness.open()
        for sequence in 0..<3 { _ = try send(log, Int32(sequence), id: 1, now: 5000) }
        _ = try send(log, 0, id: 2, now: 5000)
        _ = try send(log, 0, id: 3, now: 5900)
        try log.deleteRecords(before: Offset(3))
        log.expireProducers(now: Timestamp(milliseconds: 6500))
        #expect(Set(log.producers.producers.keys) == [ProducerID(2), ProducerID(3)])
        try log.deleteRecords(before: log.endOffset)
        log.expireProducers(now: Timestamp(milliseconds: 6500))
        #expect(Set(log.producers.producers.keys) == [ProducerID(3)])
    }

    @Test func `beyond their number the ones idle for longest are forgotten, never the newest`() throws {
        var harness = LogHarness()
        harness.configuration.maximumProducers = 10
        let log = try harness.open()
        for id in 0..<50 {
            _ = try send(log, 0, id: Int64(id), now: Int64(1000 + id / 10))
            #expect(log.producers.producers.count <= 10)
            #expect(log.producers.producers[ProducerID(Int64(id))] != nil)
        }
        #expect(log.producers.evicted >= 40)
    }

    @Test func `two producers do not disturb each other`() throws {
        let log = try LogHarness().open()
        for sequence in 0..<5 {
            #expect(isWritten(try send(log, Int32(sequence), id: 1)))
            #expect(isWritten(try send(log, Int32(sequence), id: 2)))
        }
        #expect(try send(log, 4, id: 1) == duplicate(8, 8))
        #expect(try send(log, 4, id: 2) == duplicate(9, 9))
    }
}
