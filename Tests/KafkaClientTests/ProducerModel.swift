import KafkaProtocol
import Primitives
import Testing

@testable import KafkaClient

/// SplitMix64: the same run for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
    mutating func chance(_ one: Int, in many: Int) -> Bool { Int.random(in: 0..<many, using: &self) < one }
}

/// Records of one tag, from one place in it on.
struct ModelBatch: ProducerPayload, Equatable {
    var tag: UInt64
    var position: Int64 = 0
    var count: Int64
    var isMissing = false
    var records: [UInt64] { (position..<position + count).map { SimulatedPartition.record(tag, $0) } }

    func split(at first: Int64) -> (head: ModelBatch, tail: ModelBatch)? {
        var (head, tail) = (self, self)
        head.count = first
        tail.position += first
        tail.count -= first
        return (head, tail)
    }
}

/// What a journal has on disk of one partition: what `SequenceJournal` promises, and no more.
struct ModelJournal {
    typealias Assignment = ProducerPartition<ModelBatch>.Assignment
    var assignments: [UInt64: Assignment] = [:]
    var newest: Assignment?
    /// Tags that are known to be settled, and of others how many records from the first on.
    var settled: Set<UInt64> = []
    var positions: [UInt64: Int64] = [:]

    mutating func write(_ call: [Assignment]) {
        for assignment in call {
            assignments[assignment.tag] = assignment
            newest = assignment
        }
    }
}

/// A producer's partition with its journal, a connection that gets lost, and a broker that restarts, stepped at random;
/// and the producer dies, and goes on with what its journal had.
struct ProducerModel {
    typealias Machine = ProducerPartition<ModelBatch>
    struct Request {
        var id: UInt64
        var identity: ProducerIdentity
        var first: SequenceNumber
        var records: [UInt64]
    }

    var random: SeededGenerator
    var machine: Machine
    var broker = SimulatedPartition()
    var journal = ModelJournal()
    /// Given to the journal, and not confirmed.
    var unconfirmed: [(ticket: UInt64, call: [ModelJournal.Assignment])] = []
    /// Told as settled, and not written yet; nothing waits for that.
    var unwritten: [UInt64] = []
    var unkept: [(id: UInt64, batch: ModelBatch, isGone: Bool)] = []
    /// On the wire, on the way back, and of dead connections in the broker's queue.
    var requests: [Request] = []
    var answers: [(id: UInt64, code: ErrorCode, offset: Offset)] = []
    var ghosts: [Request] = []
    var counts: [Int64] = []
    var settled: [UInt64] = []
    var poison: Set<UInt64> = []
    var deadLetters: Set<UInt64> = []
    var gone: Set<UInt64> = []
    var missing: Set<UInt64> = []
    var mayDouble = 0
    var lostByBroker: Int64 = 0
    var isOld = 0
    var identities: Int64 = 0
    var deaths = 0
    var unrecordedSends = 0
    var canTell = true
    var losesSources = false

    init(seed: UInt64, nextSequence: Int32 = 0, window: Int = 5) {
        random = SeededGenerator(seed: seed)
        let identity = ProducerIdentity(id: ProducerID(1000), epoch: ProducerEpoch(0))
        machine = ProducerPartition(
            window: window, identity: identity, nextSequence: SequenceNumber(nextSequence), isJournaled: true)
    }

    mutating func enqueue(refusing: Bool) {
        let (tag, count) = (UInt64(counts.count), Int64.random(in: 1...6, using: &random))
        counts.append(count)
        if refusing && random.chance(1, in: 12) {
            poison.insert(SimulatedPartition.record(tag, Int64.random(in: 0..<count, using: &random)))
            broker.refusedRecords = poison
        }
        give(tag)
    }

    /// A batch that has no sequence yet; what is settled of it stays so.
    private mutating func give(_ tag: UInt64) {
        machine.enqueue(
            tag: tag, size: 1, recordCount: counts[Int(tag)],
            payload: ModelBatch(tag: tag, count: counts[Int(tag)]))
    }

