import CommitLog
import FileAccess
import Primitives
import SystemPackage
import TestSupport
import Testing

/// A life of a compacted log: appends, rolls, compaction, retention, closes and reopenings.
private struct CompactionLife {
    var harness: LogHarness
    var model = KeyedModel()
    let deleting: Bool

    init(_ files: SimulatedFileSystem, deleting: Bool) {
        self.deleting = deleting
        harness = LogHarness(files, segmentBytes: 400)
        harness.configuration.cleanup = deleting ? [.compact, .delete] : .compact
        harness.configuration.minimumCleanableRatio = 0
        harness.configuration.deleteRetentionMilliseconds = 30
        harness.configuration.retentionMilliseconds = -1
        harness.configuration.retentionBytes = deleting ? 900 : -1
    }

    mutating func run(steps: Range<Int>) throws {
        var log = try harness.open()
        for number in steps {
            let time = Int64(1000 + number * 10)
            let records = (0...number % 3).map { index in
                Keyed("k\((number * 5 + index) % 8)", (number + index) % 6 == 5 ? nil : "\(number).\(index)")
            }
            try model.append(log, records, at: time, producer: Int64(number % 4))
            if number % 3 != 1 {
                try log.synchronize()
                model.durable = model.batches.count
            }
            if number % 6 == 5 {
                try log.compact(now: time)
                model.durable = max(
                    model.durable,
                    model.batches.firstIndex { $0.end > log.reader.view.endOffset.value } ?? model.batches.count)
            }
            if deleting && number % 8 == 7 { _ = try log.applyRetention(now: Timestamp(milliseconds: time)) }
            if number % 11 == 9 {
                try log.close()
                model.durable = model.batches.count
                log = try harness.open()
            }
        }
        try log.close()
        model.durable = model.batches.count
    }
}

struct CompactionCrashCase: Sendable, CustomTestStringConvertible {
    var crash: SimulatedFileSystem.Crash
    var midway: Bool
    var deleting: Bool

    var testDescription: String { "\(crash)\(midway ? ", midway" : ""), \(deleting ? "compact,delete" : "compact")" }

    static let all = SimulatedFileSystem.Crash.allCases.flatMap { crash in
        [false, true].flatMap { midway in
            [CompactionCrashCase(crash: crash, midway: midway, deleting: midway == (crash == .kill))]
        }
    }
}

@Suite struct CompactionCrashTests {
    @Test(arguments: CompactionCrashCase.all)
    func `stopped at any operation of compaction, each key's newest record is there, and nothing deleted comes back`(
        crashCase: CompactionCrashCase
    ) throws {
        var number = 1
        while true {
            let files = SimulatedFileSystem()
            var life = CompactionLife(files, deleting: crashCase.deleting)
            files.stop(atOperation: number, midway: crashCase.midway, seed: UInt64(number))
            let isOver = try stop(&life, files) { life throws in try life.run(steps: 0..<19) }
            files.restart(after: crashCase.crash, seed: 1000 + UInt64(number))
            try check(&life, "operation \(number), \(crashCase.testDescription)", verifying: number % 5 == 0)

            // What the first recovery left must not mislead the second.
            if number % 3 != 0 && !isOver {
                number += 1
                continue
            }
            let second = files.operationCount + Int(UInt64(number) &* 7919 % 60)
            files.stop(atOperation: second, midway: crashCase.midway, seed: UInt64(number))
            _ = try stop(&life, files) { life throws in try life.run(steps: 100..<109) }
            files.restart(after: crashCase.crash, seed: 2000 + UInt64(number))
            try check(
                &life, "operation \(number), then \(second), \(crashCase.testDescription)", verifying: false)
            if isOver { break }
            number += 1
        }
        #expect(number > 180, "\(number) operations")
    }

    /// - Returns: whether it came to its end.
    private func stop(
        _ life: inout CompactionLife, _ files: SimulatedFileSystem, _ body: (inout CompactionLife) throws -> Void
    ) throws -> Bool {
        do {
            try body(&life)
        } catch {
            if !files.hasStopped { throw error }
        }
        return !files.hasStopped
    }

    private func check(_ life: inout CompactionLife, _ place: String, verifying: Bool) throws {
        let (log, report) = try life.harness.openReporting()
        #expect(report.damages.isEmpty, "\(place)")
        if let fault = try life.model.recover(log) { Issue.record("\(place): \(fault)") }
        #expect(try life.harness.compactionLeftovers() == [], "\(place)")
        guard verifying else { return }
        try log.close()
        #expect(try life.harness.problems() == [], "\(place)")
    }
}
