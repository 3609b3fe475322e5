import KafkaClient
import KafkaProtocol
import TestSupport
import Testing

/// Members under a coordinator that loses them, moves, forgets and rebalances at any moment. After each step nobody of
/// the present generation reads what another of it reads, and when peace comes everything is read by somebody.
@Suite struct MembershipModelTests {
    @Test(arguments: 0..<120)
    func `no two members of one generation read one partition, and in the end each is read by one`(seed: UInt64) throws
    {
        let assignors: [PartitionAssignor] =
            seed.isMultiple(of: 2) ? [.cooperativeSticky] : [.range, .cooperativeSticky]
        var group = SimulatedGroup(seed: seed, memberCount: 2 + Int(seed % 4), assignors)
        for _ in 0..<600 {
            try group.step(quiet: false)
            try group.checkOwnership()
        }
        for _ in 0..<20_000 where !group.isAtRest { try group.step(quiet: true) }
        #expect(group.isAtRest, "seed \(seed): no peace: \(group.unrest)")
        try group.checkOwnership()
        let read = group.members.flatMap { $0.machine.owned }
        #expect(Set(read) == group.all && read.count == group.all.count, "seed \(seed)")
    }
}

/// A coordinator as simple as the protocol lets it be, and members that act on it one step at a time.
private struct SimulatedGroup {
    struct Member {
        var machine: GroupMembership
        /// The generation in which it was last told an assignment.
        var heard: Int32 = -1
    }

    struct Admitted {
        var member: Int
        var generation: Int32
        var said: MemberSubscription
    }

    var random: SeededGenerator
    var members: [Member]
    let all: Set<TopicPartition>
    private let assignors: [PartitionAssignor]
    private var generation: Int32 = 0
    private var isRebalancing = false
    /// Those whom the coordinator knows, by id.
    private var admitted: [String: Admitted] = [:]
    private var joining: [String: MemberSubscription] = [:]
    private var shares: [String: [TopicPartition]] = [:]
    private var nextID = 0

    init(seed: UInt64, memberCount: Int, _ assignors: [PartitionAssignor]) {
        random = SeededGenerator(seed: seed)
        self.assignors = assignors
        members = (0..<memberCount).map { _ in
            var machine = GroupMembership(groupID: "g", assignors: assignors)
            machine.subscribe(to: ["t"])
            return Member(machine: machine)
        }
        all = Set((0..<7).map { TopicPartition(topic: "t", partition: $0) })
    }

    var isAtRest: Bool { !isRebalancing && members.allSatisfy { $0.machine.isSettled && $0.heard == generation } }

    var unrest: String {
        let states = members.map { "\($0.machine.nextStep()) heard \($0.heard) has \($0.machine.generation)" }
        return "generation \(generation), rebalancing \(isRebalancing): \(states)"
    }

    mutating func step(quiet: Bool) throws {
        let index = Int.random(in: members.indices, using: &random)
        if !quiet, random.chance(12) { disturb(index) }
        if members[index].machine.isStalled, quiet || random.chance(20) { members[index].machine.resumed() }
        if random.chance(30) { heartbeat(index) }
        switch members[index].machine.nextStep() {
        case .findCoordinator: members[index].machine.coordinatorFound()
        case .giveUp(let places, let isLost):
            if !isLost { commit(index) }
            // What a commit's answer changed is decided anew.
            if members[index].machine.nextStep() == .giveUp(places, isLost: isLost) {
                members[index].machine.gaveUp(places)
            }
        case .join: join(index)
        case .sync: sync(index)
        case .takeUp(let places): members[index].machine.tookUp(places)
        case .stay: break
        case .fail(let code, let api): throw Failed(text: "\(api): \(code)")
        }
    }

    struct Failed: Error { var text: String }