    mutating func takeOutcomes() {
        for outcome in machine.takeOutcomes() {
            switch outcome {
            case .settled(let tag, _, _, _):
                settled.append(tag)
                unwritten.append(tag)
            case .refused(let id, _, _, _, let reason, let batch):
                unkept.append((id, batch, reason == .sourceIsGone))
            case .mayDouble: mayDouble += 1
            case .lostByBroker(let records): lostByBroker += records
            case .stateIsOld: isOld += 1
            }
        }
        if let (ticket, call) = machine.takeAssignments() { unconfirmed.append((ticket, call)) }
    }

    /// Does what the machine wants; false where it wants nothing.
    @discardableResult
    mutating func serve() -> Bool {
        takeOutcomes()
        switch machine.want {
        case .nothing: return false
        case .send:
            guard let out = machine.takeNext() else { return false }
            let batch = machine.withPayload(out.id) { $0 }
            check(out, batch)
            requests.append(
                Request(id: out.id, identity: out.identity, first: out.firstSequence, records: batch.records))
        case .pause(let failures):
            // What is on its way arrives while the pause is a long one.
            if failures >= ProduceVerdict.attemptLimit { while !ghosts.isEmpty { processGhost() } }
            machine.retryDue()
        case .leaderState:
            guard let identity = machine.identity else { return false }
            let isOpen = !machine.uncertainPayloads.isEmpty
            let state = broker.leaderState(of: identity, isOpen: isOpen, readsBack: machine.needsReadingBack)
            machine.resumed(canTell ? state : .unavailable)
        case .identity:
            identities += 1
            machine.adopt(ProducerIdentity(id: ProducerID(1000 + identities), epoch: ProducerEpoch(0)))
        }
        takeOutcomes()
        return true
    }

    /// What is sent must be on disk, under just these numbers.
    private mutating func check(_ out: Machine.Outgoing, _ batch: ModelBatch) {
        guard let recorded = journal.assignments[batch.tag], recorded.identity == out.identity,
            recorded.firstSequence.advanced(by: batch.position - recorded.position) == out.firstSequence
        else { return unrecordedSends += 1 }
    }

    mutating func confirmOne() {
        guard !unconfirmed.isEmpty else { return }
        let (ticket, call) = unconfirmed.removeFirst()
        journal.write(call)
        machine.confirmed(ticket)
        takeOutcomes()
    }

    mutating func writeSettled() {
        journal.settled.formUnion(unwritten)
        unwritten = []
    }

    private mutating func write(_ kept: ModelBatch, isGone: Bool) {
        if isGone { gone.formUnion(kept.records) } else { deadLetters.formUnion(kept.records) }
        journal.positions[kept.tag] = kept.position + kept.count
        if kept.position + kept.count == counts[Int(kept.tag)] { journal.settled.insert(kept.tag) }
    }

    mutating func keepOne() {
        guard !unkept.isEmpty else { return }
        let (id, batch, isGone) = unkept.removeFirst()
        write(batch, isGone: isGone)
        machine.kept(id)
        takeOutcomes()
    }

    mutating func processOne(faults: Bool) {
        guard !requests.isEmpty else { return }
        let request = requests.removeFirst()
        if faults && random.chance(1, in: 15) {
            // Refused before the append.
            let code: ErrorCode = random.chance(1, in: 2) ? .notLeaderOrFollower : .notEnoughReplicas
            return answers.append((request.id, code, Offset(-1)))
        }
        var (code, offset) = broker.append(request.identity, request.first, request.records)
        if faults && code == .none && random.chance(1, in: 15) {
            code = [.requestTimedOut, .notEnoughReplicasAfterAppend, .notLeaderOrFollower].randomElement(
                using: &random)!
        }
        answers.append((request.id, code, offset))
    }

    mutating func deliverOne() {
        guard !answers.isEmpty else { return }
        let answer = answers.removeFirst()
        machine.answered(answer.id, answer.code, baseOffset: answer.offset)
        takeOutcomes()
    }

    mutating func processGhost() {
        guard !ghosts.isEmpty else { return }
        let ghost = ghosts.removeFirst()
        _ = broker.append(ghost.identity, ghost.first, ghost.records)
    }

    mutating func loseConnection(requestsSurvive: Bool) {
        for answer in answers { machine.lost(answer.id) }
        for request in requests { machine.lost(request.id) }
        machine.reconnected()
        takeOutcomes()
        cutOff(requestsSurvive)
    }

