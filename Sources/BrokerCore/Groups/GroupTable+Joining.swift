internal import KafkaProtocol
internal import NIOCore
internal import Primitives

extension GroupTable {
    /// Somebody wants to be a member of the next generation.
    func join(_ request: JoinGroupRequest, from caller: GroupCaller, _ token: ReplyToken) {
        if let refused = refusal(of: request) { return refuse(token, refused, request.memberID) }
        let isNew = request.memberID.isEmpty
        guard let group = groups[request.groupID] ?? (isNew ? newGroup(request.groupID) : nil) else {
            return refuse(token, isNew ? .groupMaxSizeReached : .unknownMemberID, isNew ? "" : request.memberID)
        }
        if !hasRoom(group, for: request) {
            removeRefused(request.memberID, from: group)
            refuse(token, .groupMaxSizeReached, "")
        } else if !group.supports(request.protocolType, request.protocols) {
            refuse(token, .inconsistentGroupProtocol, request.memberID)
        } else if isNew {
            joinNew(request, caller, group, token)
        } else {
            joinKnown(request, caller, group, token)
        }
        removeIfUnused(group)
    }

    func refuse(_ token: ReplyToken, _ code: ErrorCode, _ member: String) {
        emit(.joined(token, JoinGroupResponse(errorCode: code, memberID: member)))
    }

    private func refusal(of request: JoinGroupRequest) -> ErrorCode? {
        if request.groupID.isEmpty { return .invalidGroupID }
        let session = Int64(request.sessionTimeoutMilliseconds)
        let allowed = settings.minimumSessionMilliseconds...settings.maximumSessionMilliseconds
        return allowed.contains(session) ? nil : .invalidSessionTimeout
    }

    private func newGroup(_ id: String) -> Group? {
        isFull(adding: 600 + 2 * id.utf8.count) ? nil : makeGroup(id, since: now.wall)
    }

    /// Kafka's `acceptJoiningMember`, and the bounds in bytes that Kafka does not have.
    private func hasRoom(_ group: Group, for request: JoinGroupRequest) -> Bool {
        let known = group.members[request.memberID]
        let more = member(of: request, id: request.memberID, nil).bytes - (known?.bytes ?? 0)
        if more > 0 && (isFull(adding: more) || group.memberBytes + more > settings.maximumGroupBytes) { return false }
        // Ids that were only given away count too, or they would be without bound.
        if known == nil && group.pendingJoin.count > settings.maximumSize { return false }
        switch group.state {
        case .empty: return true
        case .preparingRebalance: return known?.isAwaitingJoin ?? false || group.awaitingJoin < settings.maximumSize
        case .completingRebalance, .stable: return known != nil || group.members.count < settings.maximumSize
        }
    }

    private func removeRefused(_ member: String, from group: Group) {
        if group.pendingJoin.contains(member) { return removePending(member, from: group) }
        guard group.members[member] != nil else { return }
        removeAndRebalance(member, from: group)
    }

    // MARK: Without an id

    private func joinNew(
        _ request: JoinGroupRequest, _ caller: GroupCaller, _ group: Group, _ token: ReplyToken
    ) {
        let id = makeMemberID(request.groupInstanceID ?? caller.clientID)
        if let instance = request.groupInstanceID {
            if let old = group.staticMembers[instance] {
                return replace(old, by: id, request, caller, group, token)
            }
        } else if caller.version >= 4 {
            // It joins again with its id, so that a client that gives up and tries anew is not two members (KIP-394).
            group.addPending(id)
            timers.set(
                .session(group: group.id, member: id), at: now.uptime + Int64(request.sessionTimeoutMilliseconds))
            return refuse(token, .memberIDRequired, id)
        }
        add(id, knowsItsID: false, request, caller, group, token)
    }

    private func add(
        _ id: String, knowsItsID: Bool, _ request: JoinGroupRequest, _ caller: GroupCaller, _ group: Group,
        _ token: ReplyToken
    ) {
        var member = member(of: request, id: id, caller)
        member.isNew = true
        member.knowsItsID = knowsItsID
        member.joining = .held(token)
        if group.state == .preparingRebalance && group.previousState == .empty { group.hasNewMember = true }
        group.add(member, protocolType: request.protocolType)
        // It cannot send heartbeats while its first join is held.
        extendSession(of: id, in: group, by: settings.newMemberJoinMilliseconds)
        rebalanceOrComplete(group)
    }

    func member(of request: JoinGroupRequest, id: String, _ caller: GroupCaller?) -> GroupMember {
        GroupMember(
            id: id, instanceID: request.groupInstanceID, clientID: caller?.clientID ?? "",
            clientHost: caller?.host ?? "",
            rebalanceMilliseconds: Int64(max(0, request.rebalanceTimeoutMilliseconds)),
            sessionMilliseconds: Int64(request.sessionTimeoutMilliseconds),
            // Nobody but a member keeps a copy.
            protocols: caller == nil
                ? request.protocols.map { .init(name: $0.name, metadata: $0.metadata) }
                : GroupMember.protocols(request.protocols))
    }

