// JoinGroup, key 11: versions 0 to 9, flexible from 6.
//
// 1  the rebalance timeout, which in version 0 is the session timeout
// 2  throttle time
// 4  a new member is given an id and joins again with it: error MEMBER_ID_REQUIRED (KIP-394)
// 5  static members (KIP-345)
// 7  answers with the protocol type; the protocol name may be null (KIP-559)
// 8  the reason (KIP-800)
// 9  the leader may be told to skip the assignment (KIP-814)
//
// Versions 3 and 6 change no field. What a protocol's metadata means is up to the members.

package import NIOCore

/// Makes the sender a member of a group, for the next generation.
package struct JoinGroupRequest: KafkaRequest, Equatable {
    package typealias Response = JoinGroupResponse

    package static var key: APIKey { .joinGroup }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static var firstFlexibleVersion: Int16? { 6 }

    package var groupID: String
    package var sessionTimeoutMilliseconds: Int32
    /// How long the others are waited for.
    package var rebalanceTimeoutMilliseconds: Int32
    /// Empty where the coordinator has given none yet.
    package var memberID: String
    package var groupInstanceID: String?
    package var protocolType: String
    /// The most wanted first.
    package var protocols: [GroupProtocol]
    package var reason: String?

    package init(
        groupID: String, sessionTimeoutMilliseconds: Int32, rebalanceTimeoutMilliseconds: Int32, memberID: String = "",
        groupInstanceID: String? = nil, protocolType: String, protocols: [GroupProtocol] = [], reason: String? = nil
    ) {
        self.groupID = groupID
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.protocolType = protocolType
        self.protocols = protocols
        self.reason = reason
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = JoinGroupRequest.isFlexible(version)
        groupID = try reader.string(flexible: flexible)
        sessionTimeoutMilliseconds = try reader.integer()
        rebalanceTimeoutMilliseconds = try version >= 1 ? reader.integer() : sessionTimeoutMilliseconds
        memberID = try reader.string(flexible: flexible)
        groupInstanceID = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
        protocolType = try reader.string(flexible: flexible)
        protocols = try reader.messages(flexible: flexible, version: version)
        reason = try version >= 8 ? reader.nullableString(flexible: flexible) : nil
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = JoinGroupRequest.isFlexible(version)
        writer.string(groupID, flexible: flexible)
        writer.integer(sessionTimeoutMilliseconds)
        if version >= 1 { writer.integer(rebalanceTimeoutMilliseconds) }
        writer.string(memberID, flexible: flexible)
        if version >= 5 { writer.nullableString(groupInstanceID, flexible: flexible) }
        writer.string(protocolType, flexible: flexible)
        writer.messages(protocols, flexible: flexible, version: version)
        if version >= 8 { writer.message(reason, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A way to assign that the member knows.
    package struct GroupProtocol: KafkaMessage, Equatable {
        package var name: String
        package var metadata: ByteBuffer

        package init(name: String, metadata: ByteBuffer) {
            self.name = name
            self.metadata = metadata
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = JoinGroupRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            metadata = try reader.bytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = JoinGroupRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.bytes(metadata, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of the wish to join; for the leader, who else did.
package struct JoinGroupResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var generationID: Int32
    package var protocolType: String?
    /// Null is written as an empty name up to version 6.
    package var protocolName: String?
    /// The leader's member id.
    package var leader: String
    package var skipAssignment: Bool
    package var memberID: String
    /// For the leader only.
    package var members: [Member]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, generationID: Int32 = -1,
        protocolType: String? = nil, protocolName: String? = nil, leader: String = "", skipAssignment: Bool = false,
        memberID: String = "", members: [Member] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.generationID = generationID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.skipAssignment = skipAssignment
        self.memberID = memberID
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = JoinGroupRequest.isFlexible(version)
        throttleMilliseconds = try version >= 2 ? reader.integer() : 0
        errorCode = try reader.errorCode()
        generationID = try reader.integer()
        protocolType = try version >= 7 ? reader.nullableString(flexible: flexible) : nil
        protocolName = try version >= 7 ? reader.nullableString(flexible: flexible) : reader.string(flexible: flexible)
        leader = try reader.string(flexible: flexible)
        skipAssignment = try version >= 9 ? reader.boolean() : false
        memberID = try reader.string(flexible: flexible)
        members = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = JoinGroupRequest.isFlexible(version)
        if version >= 2 { writer.integer(throttleMilliseconds) }
        writer.errorCode(errorCode)
        writer.integer(generationID)
        if version >= 7 { writer.nullableString(protocolType, flexible: flexible) }
        writer.nullableString(version >= 7 ? protocolName : protocolName ?? "", flexible: flexible)
        writer.string(leader, flexible: flexible)
        if version >= 9 { writer.boolean(skipAssignment) }
        writer.string(memberID, flexible: flexible)
        writer.messages(members, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A member, and what it said about the protocol chosen.
    package struct Member: KafkaMessage, Equatable {
        package var memberID: String
        package var groupInstanceID: String?
        package var metadata: ByteBuffer

        package init(memberID: String, groupInstanceID: String? = nil, metadata: ByteBuffer) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.metadata = metadata
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = JoinGroupRequest.isFlexible(version)
            memberID = try reader.string(flexible: flexible)
            groupInstanceID = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
            metadata = try reader.bytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = JoinGroupRequest.isFlexible(version)
            writer.string(memberID, flexible: flexible)
            if version >= 5 { writer.nullableString(groupInstanceID, flexible: flexible) }
            writer.bytes(metadata, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