    private mutating func cutOff(_ requestsSurvive: Bool) {
        if requestsSurvive { ghosts += requests }
        answers = []
        requests = []
    }

    mutating func restartBroker() {
        loseConnection(requestsSurvive: false)
        ghosts = []
        broker.restart(window: random.chance(1, in: 2) ? 1 : 5)
    }

    /// So long that the broker forgets its producers.
    mutating func longOutage() {
        loseConnection(requestsSurvive: false)
        ghosts = []
        if canTell { broker.forgetProducers() }
    }

    /// The producer dies, and the next one has what was on disk: what was confirmed, and some of what was not.
    mutating func die() {
        deaths += 1
        for _ in 0..<Int.random(in: 0...unconfirmed.count, using: &random) {
            journal.write(unconfirmed.removeFirst().call)
        }
        for _ in 0..<Int.random(in: 0...unkept.count, using: &random) {
            let (_, batch, isGone) = unkept.removeFirst()
            write(batch, isGone: isGone)
        }
        if random.chance(1, in: 2) { writeSettled() }
        (unconfirmed, unkept, unwritten) = ([], [], [])
        cutOff(random.chance(1, in: 2))
        begin()
    }

    /// A life from what the journal has.
    mutating func begin() {
        guard let newest = journal.newest else {
            machine = ProducerPartition(
                window: machine.window, identity: ProducerIdentity(id: ProducerID(1000), epoch: ProducerEpoch(0)),
                nextSequence: SequenceNumber(0), isJournaled: true)
            for tag in 0..<UInt64(counts.count) { give(tag) }
            return
        }
        machine = ProducerPartition(
            window: machine.window, resumingWith: newest.identity,
            nextSequence: newest.firstSequence.advanced(by: newest.recordCount), settledSequence: nil,
            isJournaled: true)
        let open = (0..<UInt64(counts.count)).filter { !journal.settled.contains($0) }
        for tag in open {
            guard let recorded = journal.assignments[tag] else { continue }
            let settled = max(0, (journal.positions[tag] ?? 0) - recorded.position)
            var batch = ModelBatch(
                tag: tag, position: recorded.position + settled, count: recorded.recordCount - settled)
            if losesSources && random.chance(1, in: 10) { missing.insert(tag) }
            batch.isMissing = missing.contains(tag)
            machine.reenqueue(
                tag: tag, size: 1, position: batch.position, recordCount: batch.count, identity: recorded.identity,
                firstSequence: recorded.firstSequence.advanced(by: settled), payload: batch)
        }
        for tag in open where journal.assignments[tag] == nil { give(tag) }
        takeOutcomes()
    }

    mutating func finish() -> Bool {
        for _ in 0..<100_000 {
            if machine.isEmpty { return true }
            serve()
            confirmOne()
            keepOne()
            processGhost()
            processOne(faults: false)
            deliverOne()
        }
        return false
    }

    mutating func finishOrFail(_ seed: UInt64) {
        if !finish() { Issue.record("seed \(seed): the machine came to a halt wanting \(machine.want)") }
    }

    mutating func run(steps: Int, refusing: Bool, dying: Bool = true) {
        for _ in 0..<steps {
            switch Int.random(in: 0..<1000, using: &random) {
            case 0..<130: enqueue(refusing: refusing)
            case 130..<450: serve()
            case 450..<560: confirmOne()
            case 560..<720: processOne(faults: true)
            case 720..<870: deliverOne()
            case 870..<900: keepOne()
            case 900..<930: processGhost()
            case 930..<945: loseConnection(requestsSurvive: random.chance(1, in: 2))
            case 945..<955: loseConnection(requestsSurvive: false)
            case 955..<965: writeSettled()
            case 965..<975: restartBroker()
            case 975..<980: longOutage()
            default: if dying { die() }
            }
        }
    }

    /// Every record that is to be in the log, in order.
    var expected: [UInt64] {
        counts.indices.flatMap { tag in (0..<counts[tag]).map { SimulatedPartition.record(UInt64(tag), $0) } }
            .filter { !poison.contains($0) && !gone.contains($0) }
    }
}