    // MARK: With an id

    private func joinKnown(
        _ request: JoinGroupRequest, _ caller: GroupCaller, _ group: Group, _ token: ReplyToken
    ) {
        let id = request.memberID
        if group.pendingJoin.contains(id) {
            // Static members are given no id to wait with.
            if request.groupInstanceID != nil { return refuse(token, .unknownMemberID, id) }
            return add(id, knowsItsID: true, request, caller, group, token)
        }
        if let refused = refusal(of: id, request.groupInstanceID, in: group) { return refuse(token, refused, id) }
        guard let member = group.members[id] else { return refuse(token, .unknownMemberID, id) }
        let isUnchanged = member.protocols == GroupMember.protocols(request.protocols)
        switch group.state {
        case .empty: refuse(token, .unknownMemberID, id)
        case .preparingRebalance: rejoin(id, request, group, token)
        // It did not get the answer to its join, perhaps: the generation as it is.
        case .completingRebalance where isUnchanged: answerCurrent(id, group, token)
        // A leader that joins wants to assign anew, since there are more partitions, for instance.
        case .stable where isUnchanged && !group.isLeader(id): answerCurrent(id, group, token)
        case .completingRebalance, .stable: rejoin(id, request, group, token)
        }
    }

    private func rejoin(_ id: String, _ request: JoinGroupRequest, _ group: Group, _ token: ReplyToken) {
        update(id, with: request, group, token)
        rebalanceOrComplete(group)
    }

    func update(_ id: String, with request: JoinGroupRequest, _ group: Group, _ token: ReplyToken) {
        // The same member asks again, on another connection: the first answer is not waited for any more.
        if case .held(let first) = group.members[id]?.joining { refuse(first, .rebalanceInProgress, id) }
        group.update(id) { member in
            member.protocols = GroupMember.protocols(request.protocols)
            member.rebalanceMilliseconds = Int64(max(0, request.rebalanceTimeoutMilliseconds))
            member.sessionMilliseconds = Int64(request.sessionTimeoutMilliseconds)
            member.joining = .held(token)
        }
    }

    private func answerCurrent(_ id: String, _ group: Group, _ token: ReplyToken) {
        extendSession(of: id, in: group)
        emit(.joined(token, joinAnswer(for: id, group)))
    }

    /// The answer to a member of a generation.
    func joinAnswer(for id: String, _ group: Group) -> JoinGroupResponse {
        JoinGroupResponse(
            generationID: group.generation, protocolType: group.protocolType, protocolName: group.protocolName,
            leader: group.leader ?? "", memberID: id, members: group.isLeader(id) ? subscriptions(group) : [])
    }

    func subscriptions(_ group: Group) -> [JoinGroupResponse.Member] {
        group.membersInOrder.map { member in
            JoinGroupResponse.Member(
                memberID: member.id, groupInstanceID: member.instanceID,
                metadata: member.metadata(of: group.protocolName))
        }
    }

    /// Kafka's `validateMember`: why a request of that member is not taken.
    func refusal(of member: String, _ instance: String?, in group: Group) -> ErrorCode? {
        if let instance {
            guard let current = group.staticMembers[instance] else { return .unknownMemberID }
            if current != member { return .fencedInstanceID }
        }
        return group.members[member] == nil ? .unknownMemberID : nil
    }

    // MARK: Connections that end

    /// The connection on which a member waits is gone; the answer is given up.
    ///
    /// Kafka does not notice (it reads nothing while it holds an answer), so a member that joined counts as joined, and
    /// when it is dead its session ends in the generation that follows. That is kept, since to wait for it would hold
    /// everybody up; only somebody who was never told his id, and so can never come back, leaves at once.
    func connectionGone(_ token: ReplyToken, in id: String) {
        guard let group = groups[id] else { return }
        if let member = group.members.values.first(where: { $0.joining == .held(token) }) {
            group.update(member.id) { $0.joining = .gone }
            refuse(token, .coordinatorNotAvailable, member.id)
            if member.isNew && !member.knowsItsID && member.instanceID == nil {
                removeAndRebalance(member.id, from: group)
            } else {
                extendSession(of: member.id, in: group)
            }
        } else if let member = group.members.values.first(where: { $0.sync == token }) {
            // It is a member still, for its session.
            group.update(member.id) { $0.sync = nil }
            extendSession(of: member.id, in: group)
            emit(.synced(token, SyncGroupResponse(errorCode: .coordinatorNotAvailable)))
        }
    }
}
