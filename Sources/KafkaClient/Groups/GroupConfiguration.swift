/// Where a member begins in a partition for which its group has committed nothing, or an offset that is not in the log.
package enum OffsetReset: String, Sendable, CaseIterable {
    case earliest, latest
    /// It is an error.
    case none

    var start: FetchStart? {
        switch self {
        case .earliest: .earliest
        case .latest: .latest
        case .none: nil
        }
    }
}

/// A member of a group. The times have the defaults of Kafka's own consumer, where it has them.
package struct GroupConfiguration: Sendable {
    package var groupID: String
    package var topics: TopicSelection
    /// Makes the member a static one (KIP-345): whoever comes back under this name within the session timeout gets its
    /// partitions again without a rebalance, and leaves nothing behind by ending.
    package var instanceID: String?
    /// The most wanted first. All of them cooperative, or the eager protocol is followed.
    package var assignors: [PartitionAssignor]
    package var offsetReset: OffsetReset
    /// The sequence ends when all that this member was assigned has been read to where it ended at the assignment.
    package var endsAtEnd: Bool
    /// How long the coordinator does without a heartbeat. Brokers bound it, by default from 6 s to 30 min.
    package var sessionTimeout: Duration
    package var heartbeatInterval: Duration
    /// Kafka's `max.poll.interval.ms`: who asks for nothing more for so long leaves the group to others (KIP-62), and comes
    /// back when it asks again. A static member keeps its partitions for a session timeout more. So long, too, the group
    /// waits in a rebalance for a member that has to give something up.
    package var maximumPollInterval: Duration
    /// How often that which was written is committed.
    package var commitInterval: Duration
    /// How often new topics and partitions are looked for.
    package var topicInterval: Duration
    /// How long closing may take where the coordinator is away.
    package var closingTimeout: Duration

    package init(
        groupID: String, topics: TopicSelection, instanceID: String? = nil,
        assignors: [PartitionAssignor] = [.range, .cooperativeSticky], offsetReset: OffsetReset = .latest,
        endsAtEnd: Bool = false, sessionTimeout: Duration = .seconds(45), heartbeatInterval: Duration = .seconds(3),
        maximumPollInterval: Duration = .seconds(300), commitInterval: Duration = .seconds(1),
        topicInterval: Duration = .seconds(10), closingTimeout: Duration = .seconds(5)
    ) {
        self.groupID = groupID
        self.topics = topics
        self.instanceID = instanceID
        self.assignors = assignors
        self.offsetReset = offsetReset
        self.endsAtEnd = endsAtEnd
        self.sessionTimeout = sessionTimeout
        self.heartbeatInterval = heartbeatInterval
        self.maximumPollInterval = maximumPollInterval
        self.commitInterval = commitInterval
        self.topicInterval = topicInterval
        self.closingTimeout = closingTimeout
    }
}

/// Something that happened to a member.
package enum GroupEvent: Sendable {
    case fetch(FetchEvent)
    case joined(generation: Int32, assignor: PartitionAssignor, isLeader: Bool)
    case tookUp(Set<TopicPartition>)
    case gaveUp(Set<TopicPartition>)
    /// Taken away without notice; what was written and not yet committed will come again, at another member.
    case lost(Set<TopicPartition>)
    /// Its user asked for nothing more for the `maximumPollInterval`: it is out of the group until it asks again.
    case stalled
    case trouble(KafkaClientError)
}
