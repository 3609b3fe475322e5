// CreateAcls, key 30: versions 1 to 3, flexible from 2.
//
// Version 2 changes no field; version 3 allows rules about users (KIP-373).

/// Makes rules.
package struct CreateACLsRequest: KafkaRequest, Equatable {
    package typealias Response = CreateACLsResponse

    package static var key: APIKey { .createACLs }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var creations: [ACLBinding]

    package init(creations: [ACLBinding] = []) {
        self.creations = creations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateACLsRequest.isFlexible(version)
        creations = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateACLsRequest.isFlexible(version)
        writer.messages(creations, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What became of each rule, in the order of the request.
package struct CreateACLsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateACLsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateACLsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a rule.
    package struct Result: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = CreateACLsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = CreateACLsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
