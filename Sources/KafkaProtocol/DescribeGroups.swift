// DescribeGroups, key 15: versions 0 to 6, flexible from 5.
//
// 1  throttle time
// 3  authorised operations
// 4  static members (KIP-345)
// 6  error messages; GROUP_ID_NOT_FOUND where earlier versions show a group that is dead (KIP-1043)
//
// Versions 2 and 5 change no field.

package import NIOCore

/// Asks about groups and their members.
package struct DescribeGroupsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeGroupsResponse

    package static var key: APIKey { .describeGroups }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 5 }

    package var groups: [String]
    package var includeAuthorizedOperations: Bool

    package init(groups: [String] = [], includeAuthorizedOperations: Bool = false) {
        self.groups = groups
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeGroupsRequest.isFlexible(version)
        groups = try reader.strings(flexible: flexible)
        includeAuthorizedOperations = try version >= 3 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeGroupsRequest.isFlexible(version)
        writer.strings(groups, flexible: flexible)
        if version >= 3 { writer.boolean(includeAuthorizedOperations) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The groups asked about.
package struct DescribeGroupsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var groups: [Group]

    package init(throttleMilliseconds: Int32 = 0, groups: [Group] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeGroupsRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        groups = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeGroupsRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.messages(groups, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A group.
    package struct Group: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var groupID: String
        /// "Stable" for instance.
        package var state: String
        package var protocolType: String
        /// Only where the group is stable.
        package var protocolName: String
        package var members: [Member]
        /// A bit field; the least value where it was not asked for.
        package var authorizedOperations: Int32

        package init(
            errorCode: ErrorCode = .none, errorMessage: String? = nil, groupID: String, state: String = "",
            protocolType: String = "", protocolName: String = "", members: [Member] = [],
            authorizedOperations: Int32 = .min
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.groupID = groupID
            self.state = state
            self.protocolType = protocolType
            self.protocolName = protocolName
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeGroupsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try version >= 6 ? reader.nullableString(flexible: flexible) : nil
            groupID = try reader.string(flexible: flexible)
            state = try reader.string(flexible: flexible)
            protocolType = try reader.string(flexible: flexible)
            protocolName = try reader.string(flexible: flexible)
            members = try reader.messages(flexible: flexible, version: version)
            authorizedOperations = try version >= 3 ? reader.integer() : .min
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeGroupsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            if version >= 6 { writer.message(errorMessage, flexible: flexible) }
            writer.string(groupID, flexible: flexible)
            writer.string(state, flexible: flexible)
            writer.string(protocolType, flexible: flexible)
            writer.string(protocolName, flexible: flexible)
            writer.messages(members, flexible: flexible, version: version)
            if version >= 3 { writer.integer(authorizedOperations) }
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A member of a group. Metadata and assignment are there only where the group is stable.
    package struct Member: KafkaMessage, Equatable {
        package var memberID: String
        package var groupInstanceID: String?
        package var clientID: String
        package var clientHost: String
        package var metadata: ByteBuffer
        package var assignment: ByteBuffer

        package init(
            memberID: String, groupInstanceID: String? = nil, clientID: String = "", clientHost: String = "",
            metadata: ByteBuffer = ByteBuffer(), assignment: ByteBuffer = ByteBuffer()
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.metadata = metadata
            self.assignment = assignment
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeGroupsRequest.isFlexible(version)
            memberID = try reader.string(flexible: flexible)
            groupInstanceID = try version >= 4 ? reader.nullableString(flexible: flexible) : nil
            clientID = try reader.string(flexible: flexible)
            clientHost = try reader.string(flexible: flexible)
            metadata = try reader.bytes(flexible: flexible)
            assignment = try reader.bytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeGroupsRequest.isFlexible(version)
            writer.string(memberID, flexible: flexible)
            if version >= 4 { writer.nullableString(groupInstanceID, flexible: flexible) }
            writer.string(clientID, flexible: flexible)
            writer.string(clientHost, flexible: flexible)
            writer.bytes(metadata, flexible: flexible)
            writer.bytes(assignment, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
