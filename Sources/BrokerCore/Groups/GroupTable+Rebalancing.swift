internal import KafkaProtocol
internal import NIOCore
internal import Primitives

extension GroupTable {
    /// Something changed that needs a new generation, or that may complete the one in preparation.
    func rebalanceOrComplete(_ group: Group) {
        if group.state == .preparingRebalance { completeJoinIfReady(group) } else { prepareRebalance(group) }
    }

    /// Has every member join again, as heartbeats and syncs tell them.
    func prepareRebalance(_ group: Group) {
        if group.state == .completingRebalance { failSyncs(of: group, .rebalanceInProgress) }
        group.pendingSync.removeAll()
        timers.cancel(.sync(group: group.id))
        let isFirst = group.state == .empty
        group.move(to: .preparingRebalance, now: now.wall)
        if isFirst {
            // More are to come: so that not each of the first brings on a generation of its own.
            let delay = settings.initialRebalanceDelayMilliseconds
            group.initialDelay = (delay, max(0, group.rebalanceMilliseconds - delay))
            group.hasNewMember = false
            timers.set(.join(group: group.id), at: now.uptime + delay)
        } else if group.hasAllJoined {
            completeJoin(group)
        } else {
            timers.set(.join(group: group.id), at: now.uptime + group.rebalanceMilliseconds)
        }
    }

    func completeJoinIfReady(_ group: Group) {
        // The first generation of a group waits for its delay.
        guard group.state == .preparingRebalance, group.previousState != .empty, group.hasAllJoined else { return }
        completeJoin(group)
    }

    func joinTimeEnded(_ group: Group) {
        guard group.state == .preparingRebalance else { return }
        let (running, remaining) = group.initialDelay
        guard group.previousState == .empty, group.hasNewMember, remaining > 0 else { return completeJoin(group) }
        group.hasNewMember = false
        let delay = min(settings.initialRebalanceDelayMilliseconds, remaining)
        group.initialDelay = (delay, max(0, remaining - running))
        timers.set(.join(group: group.id), at: now.uptime + delay)
    }

    /// Those who have joined are the next generation.
    private func completeJoin(_ group: Group) {
        timers.cancel(.join(group: group.id))
        for member in group.membersInOrder where !member.isAwaitingJoin && member.instanceID == nil {
            drop(member.id, from: group)
        }
        if !group.electJoinedLeader() && !group.members.isEmpty {
            // Only static members are left, and none has come back: their sessions' ends decide.
            timers.set(.join(group: group.id), at: now.uptime + max(100, group.rebalanceMilliseconds))
            return
        }
        group.beginGeneration(now: now.wall)
        generations += 1
        guard group.state == .completingRebalance else {
            emit(.append([.group(group.id, metadata(of: group, assignments: [:]))], .emptied(group: group.id)))
            return
        }
        for member in group.membersInOrder {
            if case .held(let token) = member.joining {
                emit(.joined(token, joinAnswer(for: member.id, group)))
            }
            group.update(member.id) { member in
                member.joining = .no
                member.isNew = false
                member.knowsItsID = true
            }
            extendSession(of: member.id, in: group)
            group.pendingSync.insert(member.id)
        }
        timers.set(.sync(group: group.id), at: now.uptime + group.rebalanceMilliseconds)
    }

    // MARK: Members that go

    /// Takes a member out; whoever waits for its answer gets one. What follows for the group is not done.
    func drop(_ id: String, from group: Group) {
        guard let member = group.members[id] else { return }
        if case .held(let token) = member.joining { refuse(token, .unknownMemberID, "") }
        if let sync = member.sync { emit(.synced(sync, SyncGroupResponse(errorCode: .unknownMemberID))) }
        timers.cancel(.session(group: group.id, member: id))
        group.remove(id)
    }

    func removeAndRebalance(_ id: String, from group: Group) {
        drop(id, from: group)
        rebalanceAfterLeaving(group)
    }

    func rebalanceAfterLeaving(_ group: Group) {
        switch group.state {
        case .stable, .completingRebalance: prepareRebalance(group)
        case .preparingRebalance: completeJoinIfReady(group)
        case .empty: break
        }
    }

    /// Somebody who was given an id has not come with it.
    func removePending(_ id: String, from group: Group) {
        group.remove(id)
        timers.cancel(.session(group: group.id, member: id))
        completeJoinIfReady(group)
        removeIfUnused(group)
    }
}
