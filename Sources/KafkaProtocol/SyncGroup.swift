// SyncGroup, key 14: versions 0 to 5, flexible from 4.
//
// 1  throttle time
// 3  static members (KIP-345)
// 5  protocol type and name (KIP-559)
//
// Versions 2 and 4 change no field. What an assignment means is up to the members.

package import NIOCore

/// Asks for the sender's assignment; from the leader, brings everyone's.
package struct SyncGroupRequest: KafkaRequest, Equatable {
    package typealias Response = SyncGroupResponse

    package static var key: APIKey { .syncGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }

    package var groupID: String
    package var generationID: Int32
    package var memberID: String
    package var groupInstanceID: String?
    package var protocolType: String?
    package var protocolName: String?
    /// From the leader only.
    package var assignments: [Assignment]

    package init(
        groupID: String, generationID: Int32, memberID: String, groupInstanceID: String? = nil,
        protocolType: String? = nil, protocolName: String? = nil, assignments: [Assignment] = []
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = SyncGroupRequest.isFlexible(version)
        groupID = try reader.string(flexible: flexible)
        generationID = try reader.integer()
        memberID = try reader.string(flexible: flexible)
        groupInstanceID = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
        protocolType = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
        protocolName = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
        assignments = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = SyncGroupRequest.isFlexible(version)
        writer.string(groupID, flexible: flexible)
        writer.integer(generationID)
        writer.string(memberID, flexible: flexible)
        if version >= 3 { writer.nullableString(groupInstanceID, flexible: flexible) }
        if version >= 5 { writer.nullableString(protocolType, flexible: flexible) }
        if version >= 5 { writer.nullableString(protocolName, flexible: flexible) }
        writer.messages(assignments, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What a member is assigned.
    package struct Assignment: KafkaMessage, Equatable {
        package var memberID: String
        package var assignment: ByteBuffer

        package init(memberID: String, assignment: ByteBuffer) {
            self.memberID = memberID
            self.assignment = assignment
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = SyncGroupRequest.isFlexible(version)
            memberID = try reader.string(flexible: flexible)
            assignment = try reader.bytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = SyncGroupRequest.isFlexible(version)
            writer.string(memberID, flexible: flexible)
            writer.bytes(assignment, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The member's assignment.
package struct SyncGroupResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: ByteBuffer

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, protocolType: String? = nil,
        protocolName: String? = nil, assignment: ByteBuffer = ByteBuffer()
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignment = assignment
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = SyncGroupRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        errorCode = try reader.errorCode()
        protocolType = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
        protocolName = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
        assignment = try reader.bytes(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = SyncGroupRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.errorCode(errorCode)
        if version >= 5 { writer.nullableString(protocolType, flexible: flexible) }
        if version >= 5 { writer.nullableString(protocolName, flexible: flexible) }
        writer.bytes(assignment, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}
