// OffsetFetch, key 9: versions 1 to 10, flexible from 6.
//
// 2  null asks for all topics; an error of the group as a whole
// 3  throttle time
// 5  leader epochs
// 7  the client may ask for stable offsets only (KIP-447)
// 8  many groups at once (KIP-709)
// 9  membership in groups of the new protocol (KIP-848)
// 10 topics by id in place of name
//
// Versions 4 and 6 change no field.

package import Primitives

/// Asks how far groups have come.
package struct OffsetFetchRequest: KafkaRequest, Equatable {
    package typealias Response = OffsetFetchResponse

    package static var key: APIKey { .offsetFetch }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var lastVersionByName: Int16 { 9 }

    /// Exactly one up to version 7.
    package var groups: [Group]
    /// Answers UNSTABLE_OFFSET_COMMIT for offsets that a transaction may still change.
    package var requireStable: Bool

    package init(groups: [Group] = [], requireStable: Bool = false) {
        self.groups = groups
        self.requireStable = requireStable
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetFetchRequest.isFlexible(version)
        groups =
            if version >= 8 {
                try reader.messages(flexible: flexible, version: version)
            } else {
                [try Group(from: &reader, version: version)]
            }
        requireStable = try version >= 7 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetFetchRequest.isFlexible(version)
        if version >= 8 {
            writer.messages(groups, flexible: flexible, version: version)
        } else {
            precondition(groups.count == 1, "BUG: version \(version) asks for one group, not for \(groups.count)")
            groups[0].write(to: &writer, version: version)
        }
        if version >= 7 { writer.boolean(requireStable) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A group asked about. Its fields stand in the request itself up to version 7.
    package struct Group: KafkaMessage, Equatable {
        package var groupID: String
        package var memberID: String?
        package var memberEpoch: Int32
        /// nil: all that the group has offsets for. Version 1 cannot ask that.
        package var topics: [Topic]?

        package init(groupID: String, memberID: String? = nil, memberEpoch: Int32 = -1, topics: [Topic]? = nil) {
            self.groupID = groupID
            self.memberID = memberID
            self.memberEpoch = memberEpoch
            self.topics = topics
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            groupID = try reader.string(flexible: flexible)
            memberID = try version >= 9 ? reader.nullableString(flexible: flexible) : nil
            memberEpoch = try version >= 9 ? reader.integer() : -1
            topics =
                if version >= 2 {
                    try reader.nullableMessages(flexible: flexible, version: version)
                } else {
                    try reader.messages(flexible: flexible, version: version)
                }
            if version >= 8 { try reader.skipTaggedFields(flexible: flexible) }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            precondition(topics != nil || version >= 2, "BUG: version \(version) cannot ask for all topics")
            writer.string(groupID, flexible: flexible)
            if version >= 9 { writer.nullableString(memberID, flexible: flexible) }
            if version >= 9 { writer.integer(memberEpoch) }
            writer.nullableMessages(topics, flexible: flexible, version: version)
            if version >= 8 { writer.noTaggedFields(flexible: flexible) }
        }
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Before version 10; else empty.
        package var name: String
        /// From version 10.
        package var id: TopicID
        package var partitions: [Int32]

        package init(name: String, id: TopicID = .zero, partitions: [Int32] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            name = try version < 10 ? reader.string(flexible: flexible) : ""
            id = try version >= 10 ? reader.uuid() : .zero
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            if version < 10 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// How far groups have come.
package struct OffsetFetchResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    /// One per group asked about; up to version 7 there is one, and its id is empty.
    package var groups: [Group]

    package init(throttleMilliseconds: Int32 = 0, groups: [Group] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetFetchRequest.isFlexible(version)
        throttleMilliseconds = try version >= 3 ? reader.integer() : 0
        groups =
            if version >= 8 {
                try reader.messages(flexible: flexible, version: version)
            } else {
                [try Group(from: &reader, version: version)]
            }
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetFetchRequest.isFlexible(version)
        if version >= 3 { writer.integer(throttleMilliseconds) }
        if version >= 8 {
            writer.messages(groups, flexible: flexible, version: version)
        } else {
            precondition(groups.count == 1, "BUG: \(groups.count) answers to a question for one group")
            groups[0].write(to: &writer, version: version)
        }
        writer.noTaggedFields(flexible: flexible)
    }

    /// How far a group has come. Its fields stand in the response itself up to version 7.
    package struct Group: KafkaMessage, Equatable {
        package var groupID: String
        package var topics: [Topic]
        /// Version 1 lacks this: there the partitions must say what concerns the group.
        package var errorCode: ErrorCode

        package init(groupID: String, topics: [Topic] = [], errorCode: ErrorCode = .none) {
            self.groupID = groupID
            self.topics = topics
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            groupID = try version >= 8 ? reader.string(flexible: flexible) : ""
            topics = try reader.messages(flexible: flexible, version: version)
            errorCode = try version >= 2 ? reader.errorCode() : .none
            if version >= 8 { try reader.skipTaggedFields(flexible: flexible) }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            if version >= 8 { writer.string(groupID, flexible: flexible) }
            writer.messages(topics, flexible: flexible, version: version)
            if version >= 2 { writer.errorCode(errorCode) }
            if version >= 8 { writer.noTaggedFields(flexible: flexible) }
        }
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
            let flexible = OffsetFetchRequest.isFlexible(version)
            name = try version < 10 ? reader.string(flexible: flexible) : ""
            id = try version >= 10 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            if version < 10 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How far the group has come in a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// -1 where the group has committed none.
        package var offset: Offset
        package var leaderEpoch: LeaderEpoch
        /// The client's own.
        package var metadata: String?
        package var errorCode: ErrorCode

        package init(
            index: Int32, offset: Offset = Offset(-1), leaderEpoch: LeaderEpoch = .unknown, metadata: String? = "",
            errorCode: ErrorCode = .none
        ) {
            self.index = index
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.metadata = metadata
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            index = try reader.integer()
            offset = try reader.offset()
            leaderEpoch = try version >= 5 ? reader.leaderEpoch() : .unknown
            metadata = try reader.nullableString(flexible: flexible)
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetFetchRequest.isFlexible(version)
            writer.integer(index)
            writer.offset(offset)
            if version >= 5 { writer.leaderEpoch(leaderEpoch) }
            writer.nullableString(metadata, flexible: flexible)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
