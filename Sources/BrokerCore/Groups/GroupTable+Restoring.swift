internal import KafkaProtocol
internal import NIOCore
internal import Primitives

/// What the log of groups comes to: the last record of each key.
struct StoredGroups: Sendable {
    var groups: [String: GroupMetadata] = [:]
    var offsets: [OffsetKey: CommittedOffset] = [:]

    mutating func apply(_ record: GroupRecord) {
        switch record {
        case .offset(let key, let offset): offsets[key] = offset
        case .group(let id, let group): groups[id] = group
        }
    }
}

extension GroupTable {
    /// Takes over what a log says, into an empty table. Members go on in their generation: each has a whole session's
    /// time to be heard of.
    func restore(_ stored: StoredGroups) {
        precondition(groups.isEmpty, "BUG: groups were loaded over others")
        for (id, metadata) in stored.groups { restore(id, metadata) }
        for (key, offset) in stored.offsets {
            let group = groups[key.group] ?? makeGroup(key.group, since: nil)
            group.updateSlot(key.topic, key.partition) { $0.durable = offset }
        }
        for group in groups.values where group.members.count > settings.maximumSize {
            // The bound was lowered: whoever joins again first, stays.
            prepareRebalance(group)
        }
    }

    private func restore(_ id: String, _ metadata: GroupMetadata) {
        let group = makeGroup(
            id, state: metadata.members.isEmpty ? .empty : .stable, generation: metadata.generation,
            since: metadata.since == .none ? nil : metadata.since)
        // Of what should be unique, the first counts: another's broker may have written it.
        for member in metadata.members
        where group.members[member.id] == nil && member.instanceID.flatMap({ group.staticMembers[$0] }) == nil {
            group.add(
                GroupMember(
                    id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost, rebalanceMilliseconds: Int64(max(0, member.rebalanceMilliseconds)),
                    sessionMilliseconds: Int64(max(0, member.sessionMilliseconds)),
                    protocols: [.init(name: metadata.protocolName ?? "", metadata: member.subscription)],
                    assignment: member.assignment), protocolType: metadata.protocolType)
            extendSession(of: member.id, in: group)
        }
        group.restore(
            protocolType: metadata.protocolType.isEmpty ? nil : metadata.protocolType,
            protocolName: metadata.protocolName, leader: metadata.leader)
    }
}
