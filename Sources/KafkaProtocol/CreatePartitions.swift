// CreatePartitions, key 37: versions 0 to 3, flexible from 2.
//
// 3  allows the error THROTTLING_QUOTA_EXCEEDED (KIP-599)
//
// Versions 1 and 2 change no field.

/// Adds partitions to topics.
package struct CreatePartitionsRequest: KafkaRequest, Equatable {
    package typealias Response = CreatePartitionsResponse

    package static var key: APIKey { .createPartitions }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var topics: [Topic]
    package var timeoutMilliseconds: Int32
    package var validateOnly: Bool

    package init(topics: [Topic] = [], timeoutMilliseconds: Int32 = 60_000, validateOnly: Bool = false) {
        self.topics = topics
        self.timeoutMilliseconds = timeoutMilliseconds
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreatePartitionsRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        timeoutMilliseconds = try reader.integer()
        validateOnly = try reader.boolean()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreatePartitionsRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.integer(timeoutMilliseconds)
        writer.boolean(validateOnly)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic, and how many partitions it is to have then.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        /// With those that it has.
        package var partitionCount: Int32
        /// One per new partition; nil: the broker assigns them.
        package var assignments: [Assignment]?

        package init(name: String, partitionCount: Int32, assignments: [Assignment]? = nil) {
            self.name = name
            self.partitionCount = partitionCount
            self.assignments = assignments
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitionCount = try reader.integer()
            assignments = try reader.nullableMessages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(partitionCount)
            writer.nullableMessages(assignments, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The brokers that are to have a new partition.
    package struct Assignment: KafkaMessage, Equatable {
        package var brokers: [Int32]

        package init(brokers: [Int32] = []) {
            self.brokers = brokers
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            brokers = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            writer.integers(brokers, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each topic.
package struct CreatePartitionsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreatePartitionsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreatePartitionsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(name: String, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.name = name
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreatePartitionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
