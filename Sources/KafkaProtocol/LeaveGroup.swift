// LeaveGroup, key 13: versions 0 to 5, flexible from 4.
//
// 1  throttle time
// 3  many members at once, static ones too (KIP-345)
// 5  the reason (KIP-800)
//
// Versions 2 and 4 change no field.

/// Takes members out of a group.
package struct LeaveGroupRequest: KafkaRequest, Equatable {
    package typealias Response = LeaveGroupResponse

    package static var key: APIKey { .leaveGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }

    package var groupID: String
    /// Exactly one up to version 2.
    package var members: [Member]

    package init(groupID: String, members: [Member] = []) {
        self.groupID = groupID
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = LeaveGroupRequest.isFlexible(version)
        groupID = try reader.string(flexible: flexible)
        members =
            if version >= 3 {
                try reader.messages(flexible: flexible, version: version)
            } else {
                [try Member(from: &reader, version: version)]
            }
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = LeaveGroupRequest.isFlexible(version)
        writer.string(groupID, flexible: flexible)
        if version >= 3 {
            writer.messages(members, flexible: flexible, version: version)
        } else {
            precondition(members.count == 1, "BUG: in version \(version) one member leaves, not \(members.count)")
            members[0].write(to: &writer, version: version)
        }
        writer.noTaggedFields(flexible: flexible)
    }

    /// Who leaves.
    package struct Member: KafkaMessage, Equatable {
        /// May be empty where there is a `groupInstanceID`.
        package var memberID: String
        package var groupInstanceID: String?
        package var reason: String?

        package init(memberID: String, groupInstanceID: String? = nil, reason: String? = nil) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.reason = reason
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = LeaveGroupRequest.isFlexible(version)
            memberID = try reader.string(flexible: flexible)
            groupInstanceID = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
            reason = try version >= 5 ? reader.nullableString(flexible: flexible) : nil
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = LeaveGroupRequest.isFlexible(version)
            writer.string(memberID, flexible: flexible)
            if version >= 3 { writer.nullableString(groupInstanceID, flexible: flexible) }
            if version >= 5 { writer.message(reason, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each member.
package struct LeaveGroupResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    /// What became of the request; up to version 2 also of the one member, which is not listed then.
    package var errorCode: ErrorCode
    package var members: [Member]

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, members: [Member] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = LeaveGroupRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        errorCode = try reader.errorCode()
        members = try version >= 3 ? reader.messages(flexible: flexible, version: version) : []
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = LeaveGroupRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        if version >= 3 {
            writer.errorCode(errorCode)
            writer.messages(members, flexible: flexible, version: version)
        } else {
            // The member's own error would be lost otherwise.
            writer.errorCode(errorCode == .none ? members.first?.errorCode ?? .none : errorCode)
        }
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a member.
    package struct Member: KafkaMessage, Equatable {
        package var memberID: String
        package var groupInstanceID: String?
        package var errorCode: ErrorCode

        package init(memberID: String, groupInstanceID: String? = nil, errorCode: ErrorCode = .none) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = LeaveGroupRequest.isFlexible(version)
            memberID = try reader.string(flexible: flexible)
            groupInstanceID = try reader.nullableString(flexible: flexible)
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = LeaveGroupRequest.isFlexible(version)
            writer.string(memberID, flexible: flexible)
            writer.nullableString(groupInstanceID, flexible: flexible)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
