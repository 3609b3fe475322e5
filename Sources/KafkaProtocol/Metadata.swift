// Metadata, key 3: versions 0 to 13, flexible from 9.
//
//  1  racks, the controller, internal topics; null asks for all topics, where version 0 has an empty array for that
//  2  the cluster's id
//  3  throttle time
//  4  the client may forbid that topics are created
//  5  offline replicas
//  7  leader epochs
//  8  authorised operations of topics, and to version 10 of the cluster
// 10  topic ids in the answer, which only 12 may ask by
// 13  an error of the answer as a whole (KIP-1102)
//
// Versions 6, 9 and 11 add no field.

package import Primitives

/// Asks where topics and brokers are.
package struct MetadataRequest: KafkaRequest, Equatable {
    package typealias Response = MetadataResponse

    package static var key: APIKey { .metadata }
    package static var versions: ClosedRange<Int16> { 0...13 }
    package static var firstFlexibleVersion: Int16? { 9 }

    /// nil: all topics. Version 0 cannot ask for none: an empty array asks for all.
    package var topics: [Topic]?
    package var allowAutoTopicCreation: Bool
    package var includeClusterAuthorizedOperations: Bool
    package var includeTopicAuthorizedOperations: Bool

    package init(
        topics: [Topic]? = nil, allowAutoTopicCreation: Bool = true, includeClusterAuthorizedOperations: Bool = false,
        includeTopicAuthorizedOperations: Bool = false
    ) {
        self.topics = topics
        self.allowAutoTopicCreation = allowAutoTopicCreation
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.includeTopicAuthorizedOperations = includeTopicAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = MetadataRequest.isFlexible(version)
        if version == 0 {
            let topics: [Topic] = try reader.messages(flexible: flexible, version: version)
            self.topics = topics.isEmpty ? nil : topics
        } else {
            topics = try reader.nullableMessages(flexible: flexible, version: version)
            if flexible && topics == nil { try Self.skipWidePadding(&reader, version) }
        }
        allowAutoTopicCreation = try version >= 4 ? reader.boolean() : true
        includeClusterAuthorizedOperations = try (8...10).contains(version) ? reader.boolean() : false
        includeTopicAuthorizedOperations = try version >= 8 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    /// librdkafka (2.16, when all topics are asked for) writes the null array in four bytes where it has one; Kafka does
    /// not mind, since it does not look at what follows a request.
    private static func skipWidePadding(_ reader: inout WireReader, _ version: Int16) throws(WireError) {
        let rest = (9...10).contains(version) ? 4 : 3
        guard reader.remaining == rest + 3 else { return }
        for _ in 0..<3 { _ = try reader.integer(UInt8.self) }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = MetadataRequest.isFlexible(version)
        writer.nullableMessages(version == 0 ? topics ?? [] : topics, flexible: flexible, version: version)
        if version >= 4 { writer.boolean(allowAutoTopicCreation) }
        if (8...10).contains(version) { writer.boolean(includeClusterAuthorizedOperations) }
        if version >= 8 { writer.boolean(includeTopicAuthorizedOperations) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic asked for, by name or by id.
    package struct Topic: KafkaMessage, Equatable {
        package var id: TopicID
        package var name: String?

        package init(id: TopicID = .zero, name: String? = nil) {
            self.id = id
            self.name = name
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = MetadataRequest.isFlexible(version)
            id = try version >= 10 ? reader.uuid() : .zero
            name = try version >= 10 ? reader.nullableString(flexible: flexible) : reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = MetadataRequest.isFlexible(version)
            if version >= 10 { writer.uuid(id) }
            writer.nullableString(version >= 10 ? name : name ?? "", flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The brokers and the topics asked for.
package struct MetadataResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var brokers: [Broker]
    package var clusterID: String?
    package var controllerID: Int32
    package var topics: [Topic]
    /// A bit field; the least value where it was not asked for.
    package var clusterAuthorizedOperations: Int32
    /// From version 13: the client is to begin again with its bootstrap servers, for instance.
    package var errorCode: ErrorCode

    package init(
        throttleMilliseconds: Int32 = 0, brokers: [Broker] = [], clusterID: String? = nil, controllerID: Int32 = -1,
        topics: [Topic] = [], clusterAuthorizedOperations: Int32 = .min, errorCode: ErrorCode = .none
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.brokers = brokers
        self.clusterID = clusterID
        self.controllerID = controllerID
        self.topics = topics
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
        self.errorCode = errorCode
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = MetadataRequest.isFlexible(version)
        throttleMilliseconds = try version >= 3 ? reader.integer() : 0
        brokers = try reader.messages(flexible: flexible, version: version)
        clusterID = try version >= 2 ? reader.nullableString(flexible: flexible) : nil
        controllerID = try version >= 1 ? reader.integer() : -1
        topics = try reader.messages(flexible: flexible, version: version)
        clusterAuthorizedOperations = try (8...10).contains(version) ? reader.integer() : .min
        errorCode = try version >= 13 ? reader.errorCode() : .none
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = MetadataRequest.isFlexible(version)
        if version >= 3 { writer.integer(throttleMilliseconds) }
        writer.messages(brokers, flexible: flexible, version: version)
        if version >= 2 { writer.nullableString(clusterID, flexible: flexible) }
        if version >= 1 { writer.integer(controllerID) }
        writer.messages(topics, flexible: flexible, version: version)
        if (8...10).contains(version) { writer.integer(clusterAuthorizedOperations) }
        if version >= 13 { writer.errorCode(errorCode) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A broker, and where it listens.
    package struct Broker: KafkaMessage, Equatable {
        package var nodeID: Int32
        package var host: String
        package var port: Int32
        package var rack: String?

        package init(nodeID: Int32, host: String, port: Int32, rack: String? = nil) {
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.rack = rack
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = MetadataRequest.isFlexible(version)
            nodeID = try reader.integer()
            host = try reader.string(flexible: flexible)
            port = try reader.integer()
            rack = try version >= 1 ? reader.nullableString(flexible: flexible) : nil
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = MetadataRequest.isFlexible(version)
            writer.integer(nodeID)
            writer.string(host, flexible: flexible)
            writer.integer(port)
            if version >= 1 { writer.nullableString(rack, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A topic and its partitions.
    package struct Topic: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var name: String?
        package var id: TopicID
        package var isInternal: Bool
        package var partitions: [Partition]
        /// A bit field; the least value where it was not asked for.
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
            let flexible = MetadataRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            name = try version >= 12 ? reader.nullableString(flexible: flexible) : reader.string(flexible: flexible)
            id = try version >= 10 ? reader.uuid() : .zero
            isInternal = try version >= 1 ? reader.boolean() : false
            partitions = try reader.messages(flexible: flexible, version: version)
            authorizedOperations = try version >= 8 ? reader.integer() : .min
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = MetadataRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.nullableString(version >= 12 ? name : name ?? "", flexible: flexible)
            if version >= 10 { writer.uuid(id) }
            if version >= 1 { writer.boolean(isInternal) }
            writer.messages(partitions, flexible: flexible, version: version)
            if version >= 8 { writer.integer(authorizedOperations) }
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
        package var offlineReplicas: [Int32]

        package init(
            errorCode: ErrorCode = .none, index: Int32, leaderID: Int32, leaderEpoch: LeaderEpoch = .unknown,
            replicas: [Int32] = [], inSyncReplicas: [Int32] = [], offlineReplicas: [Int32] = []
        ) {
            self.errorCode = errorCode
            self.index = index
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.replicas = replicas
            self.inSyncReplicas = inSyncReplicas
            self.offlineReplicas = offlineReplicas
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = MetadataRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            index = try reader.integer()
            leaderID = try reader.integer()
            leaderEpoch = try version >= 7 ? reader.leaderEpoch() : .unknown
            replicas = try reader.integers(flexible: flexible)
            inSyncReplicas = try reader.integers(flexible: flexible)
            offlineReplicas = try version >= 5 ? reader.integers(flexible: flexible) : []
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = MetadataRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.integer(index)
            writer.integer(leaderID)
            if version >= 7 { writer.leaderEpoch(leaderEpoch) }
            writer.integers(replicas, flexible: flexible)
            writer.integers(inSyncReplicas, flexible: flexible)
            if version >= 5 { writer.integers(offlineReplicas, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
