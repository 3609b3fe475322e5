import KafkaClient
import KafkaProtocol
import Testing

/// What a member does upon each answer, one rule of Kafka's client after the other.
@Suite struct MembershipTests {
    private func stable(
        _ assignors: [PartitionAssignor] = [.range], instance: String? = nil,
        holding places: Set<TopicPartition> = [TopicPartition(topic: "t", partition: 0)]
    ) -> GroupMembership {
        var member = GroupMembership(groupID: "g", instanceID: instance, assignors: assignors)
        member.subscribe(to: ["t"])
        member.coordinatorFound()
        rejoin(&member, 1, places)
        return member
    }

    private func rejoin(_ member: inout GroupMembership, _ generation: Int32, _ places: Set<TopicPartition>) {
        member.joinAnswered(
            JoinGroupResponse(
                generationID: generation, protocolName: member.assignors[0].rawValue, leader: "other", memberID: "m"))
        member.syncAnswered(.none, places)
        while case .takeUp(let new) = member.nextStep() { member.tookUp(new) }
    }

    private let zero = TopicPartition(topic: "t", partition: 0)
    private let one = TopicPartition(topic: "t", partition: 1)

    @Test func `the way in is coordinator, join, join with the id given, sync, taking up`() {
        var member = GroupMembership(groupID: "g", assignors: [.range])
        member.subscribe(to: ["t"])
        #expect(member.nextStep() == .findCoordinator)
        member.coordinatorFound()
        #expect(member.nextStep() == .join)
        member.joinAnswered(JoinGroupResponse(errorCode: .memberIDRequired, memberID: "given"))
        #expect(member.nextStep() == .join)
        #expect(member.memberID == "given")
        #expect(!member.beats)
        member.joinAnswered(
            JoinGroupResponse(generationID: 1, protocolName: "range", leader: "given", memberID: "given"))
        #expect(member.isLeader && member.beats)
        #expect(member.nextStep() == .sync)
        member.syncAnswered(.none, [zero])
        #expect(member.nextStep() == .takeUp([zero]))
        #expect(!member.isSettled)
        member.tookUp([zero])
        #expect(member.nextStep() == .stay)
        #expect(member.isSettled)
    }

    @Test func `an eager member gives all up before it joins again`() {
        var member = stable(holding: [zero, one])
        member.heartbeatAnswered(.rebalanceInProgress, memberID: "m", generation: 1)
        #expect(member.nextStep() == .giveUp([zero, one], isLost: false))
        #expect(member.beats, "the coordinator waits for it meanwhile")
        member.gaveUp([zero, one])
        #expect(member.nextStep() == .join)
    }

    @Test func `a member that also offers an eager way is eager`() {
        var member = stable([.range, .cooperativeSticky])
        member.heartbeatAnswered(.rebalanceInProgress, memberID: "m", generation: 1)
        #expect(member.nextStep() == .giveUp([zero], isLost: false))
    }

    @Test func `a cooperative member keeps what it has, gives up what it must, and joins again for that`() {
        var member = stable([.cooperativeSticky], holding: [zero, one])
        member.heartbeatAnswered(.rebalanceInProgress, memberID: "m", generation: 1)
        #expect(member.nextStep() == .join)
        #expect(member.subscription.owned == [zero, one])
        member.joinAnswered(
            JoinGroupResponse(generationID: 2, protocolName: "cooperative-sticky", leader: "other", memberID: "m"))
        member.syncAnswered(.none, [one])
        #expect(member.nextStep() == .giveUp([zero], isLost: false))
        member.gaveUp([zero])
        #expect(member.nextStep() == .join)
        rejoin(&member, 3, [one])
        #expect(member.nextStep() == .stay)
        #expect(member.owned == [one])
    }

    @Test(arguments: [nil, "one"])
    func `a member whose user stalls has lost everything, and joins anew when the user asks again`(
        instance: String?
    ) {
        var member = stable(instance: instance)
        let stalled = member.stalled()
        #expect(stalled && member.isStalled)
        #expect(!member.beats)
        #expect(member.nextStep() == .giveUp([zero], isLost: true))
        member.gaveUp([zero])
        #expect(member.nextStep() == .stay)
        member.topicsChanged()
        member.failed(.closed, during: .heartbeat)
        #expect(member.nextStep() == .stay, "nothing but the user brings it back")
        member.resumed()
        #expect(member.nextStep() == .findCoordinator)
        member.coordinatorFound()
        #expect(member.nextStep() == .join)
        #expect(member.memberID.isEmpty)
        rejoin(&member, 4, [one])
        #expect(member.isSettled && member.owned == [one])
    }

