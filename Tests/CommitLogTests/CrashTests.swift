import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// A run of appends, rolls, snapshots, closes and reopenings that remembers what it was told is durable.
private struct Scenario {
    struct Attempt {
        var values: [String]
        var time: Int64
        var source: BatchSource?
        var base: Int64
    }

    var harness: LogHarness
    /// Every batch that was handed to `append`, in order.
    var attempts: [Attempt] = []
    /// How many of them a `synchronize` returned for.
    var acknowledged = 0
    var next: [Int64: Int32] = [:]
    var records: Int64 = 0
    var deletedBefore: Int64 = 0
    let deleting: Bool

    init(_ files: SimulatedFileSystem, deleting: Bool) {
        self.deleting = deleting
        harness = LogHarness(files, segmentBytes: 700)
        harness.configuration.retentionMilliseconds = -1
    }

    mutating func append(_ log: PartitionLog, _ number: Int) throws {
        let producer = Int64(number % 4)
        let values = (0...number % 3).map { "\(number).\($0)" }
        let source = producer == 0 ? nil : BatchSource(id: producer, sequence: next[producer, default: 0])
        let time = Int64(1000 + number * 10)
        attempts.append(Attempt(values: values, time: time, source: source, base: records))
        let appended = try log.append(try batch(values, at: time, from: source))
        #expect(appended == .written(baseOffset: Offset(records), nextOffset: Offset(records + Int64(values.count))))
        records += Int64(values.count)
        next[producer, default: 0] += Int32(values.count)
    }

    mutating func run(steps: Range<Int>) throws {
        var log = try harness.open()
        for number in steps {
            try append(log, number)
            if number % 3 != 1 {
                try log.synchronize()
                acknowledged = attempts.count
            }
            if number % 13 == 9 {
                try log.close()
                acknowledged = attempts.count
                log = try harness.open()
            }
            if deleting && number % 11 == 10 {
                let target = log.reader.view.endOffset.value - 4
                try log.deleteRecords(before: Offset(max(0, target)))
                deletedBefore = max(deletedBefore, target)
            }
            if deleting && number % 17 == 16 {
                var configuration = harness.configuration
                configuration.retentionBytes = 1500
                log.update(configuration)
                // What retention may delete, it may also have deleted when the crash came.
                _ = try log.applyRetention(now: Timestamp(milliseconds: 10_000))
                log.update(harness.configuration)
            }
        }
        try log.close()
        acknowledged = attempts.count
    }

    /// Opens the log after a crash, checks all that it promises, and takes the state it is in as the truth from now on.
    mutating func recover(_ place: String) throws {
        let log = try harness.open()
        let found = try log.reader.all()
        let start = log.reader.view.startOffset.value
        var expected: [StoredRecord] = []
        var surviving = 0
        for attempt in attempts where attempt.base < log.endOffset.value {
            for (index, value) in attempt.values.enumerated() {
                expected.append(
                    StoredRecord(offset: attempt.base + Int64(index), value: value, time: attempt.time))
            }
            surviving += 1
        }
        #expect(found == expected.filter { $0.offset >= start }, "\(place): not what was written")
        #expect(surviving >= acknowledged, "\(place): of \(acknowledged) acknowledged batches \(surviving) are there")
        #expect(log.endOffset.value == (expected.last?.offset ?? -1) + 1, "\(place)")
        #expect(deleting ? start >= deletedBefore : start == 0, "\(place): the log starts at \(start)")
        attempts.removeLast(attempts.count - surviving)
        try checkProducers(log, place)
        try checkLookups(log, found, place)
        acknowledged = surviving
        records = log.endOffset.value
        deletedBefore = start
    }

    private mutating func checkProducers(_ log: PartitionLog, _ place: String) throws {
        next = [:]
        for attempt in attempts {
            if let source = attempt.source {
                next[source.id] = source.sequence + Int32(attempt.values.count)
            } else {
                next[0, default: 0] += Int32(attempt.values.count)
            }
        }
        for attempt in attempts {
            guard let source = attempt.source else { continue }
            let sealed = try batch(attempt.values, at: attempt.time, from: source)
            switch log.producers.judge(sealed.header) {
            case .duplicate(let base, _, _): #expect(base.value == attempt.base, "\(place)")
            case .oldDuplicate: break
            case let other: Issue.record("\(place): \(source) is answered \(other)")
            }
        }
        for id in 1...3 as ClosedRange<Int64> {
            let expected = next[id].map { $0 - 1 }
            #expect(log.producers.producers[ProducerID(id)]?.lastSequence.value == expected, "\(place)")
        }
    }

    private func checkLookups(_ log: PartitionLog, _ found: [StoredRecord], _ place: String) throws {
        for record in found where record.offset % 5 == 0 {
            let hit = try log.reader.offset(atOrAfter: Timestamp(milliseconds: record.time))
            let expected = found.first { $0.time >= record.time }
            #expect(hit?.offset.value == expected?.offset, "\(place)")
            let slice = try #require(try log.reader.slice(from: Offset(record.offset), maxBytes: 1), "\(place)")
            let batch = try slice.batches()[0]
            #expect(batch.header.baseOffset.value <= record.offset && batch.header.lastOffset.value >= record.offset)
        }
    }
}

struct CrashCase: Sendable, CustomTestStringConvertible {
    var crash: SimulatedFileSystem.Crash
    var midway: Bool
    var seed: UInt64

    var testDescription: String { "\(crash)\(midway ? ", midway" : ""), seed \(seed)" }

    static let all: [CrashCase] =
        [false, true].map { CrashCase(crash: .kill, midway: $0, seed: 1) }
        + (1...2).map { CrashCase(crash: .powerLoss, midway: $0 % 2 == 0, seed: $0) }
}

@Suite struct CrashTests {
    @Test(arguments: CrashCase.all)
    func `stopped at any operation, the log holds what was acknowledged, in order, once, and nothing invented`(
        crashCase: CrashCase
    ) throws {
        try stopEverywhere(crashCase, deleting: false)
    }

    @Test(arguments: [CrashCase.all[0], CrashCase.all[3]])
    func `stopped at any operation while records are deleted, what is left is a whole end of the log`(
        crashCase: CrashCase
    ) throws {
        try stopEverywhere(crashCase, deleting: true)
    }

    /// Stops at every operation, recovers, goes on, loses power or is killed at a second place, and recovers again: what
    /// the first recovery left behind must not mislead the second.
    private func stopEverywhere(_ crashCase: CrashCase, deleting: Bool) throws {
        var number = 1
        while true {
            let files = SimulatedFileSystem()
            var scenario = Scenario(files, deleting: deleting)
            let place = "operation \(number), \(crashCase.testDescription)"
            files.stop(atOperation: number, midway: crashCase.midway, seed: crashCase.seed &+ UInt64(number))
            do {
                try scenario.run(steps: 0..<26)
            } catch {
                if !files.hasStopped { throw error }
            }
            let isOver = !files.hasStopped
            files.restart(after: crashCase.crash, seed: crashCase.seed &* 1000 &+ UInt64(number))
            try scenario.recover(place)

            let second = files.operationCount + Int(UInt64(number) &* 7919 % 50)
            files.stop(atOperation: second, midway: crashCase.midway, seed: crashCase.seed)
            do {
                try scenario.run(steps: 100..<108)
            } catch {
                if !files.hasStopped { throw error }
            }
            files.restart(after: crashCase.crash, seed: crashCase.seed &* 2000 &+ UInt64(number))
            try scenario.recover("\(place), then operation \(second)")
            if isOver { break }
            number += 1
        }
        #expect(number > 120)
    }
}
