// AlterPartitionReassignments, key 45: versions 0 and 1, flexible from 0 (KIP-455).
//
// 1  whether the number of replicas may change (KIP-860)

/// Moves partitions to other brokers.
package struct AlterPartitionReassignmentsRequest: KafkaRequest, Equatable {
    package typealias Response = AlterPartitionReassignmentsResponse

    package static var key: APIKey { .alterPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var timeoutMilliseconds: Int32
    package var allowReplicationFactorChange: Bool
    package var topics: [Topic]

    package init(timeoutMilliseconds: Int32 = 60_000, allowReplicationFactorChange: Bool = true, topics: [Topic] = []) {
        self.timeoutMilliseconds = timeoutMilliseconds
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
        timeoutMilliseconds = try reader.integer()
        allowReplicationFactorChange = try version >= 1 ? reader.boolean() : true
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
        writer.integer(timeoutMilliseconds)
        if version >= 1 { writer.boolean(allowReplicationFactorChange) }
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
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// Where a partition is to be.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// nil: a move that is under way is to end.
        package var replicas: [Int32]?

        package init(index: Int32, replicas: [Int32]? = nil) {
            self.index = index
            self.replicas = replicas
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            index = try reader.integer()
            replicas = try reader.nullableIntegers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            writer.integer(index)
            writer.nullableIntegers(replicas, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each move.
package struct AlterPartitionReassignmentsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var allowReplicationFactorChange: Bool
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var topics: [Topic]

    package init(
        throttleMilliseconds: Int32 = 0, allowReplicationFactorChange: Bool = true, errorCode: ErrorCode = .none,
        errorMessage: String? = nil, topics: [Topic] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        allowReplicationFactorChange = try version >= 1 ? reader.boolean() : true
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        if version >= 1 { writer.boolean(allowReplicationFactorChange) }
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Moves in one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A move.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(index: Int32, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.index = index
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterPartitionReassignmentsRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
