// OffsetCommit, key 8: versions 1 to 10, flexible from 8.
//
// 1  membership, and the time of the commit
// 2  a retention time in place of the time of the commit
// 3  throttle time
// 5  no retention time any longer: the broker decides
// 6  leader epochs
// 7  static members (KIP-345)
// 9  the generation may be a member epoch of the new group protocol (KIP-848)
// 10 topics by id in place of name
//
// Versions 4 and 8 change no field.

package import Primitives

/// Remembers how far a group has come.
package struct OffsetCommitRequest: KafkaRequest, Equatable {
    package typealias Response = OffsetCommitResponse

    package static var key: APIKey { .offsetCommit }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var firstFlexibleVersion: Int16? { 8 }
    package static var lastVersionByName: Int16 { 9 }

    package var groupID: String
    /// -1 from a consumer that is not a member of a group.
    package var generationID: Int32
    package var memberID: String
    package var groupInstanceID: String?
    /// -1: the broker decides.
    package var retentionMilliseconds: Int64
    package var topics: [Topic]

    package init(
        groupID: String, generationID: Int32 = -1, memberID: String = "", groupInstanceID: String? = nil,
        retentionMilliseconds: Int64 = -1, topics: [Topic] = []
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.retentionMilliseconds = retentionMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetCommitRequest.isFlexible(version)
        groupID = try reader.string(flexible: flexible)
        generationID = try reader.integer()
        memberID = try reader.string(flexible: flexible)
        groupInstanceID = try version >= 7 ? reader.nullableString(flexible: flexible) : nil
        retentionMilliseconds = try (2...4).contains(version) ? reader.integer() : -1
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetCommitRequest.isFlexible(version)
        writer.string(groupID, flexible: flexible)
        writer.integer(generationID)
        writer.string(memberID, flexible: flexible)
        if version >= 7 { writer.nullableString(groupInstanceID, flexible: flexible) }
        if (2...4).contains(version) { writer.integer(retentionMilliseconds) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Before version 10; else empty.
        package var name: String
        /// From version 10.
        package var id: TopicID
        package var partitions: [Partition]

        package init(name: String, id: TopicID = .zero, partitions: [Partition] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            name = try version < 10 ? reader.string(flexible: flexible) : ""
            id = try version >= 10 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            if version < 10 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How far the group has come in a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// The first one not consumed.
        package var offset: Offset
        /// That of the last record consumed.
        package var leaderEpoch: LeaderEpoch
        package var commitTime: Timestamp
        /// The client's own.
        package var metadata: String?

        package init(
            index: Int32, offset: Offset, leaderEpoch: LeaderEpoch = .unknown, commitTime: Timestamp = .none,
            metadata: String? = nil
        ) {
            self.index = index
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.commitTime = commitTime
            self.metadata = metadata
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            index = try reader.integer()
            offset = try reader.offset()
            leaderEpoch = try version >= 6 ? reader.leaderEpoch() : .unknown
            commitTime = try version == 1 ? reader.timestamp() : .none
            metadata = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            writer.integer(index)
            writer.offset(offset)
            if version >= 6 { writer.leaderEpoch(leaderEpoch) }
            if version == 1 { writer.timestamp(commitTime) }
            writer.nullableString(metadata, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each offset.
package struct OffsetCommitResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetCommitRequest.isFlexible(version)
        throttleMilliseconds = try version >= 3 ? reader.integer() : 0
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetCommitRequest.isFlexible(version)
        if version >= 3 { writer.integer(throttleMilliseconds) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Before version 10; else empty.
        package var name: String
        /// From version 10.
        package var id: TopicID
        package var partitions: [Partition]

        package init(name: String, id: TopicID = .zero, partitions: [Partition] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            name = try version < 10 ? reader.string(flexible: flexible) : ""
            id = try version >= 10 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            if version < 10 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of the offset of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode

        package init(index: Int32, errorCode: ErrorCode = .none) {
            self.index = index
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetCommitRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
