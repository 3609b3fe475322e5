import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import BrokerCore

/// Members that behave like Kafka's consumers, and die; a log that is slow and fails; a coordinator that crashes. What
/// has to be true whatever happens is checked at every step.
@Suite struct GroupModelTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever members, the log and the coordinator do, a group keeps what it promises`(seed: UInt64) throws {
        let model = GroupModel(seed: seed)
        for _ in 0..<600 { model.step() }
        model.calmDown()
        model.end()
        #expect(model.assignedGenerations > 3, "seed \(seed)")
    }
}

/// One simulated consumer.
private struct Consumer {
    enum Phase: Equatable {
        case out
        case joining(ReplyToken)
        case syncing(ReplyToken, generation: Int32)
        case member(generation: Int32)
        /// Gone without a word, its id remembered by nobody but the coordinator.
        case dead
    }

    var instance: String?
    var protocols: [String]
    var version: Int16
    var id = ""
    var generation: Int32 = -1
    var phase = Phase.out
    var owned: Set<Int> = []

    /// The generation that it is in; -1 where it is in none.
    var current: Int32 {
        if case .member(let generation) = phase { return generation }
        return -1
    }
}

private final class GroupModel {
    private static let partitions = 12

    private let world: GroupWorld
    private let seed: UInt64
    private var random: SeededGenerator
    private var consumers: [Consumer] = []
    /// Which assignment each generation has: two leaders of one generation would show.
    private var assignments: [Int32: [String: String]] = [:]
    private var protocolOfGeneration: [Int32: String] = [:]
    /// What the log has, as far as the clients know.
    private var committed: [Int32: Int64] = [:]
    private var nextOffset: Int64 = 1
    /// Commits in the order in which they were handed in, and what became of them.
    private var inFlight: [(token: ReplyToken, partition: Int32, offset: Int64)] = []
    private var allowsTrouble = true

    var assignedGenerations: Int { assignments.count }

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        world = GroupWorld(seed: seed) { $0.initialRebalanceDelayMilliseconds = 500 }
        world.writesAtOnce = false
        for number in 0..<6 {
            consumers.append(
                Consumer(
                    instance: number < 2 ? "static-\(number)" : nil,
                    protocols: number % 2 == 0 ? ["range", "sticky"] : ["sticky", "range"],
                    version: number == 5 ? 3 : 9))
        }
    }

    private func fail(_ what: String) { Issue.record("seed \(seed), at \(world.time): \(what)") }

    // MARK: Steps

    func step() {
        let number = Int.random(in: 0..<consumers.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: world.advance(Int64.random(in: 0..<3000, using: &random))
        case 20..<40: finishAppend()
        case 40..<75: act(number)
        case 75..<85: commit(number)
        case 85..<88: leave(number)
        case 88..<91: die(number)
        case 91..<93: dropConnection(number)
        case 93..<95: subscribeElse(number)
        case 95: crash()
        default: heartbeat(number)
        }
        takeAnswers()
        check()
    }

    private func finishAppend() {
        guard !world.appends.isEmpty else { return }
        world.finishAppend(allowsTrouble && random.chance(5) ? .kafkaStorageError : .none)
    }

    /// What a consumer does next by itself.
    private func act(_ number: Int) {
        switch consumers[number].phase {
        case .dead where random.chance(30):
            // A new process: it remembers nothing.
            consumers[number].id = ""
            consumers[number].phase = .out
        case .out: join(number)
        case .member: heartbeat(number)
        case .dead, .joining, .syncing: break
        }
    }

    private func join(_ number: Int) {
        let consumer = consumers[number]
        let token = world.join(
            consumer.id, instance: consumer.version >= 5 ? consumer.instance : nil, session: 6000, rebalance: 8000,
            protocols: consumer.protocols, version: consumer.version)
        consumers[number].phase = .joining(token)
        // Eager: what it had is given up before it joins.
        consumers[number].owned = []
    }

    private func heartbeat(_ number: Int) {
        guard case .member(let generation) = consumers[number].phase else { return }
        follow(
            number, world.heartbeat(consumers[number].id, generation, instance: consumers[number].instance))
    }

    /// As a consumer does on an error.
    private func follow(_ number: Int, _ code: ErrorCode) {
        switch code {
        case .none: break
        case .rebalanceInProgress, .notCoordinator, .coordinatorNotAvailable: rejoin(number)
        case .illegalGeneration, .unknownMemberID, .fencedInstanceID:
            consumers[number].id = ""
            rejoin(number)
        default: fail("a consumer was told \(code)")
        }
    }

    private func rejoin(_ number: Int) {
        consumers[number].owned = []
        consumers[number].phase = .out
    }

    private func commit(_ number: Int) {
        guard case .member(let generation) = consumers[number].phase,
            let partition = consumers[number].owned.randomElement(using: &random)
        else { return }
        let offset = nextOffset
        nextOffset += 1
        let token = world.commit(offset, consumers[number].id, generation, partition: Int32(partition))
        inFlight.append((token, Int32(partition), offset))
    }

    private func leave(_ number: Int) {
        guard case .member = consumers[number].phase else { return }
        _ = world.leave(consumers[number].id, instance: consumers[number].instance)
        consumers[number].id = ""
        rejoin(number)
    }

    private func die(_ number: Int) {
        dropConnection(number)
        consumers[number].phase = .dead
        consumers[number].owned = []
    }

    private func dropConnection(_ number: Int) {
        switch consumers[number].phase {
        case .joining(let token), .syncing(let token, _):
            world.run { $0.connectionGone(token, in: "g") }
            if world.open.contains(token) { fail("an answer is held for a connection that is gone") }
            rejoin(number)
        case .out, .member, .dead: break
        }
    }

    private func subscribeElse(_ number: Int) {
        guard case .member = consumers[number].phase else { return }
        consumers[number].protocols.reverse()
        rejoin(number)
    }

    /// A part of what was on its way may have become durable.
    private func crash() {
        guard allowsTrouble else { return }
        let kept = Int.random(in: 0...world.appends.count, using: &random)
        var survivors: [(partition: Int32, offset: Int64)] = []
        for (records, _) in world.appends.prefix(kept) {
            for case .offset(let key, let offset?) in records { survivors.append((key.partition, offset.offset.value)) }
        }
        world.crash(keepingInFlight: kept)
        for survivor in survivors { committed[survivor.partition] = survivor.offset }
        inFlight = []
        for number in consumers.indices {
            switch consumers[number].phase {
            // Their requests failed with their connections.
            case .joining, .syncing: rejoin(number)
            case .out, .member, .dead: break
            }
        }
    }

    // MARK: Answers

    private func takeAnswers() {
        for (token, partition, offset) in inFlight where world.outcome(token) == ErrorCode.none {
            committed[partition] = offset
        }
        inFlight.removeAll { world.outcome($0.token) != nil }
        for number in consumers.indices {
            switch consumers[number].phase {
            case .joining(let token): if let answer = world.joined(token) { joined(number, answer) }
            case .syncing(let token, let generation):
                if let answer = world.synced(token) { synced(number, answer, generation) }
            case .out, .member, .dead: break
            }
        }
    }

    private func joined(_ number: Int, _ answer: JoinGroupResponse) {
        consumers[number].phase = .out
        if answer.errorCode == .memberIDRequired {
            consumers[number].id = answer.memberID
            return join(number)
        }
        guard answer.errorCode == .none else { return follow(number, answer.errorCode) }
        consumers[number].id = answer.memberID
        let name = answer.protocolName ?? ""
        if !consumers[number].protocols.contains(name) { fail("a generation's protocol is one that a member lacks") }
        if let other = protocolOfGeneration[answer.generationID], other != name, world.appends.isEmpty {
            // A generation that was never durable may come again after a crash.
            if assignments[answer.generationID] != nil { fail("one generation has two protocols") }
        }
        protocolOfGeneration[answer.generationID] = name
        var assignment: [String: String] = [:]
        if answer.leader == answer.memberID && !answer.skipAssignment {
            if !answer.members.contains(where: { $0.memberID == answer.memberID }) { fail("a leader is no member") }
            for partition in 0..<Self.partitions where !answer.members.isEmpty {
                let owner = answer.members[partition % answer.members.count].memberID
                assignment[owner, default: "\(seed)-\(nextOffset):"] += "\(partition),"
            }
            nextOffset += 1
        }
        let token = world.sync(
            answer.memberID, answer.generationID, instance: consumers[number].instance, assignment)
        consumers[number].phase = .syncing(token, generation: answer.generationID)
    }

    private func synced(_ number: Int, _ answer: SyncGroupResponse, _ generation: Int32) {
        guard answer.errorCode == .none else {
            rejoin(number)
            return follow(number, answer.errorCode)
        }
        consumers[number].phase = .member(generation: generation)
        consumers[number].generation = generation
        let text = String(buffer: answer.assignment)
        consumers[number].owned = Set(
            text.split(separator: ":").last?.split(separator: ",").compactMap { Int($0) } ?? [])
        // All of a generation have what one leader said at one time.
        let plan = String(text.prefix { $0 != ":" })
        if !plan.isEmpty {
            let others = Set((assignments[generation] ?? [:]).values)
            if !others.isEmpty && !others.contains(plan) { fail("generation \(generation) was assigned twice") }
            assignments[generation, default: [:]][consumers[number].id] = plan
        }
    }

    // MARK: What must be true

    private func check() {
        var owners: [Int32: [Int: Int]] = [:]
        for (number, consumer) in consumers.enumerated() {
            guard case .member(let generation) = consumer.phase else { continue }
            for partition in consumer.owned {
                if let other = owners[generation]?[partition] {
                    fail("consumers \(other) and \(number) have partition \(partition) in generation \(generation)")
                }
                owners[generation, default: [:]][partition] = number
            }
        }
        for (partition, offset) in committed where world.committed(partition: partition) != offset {
            fail("partition \(partition): \(world.committed(partition: partition)), not \(offset), is committed")
        }
        guard let group = world.group else { return }
        if group.awaitingJoin != group.members.values.count(where: { $0.isAwaitingJoin }) { fail("awaitingJoin") }
        if let leader = group.leader, group.members[leader] == nil { fail("the leader is no member") }
        if !group.members.isEmpty && group.leader == nil { fail("members without a leader") }
        for (instance, id) in group.staticMembers where group.members[id]?.instanceID != instance { fail("static") }
        for member in group.members.values where !member.satisfiesHeartbeat {
            if world.table.timers.deadline(of: .session(group: "g", member: member.id)) == nil {
                fail("\(member.id) could be dead for ever")
            }
        }
        if group.state == .preparingRebalance, world.table.timers.deadline(of: .join(group: "g")) == nil {
            fail("a rebalance that may never end")
        }
    }

    // MARK: The end

    /// Without trouble, everybody who lives is in one generation, and every partition has an owner.
    func calmDown() {
        allowsTrouble = false
        for number in consumers.indices where consumers[number].phase == .dead {
            rejoin(number); consumers[number].id = ""
        }
        for _ in 0..<400 {
            while !world.appends.isEmpty { finishAppend() }
            takeAnswers()
            for number in consumers.indices { act(number) }
            takeAnswers()
            world.advance(200)
            takeAnswers()
            check()
        }
        let generations = Set(consumers.map(\.current))
        if generations.count != 1 || generations.contains(-1) {
            fail("no common generation: \(consumers.map(\.phase))")
        }
        if consumers.reduce(0, { $0 + $1.owned.count }) != Self.partitions { fail("partitions without an owner") }
        if world.group?.members.count != consumers.count { fail("members that nobody is") }
        if !world.open.isEmpty { fail("answers that are owed: \(world.open.count)") }
    }

    /// Everybody dies, and a week goes by: nothing is left, in memory or in the log.
    func end() {
        world.writesAtOnce = true
        world.advance(8000)
        if world.state != .empty { fail("a group of the dead is \(String(describing: world.state))") }
        world.advance(8 * 86_400_000)
        if world.group != nil || world.table.ledger.bytes != 0 { fail("\(world.table.ledger.bytes) bytes are left") }
        if world.table.timers.count != 1 { fail("\(world.table.timers.count) timers are left") }
        if !world.stored.groups.isEmpty || !world.stored.offsets.isEmpty { fail("the log is not empty") }
    }
}
