import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// Random actions against a log in memory. A failure prints the seed; `@Test(arguments:)` with it repeats the run.
@Suite struct ModelTests {
    @Test(arguments: [1, 2, 3, 4, UInt64.random(in: 0...UInt64.max)])
    func `a random life of a log agrees with a model of it`(seed: UInt64) throws {
        var run = try ModelRun(seed: seed)
        for step in 0..<600 {
            do {
                try run.step()
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
            if run.isWrong {
                Issue.record("seed \(seed), step \(step)")
                return
            }
        }
        #expect(run.restarts > 10 && run.model.count > 60, "seed \(seed)")
    }
}

private struct ModelRun {
    struct ModelBatch {
        var records: [StoredRecord]
        var source: BatchSource?
    }

    var random: SeededGenerator
    let files = SimulatedFileSystem()
    var harness: LogHarness
    var log: PartitionLog
    /// All batches in the log, durable or not, deleted ones included.
    var model: [ModelBatch] = []
    var durable = 0
    var start: Int64 = 0
    var restarts = 0
    private let failed = Flag()
    var isWrong: Bool { failed.isSet }
    var time: Int64 = 1000

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        harness = LogHarness(files, segmentBytes: 1200)
        harness.configuration.retentionMilliseconds = -1
        log = try harness.open()
    }

    var end: Int64 { model.last?.records.last.map { $0.offset + 1 } ?? 0 }
    var durableEnd: Int64 { durable == 0 ? 0 : model[durable - 1].records.last.map { $0.offset + 1 } ?? 0 }

    private final class Flag {
        var isSet = false
    }

    func check(_ condition: Bool, _ what: @autoclosure () -> String) {
        if condition || isWrong { return }
        failed.isSet = true
        Issue.record("\(what())")
    }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try append()
        case 30..<40: try resend()
        case 40..<45: try gap()
        case 45..<65: try synchronize()
        case 65..<78: try read()
        case 78..<88: try lookUp()
        case 88..<91: try delete()
        case 91..<94: try reopen(closing: true)
        case 94..<96: try reopen(closing: false)
        default: try crash()
        }
        check(log.endOffset.value == end, "end \(log.endOffset), expected \(end)")
        check(log.reader.view.endOffset.value == durableEnd, "durable end")
        check(log.reader.view.startOffset.value == start, "start \(log.reader.view.startOffset), expected \(start)")
    }

    private func next(of id: Int64) -> Int32 {
        guard let last = model.last(where: { $0.source?.id == id }), let source = last.source else { return 0 }
        return source.sequence + Int32(last.records.count)
    }

    mutating func append() throws {
        let id = Int64.random(in: 0..<4, using: &random)
        let source = id == 0 ? nil : BatchSource(id: id, sequence: next(of: id))
        time += Int64.random(in: -20...40, using: &random)
        let count = Int.random(in: 1...4, using: &random)
        let length = random.chance(5) ? 700 : 20
        let records = (0..<count).map { index in
            StoredRecord(
                offset: end + Int64(index),
                value: "\(end + Int64(index)):" + String(repeating: "x", count: length / count),
                time: time)
        }
        let appended = try log.append(try batch(records.map(\.value), at: time, from: source))
        check(
            appended == .written(baseOffset: Offset(end), nextOffset: Offset(end + Int64(count))),
            "\(String(describing: source)) at \(end): \(appended)")
        let before = model.count
        model.append(ModelBatch(records: records, source: source))
        // A roll makes durable what came before.
        if log.reader.view.endOffset.value > durableEnd { durable = before }
    }

    mutating func resend() throws {
        guard let old = model.filter({ $0.source != nil }).randomElement(using: &random), let source = old.source else {
            return
        }
        let newer = model.filter { $0.source?.id == source.id && $0.source!.sequence > source.sequence }.count
        let answer = try log.append(try batch(old.records.map(\.value), at: old.records[0].time, from: source))
        switch answer {
        case .answered(.duplicate(let base, let last, _)):
            check(base.value == old.records[0].offset && last.value == old.records.last?.offset, "duplicate at \(base)")
        case .answered(.oldDuplicate):
            check(newer >= ProducerTable.windowLength, "\(source) is not that old")
        default: check(false, "\(source) again: \(answer)")
        }
    }

    mutating func gap() throws {
        let id = Int64.random(in: 1..<4, using: &random)
        let last = next(of: id)
        if last == 0 { return }
        let gap = Int32.random(in: 1...100, using: &random)
        let answer = try log.append(try batch(["never"], from: BatchSource(id: id, sequence: last + gap)))
        check(answer == .answered(.outOfOrderSequence), "a gap: \(answer)")
    }

    mutating func synchronize() throws {
        try log.synchronize()
        durable = model.count
    }

    private var visible: [StoredRecord] { model[..<durable].flatMap(\.records).filter { $0.offset >= start } }

    mutating func read() throws {
        let from = Int64.random(in: start...max(start, durableEnd), using: &random)
        let found = try log.reader.all(from: from, maxBytes: Int.random(in: 1...3000, using: &random))
        check(found == visible.filter { $0.offset >= from }, "read from \(from)")
    }

    mutating func lookUp() throws {
        let wanted = time - Int64.random(in: -50...2000, using: &random)
        let found = try log.reader.offset(atOrAfter: Timestamp(milliseconds: wanted))
        let expected = visible.first { $0.time >= wanted }
        check(
            found?.offset.value == expected?.offset && found?.timestamp.milliseconds == expected?.time,
            "time \(wanted): \(String(describing: found)), expected \(String(describing: expected?.offset))")
    }

    mutating func delete() throws {
        guard durableEnd > start else { return }
        if random.chance(50) {
            let target = Int64.random(in: start...durableEnd, using: &random)
            try log.deleteRecords(before: Offset(target))
            start = max(start, target)
        } else {
            var configuration = harness.configuration
            configuration.retentionBytes = Int64.random(in: 2000...8000, using: &random)
            log.update(configuration)
            let report = try log.applyRetention(now: Timestamp(milliseconds: time))
            log.update(harness.configuration)
            check(report.startOffset.value >= start, "retention went back")
            check(report.segments == 0 || log.reader.view.bytes >= configuration.retentionBytes, "too much deleted")
            start = max(start, report.startOffset.value)
        }
    }

    mutating func reopen(closing: Bool) throws {
        if closing { try log.close() }
        if !closing { files.restart(after: .kill) }
        let (next, report) = try harness.openReporting()
        check(report.isClean || !closing, "closed, and not clean")
        check(report.damages.isEmpty && report.rebuiltIndexes == 0, "\(report)")
        log = next
        durable = model.count
        restarts += 1
    }

    mutating func crash() throws {
        files.restart(after: .powerLoss, seed: random.next())
        log = try harness.open()
        restarts += 1
        let survived = model.prefix { $0.records[0].offset < log.endOffset.value }.count
        check(survived >= durable, "of \(durable) durable batches \(survived) are there")
        model.removeLast(model.count - survived)
        durable = survived
        let found = try log.reader.all()
        check(found == visible, "after a power failure")
    }
}
