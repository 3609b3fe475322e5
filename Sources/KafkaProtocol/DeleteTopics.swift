// DeleteTopics, key 20: versions 0 to 6, flexible from 4.
//
// 1  throttle time
// 5  error messages
// 6  topics by id or name, where earlier ones have names only
//
// Versions 2, 3 and 4 add no field.

/// Deletes topics.
package struct DeleteTopicsRequest: KafkaRequest, Equatable {
    package typealias Response = DeleteTopicsResponse

    package static var key: APIKey { .deleteTopics }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 4 }

    /// Up to version 5 only names are written.
    package var topics: [Topic]
    package var timeoutMilliseconds: Int32

    package init(topics: [Topic] = [], timeoutMilliseconds: Int32 = 60_000) {
        self.topics = topics
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteTopicsRequest.isFlexible(version)
        if version >= 6 {
            topics = try reader.messages(flexible: flexible, version: version)
        } else {
            topics = try reader.strings(flexible: flexible).map { Topic(name: $0) }
        }
        timeoutMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteTopicsRequest.isFlexible(version)
        if version >= 6 {
            writer.messages(topics, flexible: flexible, version: version)
        } else {
            writer.strings(topics.map { $0.name ?? "" }, flexible: flexible)
        }
        writer.integer(timeoutMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A topic to delete, by name or by id. It is an element of its own from version 6 only.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String?
        package var id: TopicID

        package init(name: String? = nil, id: TopicID = .zero) {
            self.name = name
            self.id = id
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteTopicsRequest.isFlexible(version)
            name = try reader.nullableString(flexible: flexible)
            id = try reader.uuid()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteTopicsRequest.isFlexible(version)
            writer.nullableString(name, flexible: flexible)
            writer.uuid(id)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each topic.
package struct DeleteTopicsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteTopicsRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteTopicsRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String?
        package var id: TopicID
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(name: String?, id: TopicID = .zero, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.name = name
            self.id = id
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteTopicsRequest.isFlexible(version)
            name = try version >= 6 ? reader.nullableString(flexible: flexible) : reader.string(flexible: flexible)
            id = try version >= 6 ? reader.uuid() : .zero
            errorCode = try reader.errorCode()
            errorMessage = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteTopicsRequest.isFlexible(version)
            writer.nullableString(version >= 6 ? name : name ?? "", flexible: flexible)
            if version >= 6 { writer.uuid(id) }
            writer.errorCode(errorCode)
            if version >= 5 { writer.message(errorMessage, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
