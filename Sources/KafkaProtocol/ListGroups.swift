// ListGroups, key 16: versions 0 to 5, flexible from 3.
//
// 1  throttle time
// 4  states (KIP-518)
// 5  types (KIP-848)
//
// Versions 2 and 3 change no field.

/// Asks which groups there are.
package struct ListGroupsRequest: KafkaRequest, Equatable {
    package typealias Response = ListGroupsResponse

    package static var key: APIKey { .listGroups }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }

    /// Groups in these states only; empty: in any.
    package var states: [String]
    /// Groups of these types only; empty: of any.
    package var types: [String]

    package init(states: [String] = [], types: [String] = []) {
        self.states = states
        self.types = types
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListGroupsRequest.isFlexible(version)
        states = try version >= 4 ? reader.strings(flexible: flexible) : []
        types = try version >= 5 ? reader.strings(flexible: flexible) : []
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListGroupsRequest.isFlexible(version)
        if version >= 4 { writer.strings(states, flexible: flexible) }
        if version >= 5 { writer.strings(types, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The groups.
package struct ListGroupsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var groups: [Group]

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, groups: [Group] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListGroupsRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        errorCode = try reader.errorCode()
        groups = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListGroupsRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.errorCode(errorCode)
        writer.messages(groups, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A group.
    package struct Group: KafkaMessage, Equatable {
        package var groupID: String
        package var protocolType: String
        /// "Stable" for instance.
        package var state: String
        /// "classic" for instance.
        package var type: String

        package init(groupID: String, protocolType: String = "", state: String = "", type: String = "") {
            self.groupID = groupID
            self.protocolType = protocolType
            self.state = state
            self.type = type
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListGroupsRequest.isFlexible(version)
            groupID = try reader.string(flexible: flexible)
            protocolType = try reader.string(flexible: flexible)
            state = try version >= 4 ? reader.string(flexible: flexible) : ""
            type = try version >= 5 ? reader.string(flexible: flexible) : ""
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListGroupsRequest.isFlexible(version)
            writer.string(groupID, flexible: flexible)
            writer.string(protocolType, flexible: flexible)
            if version >= 4 { writer.string(state, flexible: flexible) }
            if version >= 5 { writer.string(type, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
