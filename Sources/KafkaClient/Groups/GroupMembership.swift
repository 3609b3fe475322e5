package import KafkaProtocol

/// Decides what a member of a group does next: knows no connection, no clock and no records.
///
/// Whoever performs asks `nextStep`, does it, and tells what came of it. The rules are those of Kafka's own client
/// (`AbstractCoordinator.java`, `ConsumerCoordinator.java`; KIP-345, KIP-394, KIP-429):
/// - what a member has is given up only after what was delivered of it is committed, unless it was lost: then a commit
///   would be refused anyway;
/// - under the eager protocol everything is given up before joining; under the cooperative one only what the new
///   assignment lacks, followed by another join;
/// - a coordinator that cannot be reached costs nothing: the member stays one until the coordinator says otherwise.
package struct GroupMembership: Sendable {
    package enum Step: Sendable, Equatable {
        case findCoordinator
        /// Deliver nothing more of these; unless they are lost, have what was delivered written out and committed.
        case giveUp(Set<TopicPartition>, isLost: Bool)
        case join
        case sync
        /// Begin to read these at the group's offsets.
        case takeUp(Set<TopicPartition>)
        /// Nothing, until something happens.
        case stay
        /// End: nothing heals this.
        case fail(ErrorCode, during: APIKey)
    }

    package enum Phase: Sendable {
        /// Not a member of the present generation, as far as is known.
        case out
        /// Of a generation, without its assignment.
        case joined
        case stable
    }

    /// What a commit's answer means for the offsets in it.
    package enum CommitVerdict: Sendable, Equatable {
        case done
        case again
        /// They are somebody else's to commit now.
        case void
    }

    package let groupID: String
    package let instanceID: String?
    package let assignors: [PartitionAssignor]
    package private(set) var phase = Phase.out
    package private(set) var memberID = ""
    package private(set) var generation: Int32 = -1
    /// The one that the group chose.
    package private(set) var assignor: PartitionAssignor?
    /// What this member reads.
    package private(set) var owned: Set<TopicPartition> = []
    /// What others said who joined; for the leader only.
    package private(set) var members: [JoinGroupResponse.Member] = []
    package private(set) var isLeader = false
    package private(set) var skipsAssignment = false
    /// Failures in a row, for the back-off.
    package private(set) var failures = 0
    package private(set) var knowsCoordinator = false
    /// The assignment where it is not yet carried out.
    private var target: Set<TopicPartition>?
    private var needsJoin = true
    private var joinsAfterwards = false
    /// What it has may be another's: nothing of it can be committed any more.
    package private(set) var isLost = false
    /// Out of the group until `resumed`.
    package private(set) var isStalled = false
    /// A join waits for its answer: the coordinator waits for others, and expects nothing.
    private var isJoining = false
    private var topics: Set<String> = []
    private var failure: (code: ErrorCode, api: APIKey)?

    package init(groupID: String, instanceID: String? = nil, assignors: [PartitionAssignor]) {
        precondition(!assignors.isEmpty, "BUG: a member that knows no way to assign")
        self.groupID = groupID
        self.instanceID = instanceID
        self.assignors = assignors
    }

    /// A member that offers an eager way must be ready for it, and so has nothing in hand when it joins.
    package var isCooperative: Bool { assignors.allSatisfy(\.isCooperative) }

    /// Whether the coordinator expects heartbeats.
    package var beats: Bool { phase != .out && !isJoining && knowsCoordinator && failure == nil }

    /// Whether all of the assignment is being read and nothing is underway.
    package var isSettled: Bool { phase == .stable && !needsJoin && target == nil && failure == nil }

    package func nextStep() -> Step {
        if let failure { return .fail(failure.code, during: failure.api) }
        if isLost { return .giveUp(owned, isLost: true) }
        if isStalled { return .stay }
        if needsJoin {
            let surplus = isCooperative ? owned.filter { !topics.contains($0.topic) } : owned
            if !surplus.isEmpty { return .giveUp(surplus, isLost: false) }
            return knowsCoordinator ? .join : .findCoordinator
        }
        if !knowsCoordinator { return .findCoordinator }
        switch phase {
        case .out: return .join
        case .joined: return .sync
        case .stable:
            guard let target else { return .stay }
            let surplus = owned.subtracting(target)
            if !surplus.isEmpty { return .giveUp(surplus, isLost: false) }
            return .takeUp(target.subtracting(owned))
        }
    }

    // MARK: What was done

    /// The topics wanted, from now on.
    package mutating func subscribe(to topics: Set<String>) {
        guard topics != self.topics else { return }
        self.topics = topics
        needsJoin = true
    }

    /// The topics that this member says it wants.
    package var subscription: MemberSubscription {
        MemberSubscription(topics: topics.sorted(), owned: owned.sorted(), generation: generation)
    }

    /// The group's topics have other partitions than the leader shared out.
    package mutating func topicsChanged() { if phase == .stable { needsJoin = true } }

    /// Its user asks for nothing any more: whoever performs has it leave the group.
    ///
    /// - Returns: false while a join or a sync awaits its answer, or for ever where the membership has failed.
    package mutating func stalled() -> Bool {
        guard phase != .joined, !isJoining, failure == nil else { return false }
        isStalled = true
        lose(.unknownMemberID)
        return true
    }

    /// Its user asks again.
    package mutating func resumed() { isStalled = false }

    package mutating func coordinatorFound() { knowsCoordinator = true }

    /// A join is on its way.
    package mutating func joinSent() { isJoining = true }

    package mutating func gaveUp(_ places: Set<TopicPartition>) {
        owned.subtract(places)
        // What was given up is free for others only when this member joins without it.
        if phase == .stable, target != nil, !isLost, assignor?.isCooperative ?? false { joinsAfterwards = true }
        if owned.isEmpty { isLost = false }
        settle()
    }

    package mutating func tookUp(_ places: Set<TopicPartition>) {
        failures = 0
        owned.formUnion(places)
        settle()
    }

    private mutating func settle() {
        guard phase == .stable, let target, target == owned else { return }
        self.target = nil
        if joinsAfterwards { needsJoin = true }
        joinsAfterwards = false
    }

    /// A request failed without the coordinator's answer.
    package mutating func failed(_ error: KafkaClientError, during api: APIKey) {
        failures += 1
        if api == .joinGroup { isJoining = false }
        switch error {
        case .apiNotSpoken: failure = (.unsupportedVersion, api)
        default: coordinatorLost()
        }
        // Whether a join or a sync came through is not known: a new join settles it.
        if api == .joinGroup || api == .syncGroup { leave() }
    }

    private mutating func coordinatorLost() { knowsCoordinator = false }

    private mutating func leave() {
        phase = .out
        needsJoin = true
        target = nil
        joinsAfterwards = false
    }

    /// The coordinator does not know this member, or not in this generation: what it had may be another's.
    private mutating func lose(_ code: ErrorCode) {
        if code == .unknownMemberID { memberID = "" }
        generation = -1
        isLost = !owned.isEmpty
        leave()
    }

    // MARK: What the coordinator answered

    package mutating func joinAnswered(_ answer: JoinGroupResponse) {
        isJoining = false
        switch answer.errorCode {
        case .none:
            guard let name = answer.protocolName, let chosen = PartitionAssignor(rawValue: name),
                assignors.contains(chosen)
            else { return failure = (.inconsistentGroupProtocol, .joinGroup) }
            (memberID, generation, assignor) = (answer.memberID, answer.generationID, chosen)
            isLeader = answer.leader == answer.memberID
            (members, skipsAssignment) = (answer.members, answer.skipAssignment)
            (phase, needsJoin, target, joinsAfterwards, failures) = (.joined, false, nil, false, 0)
        case .memberIDRequired: memberID = answer.memberID
        default: refused(answer.errorCode, .joinGroup)
        }
    }

    package mutating func syncAnswered(_ code: ErrorCode, _ assignment: Set<TopicPartition>) {
        guard phase == .joined else { return }
        guard code == .none else {
            refused(code, .syncGroup)
            return
        }
        members = []
        failures = 0
        phase = .stable
        target = assignment
        settle()
    }

    /// - Parameters memberID, generation: as they were sent; an answer about an earlier membership says nothing.
    package mutating func heartbeatAnswered(_ code: ErrorCode, memberID: String, generation: Int32) {
        guard memberID == self.memberID, generation == self.generation, phase != .out else { return }
        switch code {
        case .none: failures = 0
        // While a sync is underway its answer decides.
        case .rebalanceInProgress: if phase == .stable { needsJoin = true }
        default: refused(code, .heartbeat)
        }
    }

    package mutating func commitAnswered(_ code: ErrorCode, memberID: String, generation: Int32) -> CommitVerdict {
        if code == .none { return .done }
        guard memberID == self.memberID, generation == self.generation else { return .void }
        switch code {
        case .rebalanceInProgress:
            if phase == .stable { needsJoin = true }
            return .again
        case .requestTimedOut:
            coordinatorLost()
            return .again
        case .unknownTopicOrPartition: return .void
        default:
            refused(code, .offsetCommit)
            return code.isRetriable ? .again : .void
        }
    }

    private mutating func refused(_ code: ErrorCode, _ api: APIKey) {
        switch code {
        case .coordinatorLoadInProgress: failures += 1
        case .coordinatorNotAvailable, .notCoordinator:
            failures += 1
            coordinatorLost()
        case .rebalanceInProgress:
            failures += 1
            leave()
        case .unknownMemberID, .illegalGeneration: lose(code)
        default:
            guard code.isRetriable else { return failure = (code, api) }
            failures += 1
            coordinatorLost()
        }
        if api == .syncGroup { leave() }
    }
}
