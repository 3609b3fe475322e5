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

/// A producer's partition, a connection that gets lost, and a broker that restarts, stepped at random.
struct ProducerModel {
    struct Request {
        var ordinal: UInt64
        var identity: ProducerIdentity
        var first: SequenceNumber
        var tag: UInt64
        var count: Int64
    }

    var random: SeededGenerator
    var machine: ProducerPartition<(tag: UInt64, count: Int64)>
    var broker = SimulatedPartition()
    /// On the wire, on the way back, and of dead connections in the broker's queue.
    var requests: [Request] = []
    var answers: [(ordinal: UInt64, code: ErrorCode, offset: Offset)] = []
    var ghosts: [Request] = []
    var enqueued: UInt64 = 0
    var acknowledged: [UInt64] = []
    var refused: Set<UInt64> = []
    var surprises: [ProducerPartition<(tag: UInt64, count: Int64)>.Outcome] = []
    var identities: Int64 = 0
    var hasDescribeProducers = true

    init(seed: UInt64, nextSequence: Int32 = 0) {
        random = SeededGenerator(seed: seed)
        let identity = ProducerIdentity(id: ProducerID(1000), epoch: ProducerEpoch(0))
        machine = ProducerPartition(window: 5, identity: identity, nextSequence: SequenceNumber(nextSequence))
    }

    mutating func enqueue(refusing: Bool) {
        let count = Int64.random(in: 1...4, using: &random)
        if refusing && random.chance(1, in: 12) { broker.refusedTags.insert(enqueued) }
        machine.enqueue(tag: enqueued, size: 1, recordCount: count, payload: (enqueued, count))
        enqueued += 1
    }

    mutating func tell(_ outcomes: [ProducerPartition<(tag: UInt64, count: Int64)>.Outcome]) {
        for outcome in outcomes {
            switch outcome {
            case .acknowledged(let tag, _, _): acknowledged.append(tag)
            case .refused(let tag, _, _): refused.insert(tag)
            case .mayDouble, .lostByBroker: surprises.append(outcome)
            }
        }
    }

    /// Does what the machine wants; false where it wants nothing.
    @discardableResult
    mutating func serve() -> Bool {
        switch machine.want {
        case .nothing: return false
        case .send:
            guard let out = machine.takeNext() else { return false }
            let payload = machine.withPayload(out.ordinal) { $0 }
            requests.append(
                Request(
                    ordinal: out.ordinal, identity: out.identity, first: out.firstSequence, tag: payload.tag,
                    count: payload.count))
        case .pause: machine.retryDue()
        case .lastSequence:
            guard let identity = machine.identity else { return false }
            if !hasDescribeProducers {
                tell(machine.resumed(.unavailable))
            } else if let last = broker.lastSequence(of: identity.id) {
                tell(machine.resumed(.of(last)))
            } else {
                tell(machine.resumed(.none))
            }
        case .identity:
            identities += 1
            tell(machine.adopt(ProducerIdentity(id: ProducerID(1000 + identities), epoch: ProducerEpoch(0))))
        }
        return true
    }

    mutating func processOne(faults: Bool) {
        guard !requests.isEmpty else { return }
        let request = requests.removeFirst()
        if faults && random.chance(1, in: 15) {
            // Refused before the append.
            let code: ErrorCode = random.chance(1, in: 2) ? .notLeaderOrFollower : .notEnoughReplicas
            return answers.append((request.ordinal, code, Offset(-1)))
        }
        var (code, offset) = broker.append(request.identity, request.first, request.count, tag: request.tag)
        if faults && code == .none && random.chance(1, in: 15) {
            code = random.chance(1, in: 2) ? .requestTimedOut : .notEnoughReplicasAfterAppend
        }
        answers.append((request.ordinal, code, offset))
    }

    mutating func deliverOne() {
        guard !answers.isEmpty else { return }
        let answer = answers.removeFirst()
        tell(machine.answered(answer.ordinal, answer.code, baseOffset: answer.offset))
    }

    mutating func processGhost() {
        guard !ghosts.isEmpty else { return }
        let ghost = ghosts.removeFirst()
        _ = broker.append(ghost.identity, ghost.first, ghost.count, tag: ghost.tag)
    }

    mutating func loseConnection(requestsSurvive: Bool) {
        for answer in answers { machine.lost(answer.ordinal) }
        for request in requests { machine.lost(request.ordinal) }
        if requestsSurvive { ghosts += requests }
        answers = []
        requests = []
    }

    mutating func restartBroker() {
        loseConnection(requestsSurvive: false)
        ghosts = []
        broker.restart()
    }

    mutating func finish() -> Bool {
        for _ in 0..<100_000 {
            if machine.isEmpty { return true }
            serve()
            processGhost()
            processOne(faults: false)
            deliverOne()
        }
        return false
    }

    mutating func run(steps: Int, refusing: Bool) {
        for _ in 0..<steps {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<15: enqueue(refusing: refusing)
            case 15..<50: serve()
            case 50..<70: processOne(faults: true)
            case 70..<90: deliverOne()
            case 90..<94: processGhost()
            case 94..<97: loseConnection(requestsSurvive: random.chance(1, in: 2))
            case 97..<99: loseConnection(requestsSurvive: false)
            default: restartBroker()
            }
        }
    }
}

@Suite struct `A producer's partition` {
    @Test(arguments: [false, true])
    func `stores every batch once and in order, whatever is lost or restarted`(refusing: Bool) throws {
        for seed in 0..<1500 as Range<UInt64> {
            // Every other run crosses the wrap of the sequence numbers.
            var model = ProducerModel(seed: seed, nextSequence: seed % 2 == 0 ? 0 : .max - 100)
            model.run(steps: 600, refusing: refusing)
            let finished = model.finish()
            let expected = (0..<model.enqueued).filter { !model.broker.refusedTags.contains($0) }
            try #require(finished, "seed \(seed): the machine came to a halt wanting \(model.machine.want)")
            try #require(model.broker.log.map(\.tag) == expected, "seed \(seed)")
            try #require(model.acknowledged == expected, "seed \(seed)")
            try #require(model.refused == model.broker.refusedTags, "seed \(seed)")
            try #require(model.surprises.isEmpty, "seed \(seed): \(model.surprises)")
        }
    }

    @Test func `loses nothing with a broker that cannot describe producers`() throws {
        for seed in 0..<500 as Range<UInt64> {
            var model = ProducerModel(seed: seed)
            model.hasDescribeProducers = false
            model.run(steps: 600, refusing: true)
            let finished = model.finish()
            try #require(finished, "seed \(seed)")
            let expected = (0..<model.enqueued).filter { !model.broker.refusedTags.contains($0) }
            try #require(Set(model.broker.log.map(\.tag)) == Set(expected), "seed \(seed)")
            try #require(model.acknowledged == expected, "seed \(seed)")
            let doubled = model.broker.log.count - expected.count
            try #require(doubled == 0 || !model.surprises.isEmpty, "seed \(seed): doubles were not told")
        }
    }
}
