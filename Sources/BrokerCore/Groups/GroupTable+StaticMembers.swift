internal import KafkaProtocol
internal import NIOCore
internal import Primitives

// Static members (KIP-345): who comes back under its instance id takes the place of who was there, and nobody else
// notices, unless it changes what the generation was made of.
extension GroupTable {
    func replace(
        _ old: String, by new: String, _ request: JoinGroupRequest, _ caller: GroupCaller, _ group: Group,
        _ token: ReplyToken
    ) {
        let leaderBefore = group.leader
        fence(old, in: group)
        group.rename(old, to: new)
        timers.cancel(.session(group: group.id, member: old))
        update(new, with: request, group, token)
        group.update(new) { $0.knowsItsID = false }
        extendSession(of: new, in: group)
        switch group.state {
        case .stable:
            guard group.selectedProtocol == group.protocolName else { return rebalanceOrComplete(group) }
            emit(
                .append(
                    [.group(group.id, metadata(of: group, assignments: nil))],
                    .replacement(
                        group: group.id, member: new,
                        StaticReplacement(version: caller.version, leaderBefore: leaderBefore))))
        // The old id may be on its way to the leader, who would assign to it.
        case .completingRebalance: prepareRebalance(group)
        case .preparingRebalance: completeJoinIfReady(group)
        case .empty: preconditionFailure("BUG: an empty group had a static member")
        }
    }

    /// Whoever still waits under the old id is told.
    private func fence(_ old: String, in group: Group) {
        guard let member = group.members[old] else { return }
        if case .held(let first) = member.joining { refuse(first, .fencedInstanceID, old) }
        if let sync = member.sync { emit(.synced(sync, SyncGroupResponse(errorCode: .fencedInstanceID))) }
        group.update(old) { member in
            member.joining = .no
            member.sync = nil
        }
    }

    /// The new id is durable, or not. Where it is not, the member is to join once more; Kafka goes back to the old id.
    func replaced(_ member: String, in group: Group, _ replacement: StaticReplacement, _ error: ErrorCode) {
        // Where a rebalance began meanwhile, it is answered with that.
        guard group.state == .stable, let joining = group.members[member]?.joining else { return }
        group.update(member) { $0.joining = .no }
        guard case .held(let token) = joining else { return }
        if error != .none { return refuse(token, error.ofGroupAppend, "") }
        extendSession(of: member, in: group)
        group.update(member) { $0.knowsItsID = true }
        var answer = joinAnswer(for: member, group)
        if replacement.version >= 9 {
            // It leads, and has nothing to assign (KIP-814).
            answer.skipAssignment = group.isLeader(member)
        } else {
            // A leader of its old id is one that it is not: so it does not assign.
            answer.leader = replacement.leaderBefore ?? ""
            answer.members = []
        }
        emit(.joined(token, answer))
    }

    /// What the log is to know of a group.
    ///
    /// - Parameter assignments: instead of the members' own.
    func metadata(of group: Group, assignments: [String: ByteBuffer]?) -> GroupMetadata {
        GroupMetadata(
            protocolType: group.protocolType ?? "", generation: group.generation, protocolName: group.protocolName,
            leader: group.leader, since: group.since ?? .none,
            members: group.membersInOrder.map { member in
                GroupMetadata.Member(
                    id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost, rebalanceMilliseconds: Int32(clamping: member.rebalanceMilliseconds),
                    sessionMilliseconds: Int32(clamping: member.sessionMilliseconds),
                    subscription: member.metadata(of: group.protocolName),
                    assignment: assignments.map { $0[member.id] ?? ByteBuffer() } ?? member.assignment)
            })
    }
}

extension ErrorCode {
    /// How Kafka answers members where a group could not be written
    /// (`GroupMetadataManager.appendGroupMetadataErrorToResponseError`).
    var ofGroupAppend: ErrorCode {
        switch self {
        case .unknownTopicOrPartition, .notEnoughReplicas, .requestTimedOut: .coordinatorNotAvailable
        case .notLeaderOrFollower, .kafkaStorageError: .notCoordinator
        case .messageTooLarge, .recordListTooLarge, .invalidFetchSize: .unknownServerError
        default: self
        }
    }

    /// How Kafka answers a commit that could not be written.
    var ofOffsetAppend: ErrorCode {
        switch self {
        case .messageTooLarge, .recordListTooLarge, .invalidFetchSize: .invalidCommitOffsetSize
        default: ofGroupAppend
        }
    }
}
