import Foundation
import KafkaProtocol
import Primitives
import Testing

@testable import KafkaClient

@Suite struct `A producer's partition` {
    /// `TRIBUTARY_MODEL_RUNS=10000` looks longer than every day's run does.
    private static func seeds(_ usual: UInt64) -> Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["TRIBUTARY_MODEL_RUNS"].flatMap { UInt64($0) } ?? usual)
    }

    @Test(arguments: [false, true], [1, 5])
    func `stores every record once and in order, whatever dies, is lost or restarted`(
        refusing: Bool, window: Int
    ) throws {
        var deaths = 0
        for seed in Self.seeds(150) {
            // Every other run crosses the wrap of the sequence numbers.
            var model = ProducerModel(seed: seed, nextSequence: seed % 2 == 0 ? 0 : .max - 100, window: window)
            // Every fourth splits what it sends.
            if seed % 4 == 3 { model.broker.recordLimit = 2 }
            model.run(steps: 600, refusing: refusing)
            let finished = model.finish()
            try #require(finished, "seed \(seed): the machine came to a halt wanting \(model.machine.want)")
            try #require(model.broker.records == model.expected, "seed \(seed)")
            try #require(model.deadLetters == model.poison, "seed \(seed)")
            try #require(model.unrecordedSends == 0, "seed \(seed): sent what was not recorded")
            let settled = Set(model.settled).union(model.journal.settled)
            try #require(settled == Set(0..<UInt64(model.counts.count)), "seed \(seed)")
            try #require(model.mayDouble == 0 && model.lostByBroker == 0 && model.isOld == 0, "seed \(seed)")
            deaths += model.deaths
        }
        #expect(deaths > 1000)
    }

    @Test func `tells each batch's end once per life and in order, without a death exactly once`() throws {
        for seed in Self.seeds(80) {
            var model = ProducerModel(seed: seed)
            if seed % 2 == 1 { model.broker.recordLimit = 2 }
            model.run(steps: 600, refusing: true, dying: false)
            let finished = model.finish()
            try #require(finished, "seed \(seed)")
            try #require(model.settled == Array(0..<UInt64(model.counts.count)), "seed \(seed)")
            try #require(model.broker.records == model.expected, "seed \(seed)")
        }
    }

    @Test func `goes on where sources are gone, and tells what the broker does not have of them`() throws {
        var gone = 0
        for seed in Self.seeds(150) {
            var model = ProducerModel(seed: seed)
            model.losesSources = true
            model.run(steps: 600, refusing: seed % 2 == 0)
            let finished = model.finish()
            try #require(finished, "seed \(seed): the machine came to a halt wanting \(model.machine.want)")
            try #require(model.gone.allSatisfy { model.missing.contains($0 / 1000) }, "seed \(seed)")
            // What was on its way from an earlier life may come after it was told as gone.
            let records = model.broker.records.filter { !model.gone.contains($0) }
            try #require(records == model.expected, "seed \(seed)")
            try #require(model.unrecordedSends == 0 && model.mayDouble == 0, "seed \(seed)")
            gone += model.gone.count
        }
        #expect(gone > 20)
    }

    private typealias Machine = ProducerPartition<ModelBatch>

    /// What an earlier life left, one record to a tag; nothing is known of it yet.
    private func resuming(_ tags: [UInt64], from first: Int32 = 0, missing: Set<UInt64> = []) -> Machine {
        let identity = ProducerIdentity(id: ProducerID(1), epoch: ProducerEpoch(0))
        let next = SequenceNumber(first + Int32(tags.count))
        var machine = Machine(
            window: 5, resumingWith: identity, nextSequence: next, settledSequence: nil, isJournaled: true)
        for (index, tag) in tags.enumerated() {
            machine.reenqueue(
                tag: tag, size: 1, position: 0, recordCount: 1, identity: identity,
                firstSequence: SequenceNumber(first + Int32(index)),
                payload: ModelBatch(tag: tag, count: 1, isMissing: missing.contains(tag)))
        }
        return machine
    }

    @Test func `gives late requests of an earlier life time before what cannot be made again is given up`() throws {
        var machine = resuming([0, 1, 2], missing: [1])
        machine.resumed(.nothing)
        let next = machine.takeNext()
        let out = try #require(next)
        machine.answered(out.id, .none, baseOffset: Offset(0))
        #expect(machine.want == .pause(failures: ProduceVerdict.attemptLimit))
        machine.retryDue()
        #expect(machine.want == .leaderState)
        // The earlier life's requests came meanwhile.
        machine.resumed(.found(SequenceNumber(2)))
        #expect(machine.isEmpty)
        for outcome in machine.takeOutcomes() {
            guard case .settled = outcome else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }

    @Test func `keeps its numbers where a leader has forgotten it, so that a late request stays a duplicate`() throws {
        // The log ends before what is open: the numbers between were given up.
        var machine = resuming([7], from: 10)
        machine.resumed(.foundOnly(SequenceNumber(4)))
        let next = machine.takeNext()
        let out = try #require(next)
        #expect(out.firstSequence == SequenceNumber(10))
        #expect(out.identity.epoch == ProducerEpoch(0))
    }

    @Test func `loses nothing with a broker that cannot tell what it has, and says what may be double`() throws {
        for seed in Self.seeds(80) {
            var model = ProducerModel(seed: seed)
            model.canTell = false
            model.run(steps: 600, refusing: true)
            let finished = model.finish()
            try #require(finished, "seed \(seed)")
            try #require(Set(model.broker.records) == Set(model.expected), "seed \(seed)")
            let doubled = model.broker.records.count - model.expected.count
            try #require(doubled == 0 || model.mayDouble > 0, "seed \(seed): doubles were not told")
        }
    }

    @Test func `tells how many acknowledged records the broker lost, and sends on`() throws {
        for seed in Self.seeds(60) {
            var model = ProducerModel(seed: seed)
            model.run(steps: 300, refusing: false, dying: false)
            model.finishOrFail(seed)
            let before = model.broker.records
            model.ghosts = []
            model.broker.lose(Int(seed % 3) + 1)
            let lost = before.count - model.broker.records.count
            for _ in 0..<8 { model.enqueue(refusing: false) }
            model.finishOrFail(seed)
            try #require(
                model.broker.log.isEmpty || model.lostByBroker == Int64(lost) || before.count == lost, "seed \(seed)")
            let kept = Set(before.suffix(lost))
            try #require(model.broker.records == model.expected.filter { !kept.contains($0) }, "seed \(seed)")
        }
    }

    @Test func `takes a fresh identity when its journal is older than what was sent`() throws {
        for seed in Self.seeds(60) {
            var model = ProducerModel(seed: seed)
            model.run(steps: 200, refusing: false, dying: false)
            model.finishOrFail(seed)
            guard model.journal.newest != nil else { continue }
            model.writeSettled()
            let backup = model.journal
            for _ in 0..<3 { model.enqueue(refusing: false) }
            model.finishOrFail(seed)
            // The state directory of before; other content follows.
            model.journal = backup
            let old = model.counts.count
            for tag in old - 3..<old { model.journal.settled.insert(UInt64(tag)) }
            model.begin()
            for _ in 0..<3 { model.enqueue(refusing: false) }
            model.finishOrFail(seed)
            try #require(model.isOld == 1 && model.identities == 1, "seed \(seed)")
            try #require(model.broker.records == model.expected, "seed \(seed)")
            try #require(model.mayDouble == 0, "seed \(seed)")
        }
    }

    @Test func `takes a fresh identity when the epochs are used up`() throws {
        let last = ProducerIdentity(id: ProducerID(1), epoch: ProducerEpoch(.max))
        var model = ProducerModel(seed: 1)
        model.machine = ProducerPartition(
            window: 5, identity: last, nextSequence: SequenceNumber(0), isJournaled: true)
        model.enqueue(refusing: false)
        model.serve()
        model.machine.startAfresh(.nextEpoch)
        model.loseConnection(requestsSurvive: false)
        #expect(model.machine.want == .identity)
        model.finishOrFail(1)
        #expect(model.broker.records == model.expected)
    }

    @Test(arguments: [ProducerPartition<ModelBatch>.Afresh.nextEpoch, .freshIdentity])
    func `sends all that is not acknowledged to a topic or cluster that is another one`(
        _ how: ProducerPartition<ModelBatch>.Afresh
    ) throws {
        for seed in Self.seeds(60) {
            var model = ProducerModel(seed: seed)
            model.run(steps: 300, refusing: true)
            let held = model.machine.entries.filter(\.isLive).map(\.payload)
            model.broker = SimulatedPartition()
            model.broker.refusedRecords = model.poison
            model.ghosts = []
            model.machine.startAfresh(how)
            model.loseConnection(requestsSurvive: false)
            model.finishOrFail(seed)
            let expected = held.flatMap(\.records).filter { !model.poison.contains($0) }
            try #require(Array(model.broker.records.suffix(expected.count)) == expected, "seed \(seed)")
            try #require(model.unrecordedSends == 0, "seed \(seed)")
        }
    }
}
