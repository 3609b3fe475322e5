// DescribeTopicPartitions, key 75: version 0, flexible (KIP-966).

package import Primitives

/// Asks about topics, page by page.
package struct DescribeTopicPartitionsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeTopicPartitionsResponse

    package static var key: APIKey { .describeTopicPartitions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var topics: [Topic]
    package var responsePartitionLimit: Int32
    /// Where to begin: that of the page before.
    package var cursor: Cursor?

    package init(topics: [Topic] = [], responsePartitionLimit: Int32 = 2000, cursor: Cursor? = nil) {
        self.topics = topics
        self.responsePartitionLimit = responsePartitionLimit
        self.cursor = cursor
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        responsePartitionLimit = try reader.integer()
        cursor = try reader.nullableMessage(version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.integer(responsePartitionLimit)
        writer.nullableMessage(cursor, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic asked about.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String

        package init(name: String) {
            self.name = name
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A place between pages.
    package struct Cursor: KafkaMessage, Equatable {
        package var topicName: String
        package var partition: Int32

        package init(topicName: String, partition: Int32) {
            self.topicName = topicName
            self.partition = partition
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            topicName = try reader.string(flexible: flexible)
            partition = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            writer.string(topicName, flexible: flexible)
            writer.integer(partition)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// A page of topics.
package struct DescribeTopicPartitionsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]
    /// Where the next page begins; nil on the last.
    package var nextCursor: DescribeTopicPartitionsRequest.Cursor?

    package init(
        throttleMilliseconds: Int32 = 0, topics: [Topic] = [], nextCursor: DescribeTopicPartitionsRequest.Cursor? = nil
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
        self.nextCursor = nextCursor
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        nextCursor = try reader.nullableMessage(version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.nullableMessage(nextCursor, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic and its partitions.
    package struct Topic: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var name: String?
        package var id: TopicID
        package var isInternal: Bool
        package var partitions: [Partition]
        /// A bit field; the least value where it is not said.
        package var authorizedOperations: Int32

        package init(
            errorCode: ErrorCode = .none, name: String?, id: TopicID = .zero, isInternal: Bool = false,
            partitions: [Partition] = [], authorizedOperations: Int32 = .min
        ) {
            self.errorCode = errorCode
            self.name = name
            self.id = id
            self.isInternal = isInternal
            self.partitions = partitions
            self.authorizedOperations = authorizedOperations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            name = try reader.nullableString(flexible: flexible)
            id = try reader.uuid()
            isInternal = try reader.boolean()
            partitions = try reader.messages(flexible: flexible, version: version)
            authorizedOperations = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.nullableString(name, flexible: flexible)
            writer.uuid(id)
            writer.boolean(isInternal)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.integer(authorizedOperations)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A partition, and which brokers have it.
    package struct Partition: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var index: Int32
        /// -1 where there is none.
        package var leaderID: Int32
        package var leaderEpoch: LeaderEpoch
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
        /// Which may lead though they are not in sync.
        package var eligibleLeaderReplicas: [Int32]?
        package var lastKnownEligibleLeaderReplicas: [Int32]?
        package var offlineReplicas: [Int32]

        package init(
            errorCode: ErrorCode = .none, index: Int32, leaderID: Int32, leaderEpoch: LeaderEpoch = .unknown,
            replicas: [Int32] = [], inSyncReplicas: [Int32] = [], eligibleLeaderReplicas: [Int32]? = nil,
            lastKnownEligibleLeaderReplicas: [Int32]? = nil, offlineReplicas: [Int32] = []
        ) {
            self.errorCode = errorCode
            self.index = index
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.replicas = replicas
            self.inSyncReplicas = inSyncReplicas
            self.eligibleLeaderReplicas = eligibleLeaderReplicas
            self.lastKnownEligibleLeaderReplicas = lastKnownEligibleLeaderReplicas
            self.offlineReplicas = offlineReplicas
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            index = try reader.integer()
            leaderID = try reader.integer()
            leaderEpoch = try reader.leaderEpoch()
            replicas = try reader.integers(flexible: flexible)
            inSyncReplicas = try reader.integers(flexible: flexible)
            eligibleLeaderReplicas = try reader.nullableIntegers(flexible: flexible)
            lastKnownEligibleLeaderReplicas = try reader.nullableIntegers(flexible: flexible)
            offlineReplicas = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTopicPartitionsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.integer(index)
            writer.integer(leaderID)
            writer.leaderEpoch(leaderEpoch)
            writer.integers(replicas, flexible: flexible)
            writer.integers(inSyncReplicas, flexible: flexible)
            writer.nullableIntegers(eligibleLeaderReplicas, flexible: flexible)
            writer.nullableIntegers(lastKnownEligibleLeaderReplicas, flexible: flexible)
            writer.integers(offlineReplicas, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
