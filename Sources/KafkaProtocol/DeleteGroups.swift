// DeleteGroups, key 42: versions 0 to 2, flexible from 2.
//
// Versions 1 and 2 change no field.

/// Deletes groups without members, and their offsets.
package struct DeleteGroupsRequest: KafkaRequest, Equatable {
    package typealias Response = DeleteGroupsResponse

    package static var key: APIKey { .deleteGroups }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var groups: [String]

    package init(groups: [String] = []) {
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteGroupsRequest.isFlexible(version)
        groups = try reader.strings(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteGroupsRequest.isFlexible(version)
        writer.strings(groups, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What became of each group.
package struct DeleteGroupsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteGroupsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteGroupsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a group.
    package struct Result: KafkaMessage, Equatable {
        package var groupID: String
        package var errorCode: ErrorCode

        package init(groupID: String, errorCode: ErrorCode = .none) {
            self.groupID = groupID
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteGroupsRequest.isFlexible(version)
            groupID = try reader.string(flexible: flexible)
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteGroupsRequest.isFlexible(version)
            writer.string(groupID, flexible: flexible)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
