internal import KafkaProtocol
internal import NIOCore
internal import Primitives

extension GroupTable {
    /// A member asks for its assignment; the leader brings everyone's.
    func sync(_ request: SyncGroupRequest, _ token: ReplyToken) {
        let id = request.memberID
        guard let group = groups[request.groupID], group.state != .empty else {
            return refuse(token, request.groupID.isEmpty ? .invalidGroupID : .unknownMemberID)
        }
        if let refused = refusal(of: request, in: group) { return refuse(token, refused) }
        switch group.state {
        case .empty, .preparingRebalance: refuse(token, .rebalanceInProgress)
        case .stable:
            group.pendingSync.remove(id)
            extendSession(of: id, in: group)
            emit(.synced(token, answer(group, group.members[id]?.assignment ?? ByteBuffer())))
        case .completingRebalance:
            // It asks again, on another connection.
            if let first = group.members[id]?.sync { refuse(first, .rebalanceInProgress) }
            group.update(id) { $0.sync = token }
            group.pendingSync.remove(id)
            if group.isLeader(id) { store(request, in: group) }
        }
    }

    private func refuse(_ token: ReplyToken, _ code: ErrorCode) {
        emit(.synced(token, SyncGroupResponse(errorCode: code)))
    }

    private func refusal(of request: SyncGroupRequest, in group: Group) -> ErrorCode? {
        if let refused = refusal(of: request.memberID, request.groupInstanceID, in: group) { return refused }
        if request.generationID != group.generation { return .illegalGeneration }
        let isTypeOther = request.protocolType.map { $0 != group.protocolType } ?? false
        let isNameOther = request.protocolName.map { $0 != group.protocolName } ?? false
        return isTypeOther || isNameOther ? .inconsistentGroupProtocol : nil
    }

    private func answer(_ group: Group, _ assignment: ByteBuffer) -> SyncGroupResponse {
        SyncGroupResponse(protocolType: group.protocolType, protocolName: group.protocolName, assignment: assignment)
    }

    /// Has the assignments written: nobody gets one that a crash could take back.
    private func store(_ request: SyncGroupRequest, in group: Group) {
        var assignments: [String: ByteBuffer] = [:]
        var bytes = 0
        for entry in request.assignments where group.members[entry.memberID] != nil {
            bytes += entry.assignment.readableBytes
            assignments[entry.memberID] = entry.assignment.copied
        }
        if group.memberBytes + bytes > settings.maximumGroupBytes || isFull(adding: bytes) {
            // As where a group's record is too large for Kafka's log.
            return assigned(group, group.generation, [:], .recordListTooLarge)
        }
        emit(
            .append(
                [.group(group.id, metadata(of: group, assignments: assignments))],
                .assignment(group: group.id, generation: group.generation, assignments)))
    }

    /// The assignments are durable, or not.
    func assigned(_ group: Group, _ generation: Int32, _ assignments: [String: ByteBuffer], _ error: ErrorCode) {
        // Another member may have joined meanwhile, or the leader asked twice.
        guard group.state == .completingRebalance, group.generation == generation else { return }
        guard error == .none else {
            failSyncs(of: group, error.ofGroupAppend)
            return rebalanceOrComplete(group)
        }
        group.move(to: .stable, now: now.wall)
        for member in group.membersInOrder {
            let assignment = assignments[member.id] ?? ByteBuffer()
            group.update(member.id) { member in
                member.assignment = assignment
                member.sync = nil
            }
            guard let token = member.sync else { continue }
            emit(.synced(token, answer(group, assignment)))
            // It may have ended while the answer was held.
            extendSession(of: member.id, in: group)
        }
    }

    /// Everyone who waits for an assignment is told that there is none.
    func failSyncs(of group: Group, _ code: ErrorCode) {
        for member in group.membersInOrder {
            group.update(member.id) { member in
                member.assignment = ByteBuffer()
                member.sync = nil
            }
            guard let token = member.sync else { continue }
            refuse(token, code)
            extendSession(of: member.id, in: group)
        }
    }

    /// Members that did not ask for their assignment in time are taken for dead.
    func syncTimeEnded(_ group: Group) {
        guard group.state == .completingRebalance || group.state == .stable, !group.pendingSync.isEmpty else { return }
        for id in group.pendingSync { drop(id, from: group) }
        prepareRebalance(group)
    }

    // MARK: Heartbeats

    func heartbeat(_ request: HeartbeatRequest) -> ErrorCode {
        if request.groupID.isEmpty { return .invalidGroupID }
        guard let group = groups[request.groupID] else { return .unknownMemberID }
        if let refused = refusal(of: request.memberID, request.groupInstanceID, in: group) { return refused }
        if request.generationID != group.generation { return .illegalGeneration }
        switch group.state {
        case .empty: return .unknownMemberID
        case .preparingRebalance:
            extendSession(of: request.memberID, in: group)
            return .rebalanceInProgress
        // Members send heartbeats from the answer to their join on.
        case .completingRebalance, .stable:
            extendSession(of: request.memberID, in: group)
            return .none
        }
    }

    // MARK: Leaving

    func leave(_ request: LeaveGroupRequest) -> LeaveGroupResponse {
        if request.groupID.isEmpty { return LeaveGroupResponse(errorCode: .invalidGroupID) }
        let group = groups[request.groupID]
        let results = request.members.map { leaving in
            LeaveGroupResponse.Member(
                memberID: leaving.memberID, groupInstanceID: leaving.groupInstanceID,
                errorCode: group.map { leave(leaving, $0) } ?? .unknownMemberID)
        }
        if let group, results.contains(where: { $0.errorCode == .none }) {
            rebalanceAfterLeaving(group)
            removeIfUnused(group)
        }
        return LeaveGroupResponse(members: results)
    }

    private func leave(_ leaving: LeaveGroupRequest.Member, _ group: Group) -> ErrorCode {
        if leaving.memberID.isEmpty {
            // An administrator names static members only.
            guard let id = leaving.groupInstanceID.flatMap({ group.staticMembers[$0] }) else { return .unknownMemberID }
            drop(id, from: group)
            return .none
        }
        if group.pendingJoin.contains(leaving.memberID) {
            group.remove(leaving.memberID)
            timers.cancel(.session(group: group.id, member: leaving.memberID))
            return .none
        }
        if let refused = refusal(of: leaving.memberID, leaving.groupInstanceID, in: group) { return refused }
        drop(leaving.memberID, from: group)
        return .none
    }
}
