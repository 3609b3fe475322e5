/// How a group's leader shares out partitions; the raw value is the name by which all clients know it.
///
/// Members choose one that all of them know, so a group may mix this client with others. Sources: Apache Kafka,
/// `RangeAssignor.java`, `CooperativeStickyAssignor.java`, KIP-429.
package enum PartitionAssignor: String, Sendable, CaseIterable {
    /// Of each topic, a run of neighbouring partitions to each member.
    case range
    /// Evenly, each member keeping what it has as far as that goes. Members go on reading what they keep while the group
    /// rebalances; what changes hands is first given up, and shared out by a second rebalance.
    case cooperativeSticky = "cooperative-sticky"

    /// Whether members may keep partitions while they join.
    package var isCooperative: Bool { self == .cooperativeSticky }

    /// A member as its leader sees it.
    package struct Member: Sendable, Equatable {
        package var id: String
        package var instanceID: String?
        package var subscription: MemberSubscription

        package init(id: String, instanceID: String? = nil, subscription: MemberSubscription) {
            self.id = id
            self.instanceID = instanceID
            self.subscription = subscription
        }
    }

    /// Shares out all partitions of all topics that members want; an entry per member, empty ones included.
    ///
    /// - Parameter partitionCounts: of the topics there are; what a member wants besides has no partitions.
    package func assign(_ partitionCounts: [String: Int], to members: [Member]) -> [String: [TopicPartition]] {
        switch self {
        case .range: assignByRange(partitionCounts, members)
        case .cooperativeSticky:
            StickyAssignment(partitionCounts, members).withoutTransfers()
        }
    }
}

private func assignByRange(
    _ partitionCounts: [String: Int], _ members: [PartitionAssignor.Member]
) -> [String: [TopicPartition]] {
    var shares = Dictionary(members.map { ($0.id, [TopicPartition]()) }, uniquingKeysWith: { first, _ in first })
    // Static members come first and in the order of their own names, so that a restart moves nothing.
    let ordered = members.sorted { left, right in
        switch (left.instanceID, right.instanceID) {
        case (let left?, let right?): left < right
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left.id < right.id
        }
    }
    for (topic, count) in partitionCounts.sorted(by: { $0.key < $1.key }) {
        let takers = ordered.filter { $0.subscription.topics.contains(topic) }
        if takers.isEmpty { continue }
        let (each, more) = count.quotientAndRemainder(dividingBy: takers.count)
        var next = 0
        for (index, taker) in takers.enumerated() {
            let end = next + each + (index < more ? 1 : 0)
            shares[taker.id, default: []] += (next..<end).map { TopicPartition(topic: topic, partition: Int32($0)) }
            next = end
        }
    }
    return shares
}
