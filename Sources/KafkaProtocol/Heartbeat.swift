// Heartbeat, key 12: versions 0 to 4, flexible from 4.
//
// 1  throttle time
// 3  static members (KIP-345)
//
// Versions 2 and 4 change no field.

/// Says that a member is alive.
package struct HeartbeatRequest: KafkaRequest, Equatable {
    package typealias Response = HeartbeatResponse

    package static var key: APIKey { .heartbeat }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 4 }

    package var groupID: String
    package var generationID: Int32
    package var memberID: String
    package var groupInstanceID: String?

    package init(groupID: String, generationID: Int32, memberID: String, groupInstanceID: String? = nil) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = HeartbeatRequest.isFlexible(version)
        groupID = try reader.string(flexible: flexible)
        generationID = try reader.integer()
        memberID = try reader.string(flexible: flexible)
        groupInstanceID = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = HeartbeatRequest.isFlexible(version)
        writer.string(groupID, flexible: flexible)
        writer.integer(generationID)
        writer.string(memberID, flexible: flexible)
        if version >= 3 { writer.nullableString(groupInstanceID, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// Whether the member still is one; REBALANCE_IN_PROGRESS asks it to join again.
package struct HeartbeatResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = HeartbeatRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        errorCode = try reader.errorCode()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = HeartbeatRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.errorCode(errorCode)
        writer.noTaggedFields(flexible: flexible)
    }
}
