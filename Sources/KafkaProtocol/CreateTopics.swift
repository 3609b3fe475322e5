// CreateTopics, key 19: versions 0 to 7, flexible from 5.
//
// 1  validate only; error messages
// 2  throttle time
// 4  counts of partitions and replicas may be -1, the broker's defaults (KIP-464)
// 5  answers with what was made (KIP-525)
// 7  answers with the topic's id
//
// Versions 3 and 6 change no field.

/// Makes topics.
package struct CreateTopicsRequest: KafkaRequest, Equatable {
    package typealias Response = CreateTopicsResponse

    package static var key: APIKey { .createTopics }
    package static var versions: ClosedRange<Int16> { 0...7 }
    package static var firstFlexibleVersion: Int16? { 5 }

    package var topics: [Topic]
    package var timeoutMilliseconds: Int32
    package var validateOnly: Bool

    package init(topics: [Topic] = [], timeoutMilliseconds: Int32 = 60_000, validateOnly: Bool = false) {
        self.topics = topics
        self.timeoutMilliseconds = timeoutMilliseconds
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateTopicsRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        timeoutMilliseconds = try reader.integer()
        validateOnly = try version >= 1 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateTopicsRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.integer(timeoutMilliseconds)
        if version >= 1 { writer.boolean(validateOnly) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic to make.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        /// -1: the broker's default, or `assignments` say.
        package var partitionCount: Int32
        /// -1: the broker's default, or `assignments` say.
        package var replicationFactor: Int16
        package var assignments: [Assignment]
        package var configs: [Config]

        package init(
            name: String, partitionCount: Int32 = -1, replicationFactor: Int16 = -1, assignments: [Assignment] = [],
            configs: [Config] = []
        ) {
            self.name = name
            self.partitionCount = partitionCount
            self.replicationFactor = replicationFactor
            self.assignments = assignments
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitionCount = try reader.integer()
            replicationFactor = try reader.integer()
            assignments = try reader.messages(flexible: flexible, version: version)
            configs = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(partitionCount)
            writer.integer(replicationFactor)
            writer.messages(assignments, flexible: flexible, version: version)
            writer.messages(configs, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The brokers that are to have a partition.
    package struct Assignment: KafkaMessage, Equatable {
        package var partition: Int32
        package var brokers: [Int32]

        package init(partition: Int32, brokers: [Int32] = []) {
            self.partition = partition
            self.brokers = brokers
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            partition = try reader.integer()
            brokers = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            writer.integer(partition)
            writer.integers(brokers, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A setting of a topic.
    package struct Config: KafkaMessage, Equatable {
        package var name: String
        package var value: String?

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            value = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.nullableString(value, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each topic.
package struct CreateTopicsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateTopicsRequest.isFlexible(version)
        throttleMilliseconds = try version >= 2 ? reader.integer() : 0
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateTopicsRequest.isFlexible(version)
        if version >= 2 { writer.integer(throttleMilliseconds) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var id: TopicID
        package var errorCode: ErrorCode
        package var errorMessage: String?
        /// Why `configs` is nil.
        package var configErrorCode: ErrorCode
        package var partitionCount: Int32
        package var replicationFactor: Int16
        package var configs: [Config]?

        package init(
            name: String, id: TopicID = .zero, errorCode: ErrorCode = .none, errorMessage: String? = nil,
            configErrorCode: ErrorCode = .none, partitionCount: Int32 = -1, replicationFactor: Int16 = -1,
            configs: [Config]? = nil
        ) {
            self.name = name
            self.id = id
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.configErrorCode = configErrorCode
            self.partitionCount = partitionCount
            self.replicationFactor = replicationFactor
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            id = try version >= 7 ? reader.uuid() : .zero
            errorCode = try reader.errorCode()
            errorMessage = try version >= 1 ? reader.nullableString(flexible: flexible) : nil
            configErrorCode = .none
            partitionCount = try version >= 5 ? reader.integer() : -1
            replicationFactor = try version >= 5 ? reader.integer() : -1
            configs = try version >= 5 ? reader.nullableMessages(flexible: flexible, version: version) : nil
            try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
                switch tag {
                case 0: configErrorCode = try reader.errorCode()
                default: break
                }
            }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            if version >= 7 { writer.uuid(id) }
            writer.errorCode(errorCode)
            if version >= 1 { writer.message(errorMessage, flexible: flexible) }
            if version >= 5 { writer.integer(partitionCount) }
            if version >= 5 { writer.integer(replicationFactor) }
            if version >= 5 { writer.nullableMessages(configs, flexible: flexible, version: version) }
            var tagged = TaggedFields()
            if configErrorCode != .none { tagged.add(0) { writer in writer.errorCode(configErrorCode) } }
            writer.taggedFields(flexible: flexible, tagged)
        }
    }

    /// A setting of a topic as it was made.
    package struct Config: KafkaMessage, Equatable {
        package var name: String
        package var value: String?
        package var isReadOnly: Bool
        /// Where the value comes from: 1 this topic, 4 the broker's static configuration, 5 the default.
        package var source: Int8
        package var isSensitive: Bool

        package init(
            name: String, value: String?, isReadOnly: Bool = false, source: Int8 = -1, isSensitive: Bool = false
        ) {
            self.name = name
            self.value = value
            self.isReadOnly = isReadOnly
            self.source = source
            self.isSensitive = isSensitive
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            value = try reader.nullableString(flexible: flexible)
            isReadOnly = try reader.boolean()
            source = try reader.integer()
            isSensitive = try reader.boolean()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateTopicsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.nullableString(value, flexible: flexible)
            writer.boolean(isReadOnly)
            writer.integer(source)
            writer.boolean(isSensitive)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