    private mutating func disturb(_ index: Int) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            // Its heartbeats were lost: the coordinator gives it up.
            admitted[members[index].machine.memberID] = nil
            isRebalancing = true
        case 1: members[index].machine.failed(.closed, during: .heartbeat)
        case 4:
            // Its user does something else, and it leaves.
            let memberID = members[index].machine.memberID
            guard members[index].machine.stalled() else { return }
            admitted[memberID] = nil
            isRebalancing = true
        case 2: members[index].machine.failed(.closed, during: .joinGroup)
        case 3:
            members[index].machine.heartbeatAnswered(
                .notCoordinator, memberID: members[index].machine.memberID,
                generation: members[index].machine.generation)
        default: isRebalancing = true
        }
    }

    /// What the coordinator says to whoever speaks as this member.
    private func verdict(_ machine: GroupMembership) -> ErrorCode {
        guard let known = admitted[machine.memberID] else { return .unknownMemberID }
        return known.generation == machine.generation ? .none : .illegalGeneration
    }

    private mutating func heartbeat(_ index: Int) {
        let machine = members[index].machine
        guard machine.beats else { return }
        var code = verdict(machine)
        if code == .none, isRebalancing { code = .rebalanceInProgress }
        members[index].machine.heartbeatAnswered(code, memberID: machine.memberID, generation: machine.generation)
    }

    private mutating func commit(_ index: Int) {
        let machine = members[index].machine
        _ = members[index].machine.commitAnswered(
            verdict(machine), memberID: machine.memberID, generation: machine.generation)
    }

    private mutating func join(_ index: Int) {
        var id = members[index].machine.memberID
        if id.isEmpty {
            id = "m\(nextID)"
            nextID += 1
            return members[index].machine.joinAnswered(JoinGroupResponse(errorCode: .memberIDRequired, memberID: id))
        }
        if admitted[id] == nil, joining[id] == nil, random.chance(20) {
            return members[index].machine.joinAnswered(JoinGroupResponse(errorCode: .unknownMemberID))
        }
        isRebalancing = true
        members[index].machine.joinSent()
        joining[id] = members[index].machine.subscription
        // Answered when everybody whom the coordinator knows has joined; those who do not come are given up.
        let missing = admitted.keys.filter { joining[$0] == nil }
        if !missing.isEmpty {
            guard random.chance(5) else { return }
            for lost in missing { admitted[lost] = nil }
        }
        generation += 1
        isRebalancing = false
        let (chosen, sharers) = (assignors[0], joining)
        shares = chosen.assign(
            ["t": all.count], to: sharers.map { PartitionAssignor.Member(id: $0.key, subscription: $0.value) })
        for other in members.indices {
            let otherID = other == index ? id : members[other].machine.memberID
            guard let said = joining[otherID], members[other].machine.nextStep() == .join else { continue }
            admitted[otherID] = Admitted(member: other, generation: generation, said: said)
            members[other].machine.joinAnswered(
                JoinGroupResponse(
                    generationID: generation, protocolName: chosen.rawValue, leader: id, memberID: otherID))
        }
        joining = [:]
    }

    private mutating func sync(_ index: Int) {
        let machine = members[index].machine
        var code = verdict(machine)
        if code == .none, isRebalancing { code = .rebalanceInProgress }
        members[index].machine.syncAnswered(code, Set(shares[machine.memberID] ?? []))
        if code == .none { members[index].heard = machine.generation }
    }

    /// Whom the coordinator knows in the present generation, and who has an assignment of it, shares nothing.
    func checkOwnership() throws {
        var readers: [TopicPartition: String] = [:]
        for member in members where verdict(member.machine) == .none && member.machine.phase == .stable {
            guard member.machine.generation == generation else { continue }
            let surplus: Set<TopicPartition>
            if case .giveUp(let places, _) = member.machine.nextStep() { surplus = places } else { surplus = [] }
            for place in member.machine.owned.subtracting(surplus) {
                if let other = readers[place] {
                    throw Failed(text: "\(place) is read by \(other) and \(member.machine.memberID)")
                }
                readers[place] = member.machine.memberID
            }
        }
    }
}