    @Test func `a member that waits for the answer to its join stalls only after it`() {
        var member = stable()
        member.heartbeatAnswered(.rebalanceInProgress, memberID: "m", generation: 1)
        member.gaveUp([zero])
        member.joinSent()
        var stalled = member.stalled()
        #expect(!stalled && member.nextStep() == .join)
        member.joinAnswered(
            JoinGroupResponse(generationID: 2, protocolName: "range", leader: "other", memberID: "m"))
        stalled = member.stalled()
        #expect(!stalled && member.nextStep() == .sync)
        member.syncAnswered(.none, [zero])
        stalled = member.stalled()
        #expect(stalled && member.nextStep() == .stay)
    }

    @Test(arguments: [ErrorCode.unknownMemberID, .illegalGeneration])
    func `a member that is not known any more has lost everything and commits none of it`(code: ErrorCode) {
        for assignors in [[PartitionAssignor.range], [.cooperativeSticky]] {
            var member = stable(assignors)
            member.heartbeatAnswered(code, memberID: "m", generation: 1)
            #expect(member.nextStep() == .giveUp([zero], isLost: true))
            #expect(!member.beats)
            member.gaveUp([zero])
            #expect(member.nextStep() == .join)
            #expect(member.memberID == (code == .unknownMemberID ? "" : "m"))
        }
    }

    @Test func `a member that lost everything says so when a commit tells it too`() {
        var member = stable()
        #expect(member.commitAnswered(.illegalGeneration, memberID: "m", generation: 1) == .void)
        #expect(member.nextStep() == .giveUp([zero], isLost: true))
    }

    @Test func `a coordinator that is away or has moved costs no membership`() {
        for code in [ErrorCode.notCoordinator, .coordinatorNotAvailable] {
            var member = stable()
            member.heartbeatAnswered(code, memberID: "m", generation: 1)
            #expect(member.nextStep() == .findCoordinator)
            #expect(member.owned == [zero])
            member.coordinatorFound()
            #expect(member.nextStep() == .stay)
        }
        var member = stable()
        member.failed(.requestTimedOut(BrokerAddress(host: "h", port: 1), .heartbeat), during: .heartbeat)
        member.coordinatorFound()
        #expect(member.nextStep() == .stay)
        #expect(member.commitAnswered(.notCoordinator, memberID: "m", generation: 1) == .again)
        #expect(member.nextStep() == .findCoordinator)
    }

    @Test(arguments: [
        ErrorCode.fencedInstanceID, .groupAuthorizationFailed, .invalidSessionTimeout, .inconsistentGroupProtocol,
        .groupMaxSizeReached, .invalidGroupID,
    ])
    func `what nothing heals ends the member`(code: ErrorCode) {
        var member = GroupMembership(groupID: "g", assignors: [.range])
        member.coordinatorFound()
        member.joinAnswered(JoinGroupResponse(errorCode: code))
        #expect(member.nextStep() == .fail(code, during: .joinGroup))
    }

    @Test func `a static member that another has replaced ends by its heartbeat and by its commit`() {
        var member = stable(instance: "i")
        member.heartbeatAnswered(.fencedInstanceID, memberID: "m", generation: 1)
        #expect(member.nextStep() == .fail(.fencedInstanceID, during: .heartbeat))
        var committing = stable(instance: "i")
        #expect(committing.commitAnswered(.fencedInstanceID, memberID: "m", generation: 1) == .void)
        #expect(committing.nextStep() == .fail(.fencedInstanceID, during: .offsetCommit))
    }

    @Test func `answers about an earlier generation say nothing`() {
        var member = stable()
        rejoin(&member, 2, [zero])
        member.heartbeatAnswered(.unknownMemberID, memberID: "m", generation: 1)
        #expect(member.commitAnswered(.illegalGeneration, memberID: "m", generation: 1) == .void)
        #expect(member.nextStep() == .stay)
    }

    @Test func `a sync or a join that fails is followed by a join`() {
        for code in [ErrorCode.rebalanceInProgress, .notCoordinator, .illegalGeneration] {
            var member = GroupMembership(groupID: "g", assignors: [.range])
            member.coordinatorFound()
            member.joinAnswered(
                JoinGroupResponse(generationID: 1, protocolName: "range", leader: "x", memberID: "m"))
            member.syncAnswered(code, [])
            member.coordinatorFound()
            #expect(member.nextStep() == .join)
            #expect(member.failures > 0 || code == .illegalGeneration)
        }
    }

    @Test func `a change of topics is a reason to join again, an unchanged list is none`() {
        var member = stable()
        member.subscribe(to: ["t"])
        #expect(member.nextStep() == .stay)
        member.subscribe(to: ["t", "u"])
        #expect(member.nextStep() == .giveUp([zero], isLost: false))
        var cooperative = stable([.cooperativeSticky])
        cooperative.subscribe(to: ["u"])
        #expect(cooperative.nextStep() == .giveUp([zero], isLost: false), "nobody wants its topic any more")
    }
}
