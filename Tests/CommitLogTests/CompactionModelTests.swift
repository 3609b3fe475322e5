import CommitLog
import Primitives
import TestSupport
import Testing

/// Random lives of compacted logs. A failure prints the seed; `@Test(arguments:)` with it repeats the run.
@Suite struct CompactionModelTests {
    @Test(arguments: [1, 2, 3, UInt64.random(in: 0...UInt64.max)])
    func `a random life of a compacted log agrees with a model of it`(seed: UInt64) throws {
        var run = try CompactionRun(seed: seed)
        for step in 0..<500 {
            do {
                if let fault = try run.step() {
                    Issue.record("seed \(seed), step \(step): \(fault)")
                    return
                }
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
        }
        #expect(run.rounds > 10 && run.restarts > 10 && run.model.batches.count > 60, "seed \(seed)")
    }
}

private struct CompactionRun {
    var random: SeededGenerator
    let files = SimulatedFileSystem()
    var harness: LogHarness
    var log: PartitionLog
    var model = KeyedModel()
    var rounds = 0
    var restarts = 0
    private var time: Int64 = 1000

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        harness = LogHarness(files, segmentBytes: 900)
        harness.configuration.cleanup = random.chance(50) ? .compact : [.compact, .delete]
        harness.configuration.retentionMilliseconds = -1
        harness.configuration.retentionBytes = 6000
        harness.configuration.minimumCleanableRatio = 0.2
        harness.configuration.deleteRetentionMilliseconds = 500
        log = try harness.open()
    }

    mutating func step() throws -> String? {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55: try append()
        case 55..<70:
            try log.synchronize()
            model.durable = model.batches.count
        case 70..<82: try compact()
        case 82..<85: _ = try log.applyRetention(now: Timestamp(milliseconds: time))
        case 85..<87:
            let view = log.reader.view
            let target = Int64.random(in: view.startOffset.value...view.endOffset.value, using: &random)
            if harness.configuration.cleanup.contains(.delete) { try log.deleteRecords(before: Offset(target)) }
        case 87..<91: return try reopen(closing: true)
        case 91..<95: return try reopen(closing: false)
        default:
            files.restart(after: .powerLoss, seed: random.next())
            log = try harness.open()
            restarts += 1
            return try model.recover(log)
        }
        return try model.fault(of: log)
    }

    private mutating func append() throws {
        time += Int64.random(in: 0...40, using: &random)
        let records = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Keyed(
                "key \(Int.random(in: 0..<12, using: &random))",
                random.chance(15) ? nil : "\(random.next() % 1000)")
        }
        try model.append(log, records, at: time, producer: Int64.random(in: 0..<4, using: &random))
    }

    /// With little memory, so that rounds end in the middle; now and then one is stopped.
    private mutating func compact() throws {
        var left = random.chance(20) ? Int.random(in: 1..<30, using: &random) : Int.max
        do {
            let report = try log.compact(now: time, memory: 1) { _ in
                left -= 1
                return left > 0
            }
            if report != nil { rounds += 1 }
        } catch CompactionFailure.stopped {}
        let end = log.reader.view.endOffset.value
        model.durable = max(model.durable, model.batches.prefix { $0.end <= end }.count)
    }

    private mutating func reopen(closing: Bool) throws -> String? {
        if closing { try log.close() } else { files.restart(after: .kill) }
        let (next, report) = try harness.openReporting()
        if closing && !report.isClean { return "closed, and not clean" }
        if !report.damages.isEmpty { return "\(report)" }
        log = next
        model.durable = model.batches.count
        restarts += 1
        return try model.recover(log)
    }
}
