internal import KafkaProtocol
internal import NIOCore
internal import Primitives

/// Offsets that a group commits together.
struct OffsetCommitment: Sendable {
    var groupID: String
    var generation: Int32
    var memberID: String
    var instanceID: String?
    /// Nil: as long as the settings say.
    var retentionMilliseconds: Int64?
    var offsets: [(topic: String, partition: OffsetCommitRequest.Partition)]
}

extension GroupTable {
    /// Has offsets written. `token` is answered when they are durable; with an error, none of them counts.
    func commit(_ commitment: OffsetCommitment, version: Int16, _ token: ReplyToken) {
        let group = groups[commitment.groupID]
        if let refused = refusal(of: commitment, group, version) { return emit(.stored(token, refused)) }
        if let group, group.state == .stable || group.state == .preparingRebalance {
            extendSession(of: commitment.memberID, in: group)
        }
        let records = commitment.offsets.map { topic, partition in
            GroupRecord.offset(
                OffsetKey(group: commitment.groupID, topic: topic, partition: partition.index),
                committed(partition, commitment.retentionMilliseconds))
        }
        if records.isEmpty { return emit(.stored(token, .none)) }
        if isFull(adding: growth(commitment, group)) { return emit(.stored(token, .invalidCommitOffsetSize)) }
        change(records, deleting: [], token)
    }

    private func committed(
        _ partition: OffsetCommitRequest.Partition, _ retention: Int64?
    ) -> CommittedOffset {
        let time = partition.commitTime == .none ? now.wall : partition.commitTime
        let expiry = retention.map { retention in
            let (sum, overflows) = now.wall.milliseconds.addingReportingOverflow(max(0, retention))
            return Timestamp(milliseconds: overflows ? .max : sum)
        }
        return CommittedOffset(
            offset: partition.offset, leaderEpoch: partition.leaderEpoch, metadata: partition.metadata ?? "",
            commitTime: time, expireTime: expiry)
    }

    /// Kafka's `validateOffsetCommit`.
    private func refusal(of commitment: OffsetCommitment, _ group: Group?, _ version: Int16) -> ErrorCode? {
        guard let group else {
            // Who assigns partitions itself needs no group to commit in.
            if commitment.generation < 0 { return nil }
            return version >= 9 ? .groupIDNotFound : .illegalGeneration
        }
        if commitment.generation < 0 && group.state == .empty { return nil }
        if commitment.generation >= 0 || !commitment.memberID.isEmpty || commitment.instanceID != nil {
            if let refused = refusal(of: commitment.memberID, commitment.instanceID, in: group) { return refused }
            if commitment.generation != group.generation { return .illegalGeneration }
        } else if group.state != .empty {
            return .unknownMemberID
        }
        // It has the answer to its join, and is to fetch its assignment before it commits.
        return group.state == .completingRebalance ? .rebalanceInProgress : nil
    }

    private func growth(_ commitment: OffsetCommitment, _ group: Group?) -> Int {
        commitment.offsets.reduce(0) { sum, entry in
            let new = OffsetSlot.bytes(metadata: entry.partition.metadata)
            let old = group?.slot(entry.topic, entry.partition.index)?.bytes ?? 0
            return sum + max(0, new - old)
        }
    }

    // MARK: Changes

    /// Has records of offsets, and tombstones of groups, written.
    func change(_ records: [GroupRecord], deleting groups: [String], _ token: ReplyToken?) {
        for case .offset(let key, _) in records { slot(key) { $0.inFlight += 1 } }
        emit(.append(records, .changes(token, records, groups: groups)))
    }

    /// They are durable, or not.
    func changed(_ records: [GroupRecord], deleting ids: [String], _ error: ErrorCode) {
        var touched: Set<String> = []
        for case .offset(let key, let offset) in records {
            touched.insert(key.group)
            slot(key) { slot in
                slot.inFlight -= 1
                if error == .none { slot.durable = offset }
            }
        }
        if error == .none {
            for id in ids { if let group = groups[id] { deleted(group) } }
        }
        for id in touched { if let group = groups[id] { removeIfUnused(group) } }
    }

    private func slot(_ key: OffsetKey, _ change: (inout OffsetSlot) -> Void) {
        let group = groups[key.group] ?? makeGroup(key.group, since: now.wall)
        group.updateSlot(key.topic, key.partition, change)
    }

    /// The log has no such group any more. Where somebody came meanwhile, it lives on, and is written again.
    private func deleted(_ group: Group) {
        if group.state == .empty && group.members.isEmpty && group.pendingJoin.isEmpty && group.offsets.isEmpty {
            remove(group)
        }
    }

    // MARK: Questions

    /// All that the group has offsets for.
    func offsets(of id: String) -> [OffsetFetchResponse.Topic] {
        (groups[id]?.offsets ?? [:]).sorted { $0.key < $1.key }.compactMap { name, partitions in
            let found = partitions.sorted { $0.key < $1.key }.compactMap { index, slot in
                slot.durable.map { answer(index, $0) }
            }
            return found.isEmpty ? nil : OffsetFetchResponse.Topic(name: name, partitions: found)
        }
    }

    /// Those of partitions of one topic, each answered.
    func offsets(of id: String, in topic: OffsetFetchRequest.Topic) -> OffsetFetchResponse.Topic {
        let group = groups[id]
        return OffsetFetchResponse.Topic(
            name: topic.name,
            partitions: topic.partitions.map { index in
                let found = group?.slot(topic.name, index)?.durable
                return found.map { answer(index, $0) } ?? OffsetFetchResponse.Partition(index: index)
            })
    }

    private func answer(_ index: Int32, _ committed: CommittedOffset) -> OffsetFetchResponse.Partition {
        OffsetFetchResponse.Partition(
            index: index, offset: committed.offset, leaderEpoch: committed.leaderEpoch, metadata: committed.metadata)
    }
}
