internal import KafkaProtocol
internal import NIOCore
internal import Primitives

extension GroupTable {
    /// Tombstones written together.
    private static let tombstonesAtOnce = 1000

    // MARK: On request

    /// Deletes groups without members, with their offsets.
    ///
    /// - Returns: what became of each; `token` is answered when those without error are durably gone, or not.
    func delete(_ ids: [String], _ token: ReplyToken) -> [ErrorCode] {
        var tombstones: [GroupRecord] = []
        var going: [String] = []
        let codes = ids.map { id in
            guard let group = groups[id] else { return ErrorCode.groupIDNotFound }
            guard group.state == .empty else { return .nonEmptyGroup }
            if !going.contains(id) {
                tombstones += offsetTombstones(of: group) { _, _ in true } + [.group(id, nil)]
                going.append(id)
            }
            return .none
        }
        delete(tombstones, groups: going, token)
        return codes
    }

    /// Deletes offsets that the group's members do not need.
    ///
    /// - Returns: why the request is refused as a whole; else what is refused of it, by topic.
    func deleteOffsets(
        of id: String, _ topics: [OffsetDeleteRequest.Topic], _ token: ReplyToken
    ) -> (code: ErrorCode, topics: [ErrorCode]) {
        let none = [ErrorCode](repeating: .none, count: topics.count)
        guard let group = groups[id] else {
            emit(.stored(token, .none))
            return (id.isEmpty ? .invalidGroupID : .groupIDNotFound, none)
        }
        guard group.state == .empty || group.usesConsumerProtocol else {
            emit(.stored(token, .none))
            return (.nonEmptyGroup, none)
        }
        let codes = topics.map { group.isSubscribed(to: $0.name) ? ErrorCode.groupSubscribedToTopic : .none }
        var tombstones: [GroupRecord] = []
        for (topic, code) in zip(topics, codes) where code == .none {
            for partition in Set(topic.partitions) where group.slot(topic.name, partition) != nil {
                tombstones.append(.offset(OffsetKey(group: id, topic: topic.name, partition: partition), nil))
            }
        }
        delete(tombstones, groups: [], token)
        return (.none, codes)
    }

    /// Deletes what all groups have of topics that are gone.
    func forget(topics isGone: (String) -> Bool, _ token: ReplyToken?) {
        var tombstones: [GroupRecord] = []
        for group in groups.values { tombstones += offsetTombstones(of: group) { topic, _ in isGone(topic) } }
        delete(tombstones, groups: [], token)
    }

    /// In pieces, so that no batch is too large; the last one answers.
    private func delete(_ tombstones: [GroupRecord], groups: [String], _ token: ReplyToken?) {
        var rest = tombstones[...]
        while rest.count > Self.tombstonesAtOnce {
            change(Array(rest.prefix(Self.tombstonesAtOnce)), deleting: [], nil)
            rest = rest.dropFirst(Self.tombstonesAtOnce)
        }
        if !rest.isEmpty { return change(Array(rest), deleting: groups, token) }
        if let token { emit(.stored(token, .none)) }
    }

    private func offsetTombstones(of group: Group, where matches: (String, OffsetSlot) -> Bool) -> [GroupRecord] {
        group.offsets.flatMap { topic, slots in
            slots.filter { matches(topic, $0.value) }.map { partition, _ in
                .offset(OffsetKey(group: group.id, topic: topic, partition: partition), nil)
            }
        }
    }

    // MARK: In time

    /// Deletes offsets whose time is up (KIP-211): of a group without members, counted from when it lost the last; of a
    /// consumer that is in no group, and of topics that a group no longer subscribes to, from their commit. A group that
    /// has nothing left goes too.
    func expire() {
        for group in groups.values {
            let hadOffsets = !group.offsets.isEmpty
            let tombstones = offsetTombstones(of: group) { topic, slot in isExpired(slot, topic, group) }
            let isDone = tombstones.count == group.offsets.values.reduce(0) { $0 + $1.count }
            let goes = isDone && group.state == .empty && group.pendingJoin.isEmpty
            if goes && !hadOffsets && group.generation == 0 {
                remove(group)
            } else if goes {
                delete(tombstones + [.group(group.id, nil)], groups: [group.id], nil)
            } else {
                delete(tombstones, groups: [], nil)
            }
        }
    }

    private func isExpired(_ slot: OffsetSlot, _ topic: String, _ group: Group) -> Bool {
        // What is on its way to the log may be a commit of this moment.
        guard let offset = slot.durable, slot.inFlight == 0, !isNeeded(topic, by: group) else { return false }
        if let expiry = offset.expireTime { return now.wall >= expiry }
        let isEmptied = group.protocolType != nil && group.state == .empty
        let start = isEmptied ? group.since ?? offset.commitTime : offset.commitTime
        return now.wall.milliseconds - start.milliseconds >= settings.offsetsRetentionMilliseconds
    }

    private func isNeeded(_ topic: String, by group: Group) -> Bool {
        if group.protocolType == nil { return false }
        if group.state == .empty { return false }
        // Members of which it is not known what they read need all.
        guard group.usesConsumerProtocol, group.subscribedTopics != nil, group.state == .stable else { return true }
        return group.isSubscribed(to: topic)
    }
}
