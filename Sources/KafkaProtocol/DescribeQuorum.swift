// DescribeQuorum, key 55: versions 0 to 2, flexible from 0 (KIP-595).
//
// 1  when voters last fetched and had all (KIP-836)
// 2  error messages, nodes, directories (KIP-853)

package import Primitives

/// Asks how the nodes stand that keep a cluster's metadata.
package struct DescribeQuorumRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeQuorumResponse

    package static var key: APIKey { .describeQuorum }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }

    /// Kafka has one, __cluster_metadata, with partition 0.
    package var topics: [Topic]

    package init(topics: [Topic] = []) {
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeQuorumRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeQuorumRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32

        package init(index: Int32) {
            self.index = index
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            index = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.integer(index)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// How the nodes stand.
package struct DescribeQuorumResponse: KafkaMessage, Equatable {
    package var errorCode: ErrorCode
    /// From version 2.
    package var errorMessage: String?
    package var topics: [Topic]
    /// From version 2.
    package var nodes: [Node]

    package init(errorCode: ErrorCode = .none, errorMessage: String? = nil, topics: [Topic] = [], nodes: [Node] = []) {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
        self.nodes = nodes
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeQuorumRequest.isFlexible(version)
        errorCode = try reader.errorCode()
        errorMessage = try version >= 2 ? reader.nullableString(flexible: flexible) : nil
        topics = try reader.messages(flexible: flexible, version: version)
        nodes = try version >= 2 ? reader.messages(flexible: flexible, version: version) : []
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeQuorumRequest.isFlexible(version)
        writer.errorCode(errorCode)
        if version >= 2 { writer.message(errorMessage, flexible: flexible) }
        writer.messages(topics, flexible: flexible, version: version)
        if version >= 2 { writer.messages(nodes, flexible: flexible, version: version) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How the nodes stand in a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        /// From version 2.
        package var errorMessage: String?
        /// -1 where it is not known.
        package var leaderID: Int32
        package var leaderEpoch: LeaderEpoch
        /// -1 where it is not known.
        package var highWatermark: Offset
        package var voters: [Replica]
        package var observers: [Replica]

        package init(
            index: Int32, errorCode: ErrorCode = .none, errorMessage: String? = nil, leaderID: Int32,
            leaderEpoch: LeaderEpoch, highWatermark: Offset, voters: [Replica] = [], observers: [Replica] = []
        ) {
            self.index = index
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.highWatermark = highWatermark
            self.voters = voters
            self.observers = observers
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            errorMessage = try version >= 2 ? reader.nullableString(flexible: flexible) : nil
            leaderID = try reader.integer()
            leaderEpoch = try reader.leaderEpoch()
            highWatermark = try reader.offset()
            voters = try reader.messages(flexible: flexible, version: version)
            observers = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            if version >= 2 { writer.message(errorMessage, flexible: flexible) }
            writer.integer(leaderID)
            writer.leaderEpoch(leaderEpoch)
            writer.offset(highWatermark)
            writer.messages(voters, flexible: flexible, version: version)
            writer.messages(observers, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How a node stands.
    package struct Replica: KafkaMessage, Equatable {
        package var id: Int32
        /// From version 2.
        package var directoryID: TopicID
        /// -1 where it is not known.
        package var logEndOffset: Offset
        /// Of the leader, and where it is not known, none. From version 1.
        package var lastFetch: Timestamp
        /// Of the leader: now. From version 1.
        package var lastCaughtUp: Timestamp

        package init(
            id: Int32, directoryID: TopicID = .zero, logEndOffset: Offset, lastFetch: Timestamp = .none,
            lastCaughtUp: Timestamp = .none
        ) {
            self.id = id
            self.directoryID = directoryID
            self.logEndOffset = logEndOffset
            self.lastFetch = lastFetch
            self.lastCaughtUp = lastCaughtUp
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            id = try reader.integer()
            directoryID = try version >= 2 ? reader.uuid() : .zero
            logEndOffset = try reader.offset()
            lastFetch = try version >= 1 ? reader.timestamp() : .none
            lastCaughtUp = try version >= 1 ? reader.timestamp() : .none
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.integer(id)
            if version >= 2 { writer.uuid(directoryID) }
            writer.offset(logEndOffset)
            if version >= 1 { writer.timestamp(lastFetch) }
            if version >= 1 { writer.timestamp(lastCaughtUp) }
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// Where a node is. From version 2.
    package struct Node: KafkaMessage, Equatable {
        package var id: Int32
        package var listeners: [Listener]

        package init(id: Int32, listeners: [Listener] = []) {
            self.id = id
            self.listeners = listeners
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            id = try reader.integer()
            listeners = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.integer(id)
            writer.messages(listeners, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// An address of a node.
    package struct Listener: KafkaMessage, Equatable {
        package var name: String
        package var host: String
        package var port: UInt16

        package init(name: String, host: String, port: UInt16) {
            self.name = name
            self.host = host
            self.port = port
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            host = try reader.string(flexible: flexible)
            port = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeQuorumRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.string(host, flexible: flexible)
            writer.integer(port)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
