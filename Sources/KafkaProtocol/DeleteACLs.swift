// DeleteAcls, key 31: versions 1 to 3, flexible from 2.
//
// Version 2 changes no field; version 3 allows rules about users (KIP-373).

/// Deletes rules.
package struct DeleteACLsRequest: KafkaRequest, Equatable {
    package typealias Response = DeleteACLsResponse

    package static var key: APIKey { .deleteACLs }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var filters: [ACLFilter]

    package init(filters: [ACLFilter] = []) {
        self.filters = filters
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        filters = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        writer.messages(filters, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What became of each filter, in the order of the request.
package struct DeleteACLsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a filter.
    package struct Result: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var matches: [Match]

        package init(errorCode: ErrorCode = .none, errorMessage: String? = nil, matches: [Match] = []) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.matches = matches
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteACLsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            matches = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteACLsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.messages(matches, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of a rule.
    package struct Match: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var binding: ACLBinding

        package init(errorCode: ErrorCode = .none, errorMessage: String? = nil, binding: ACLBinding) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.binding = binding
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteACLsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            // The tagged fields behind those of the binding are ours.
            binding = try ACLBinding(from: &reader, version: version)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteACLsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            binding.write(to: &writer, version: version)
        }
    }
}
