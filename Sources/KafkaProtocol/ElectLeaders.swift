// ElectLeaders, key 43: versions 0 to 2, flexible from 2 (KIP-183, KIP-460).
//
// 1  the kind of election, and an error of the request as a whole
//
// Version 2 changes no field.

/// Asks for elections of leaders.
package struct ElectLeadersRequest: KafkaRequest, Equatable {
    package typealias Response = ElectLeadersResponse

    package static var key: APIKey { .electLeaders }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    /// 0: the preferred leader; 1: any, in sync or not. From version 1.
    package var electionType: Int8
    /// nil: all partitions.
    package var topics: [Topic]?
    package var timeoutMilliseconds: Int32

    package init(electionType: Int8 = 0, topics: [Topic]? = nil, timeoutMilliseconds: Int32 = 60_000) {
        self.electionType = electionType
        self.topics = topics
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ElectLeadersRequest.isFlexible(version)
        electionType = try version >= 1 ? reader.integer() : 0
        topics = try reader.nullableMessages(flexible: flexible, version: version)
        timeoutMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ElectLeadersRequest.isFlexible(version)
        if version >= 1 { writer.integer(electionType) }
        writer.nullableMessages(topics, flexible: flexible, version: version)
        writer.integer(timeoutMilliseconds)
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
            let flexible = ElectLeadersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ElectLeadersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each election.
package struct ElectLeadersResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    /// From version 1.
    package var errorCode: ErrorCode
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ElectLeadersRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try version >= 1 ? reader.errorCode() : .none
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ElectLeadersRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        if version >= 1 { writer.errorCode(errorCode) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Elections in one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ElectLeadersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ElectLeadersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// An election.
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
            let flexible = ElectLeadersRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ElectLeadersRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
