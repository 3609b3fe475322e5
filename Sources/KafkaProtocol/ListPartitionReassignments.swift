// ListPartitionReassignments, key 46: version 0, flexible (KIP-455).

/// Asks which partitions are being moved.
package struct ListPartitionReassignmentsRequest: KafkaRequest, Equatable {
    package typealias Response = ListPartitionReassignmentsResponse

    package static var key: APIKey { .listPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var timeoutMilliseconds: Int32
    /// nil: all.
    package var topics: [Topic]?

    package init(timeoutMilliseconds: Int32 = 60_000, topics: [Topic]? = nil) {
        self.timeoutMilliseconds = timeoutMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
        timeoutMilliseconds = try reader.integer()
        topics = try reader.nullableMessages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
        writer.integer(timeoutMilliseconds)
        writer.nullableMessages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Int32]

        package init(name: String, partitions: [Int32] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The moves under way.
package struct ListPartitionReassignmentsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var topics: [Topic]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil, topics: [Topic] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
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
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A move.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var replicas: [Int32]
        package var addingReplicas: [Int32]
        package var removingReplicas: [Int32]

        package init(index: Int32, replicas: [Int32] = [], addingReplicas: [Int32] = [], removingReplicas: [Int32] = [])
        {
            self.index = index
            self.replicas = replicas
            self.addingReplicas = addingReplicas
            self.removingReplicas = removingReplicas
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            index = try reader.integer()
            replicas = try reader.integers(flexible: flexible)
            addingReplicas = try reader.integers(flexible: flexible)
            removingReplicas = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListPartitionReassignmentsRequest.isFlexible(version)
            writer.integer(index)
            writer.integers(replicas, flexible: flexible)
            writer.integers(addingReplicas, flexible: flexible)
            writer.integers(removingReplicas, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
