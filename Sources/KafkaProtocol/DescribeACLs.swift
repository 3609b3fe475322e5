// DescribeAcls, key 29: versions 1 to 3, flexible from 2.
//
// Version 2 changes no field; version 3 allows rules about users (KIP-373).

/// Asks which rules there are.
package struct DescribeACLsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeACLsResponse

    package static var key: APIKey { .describeACLs }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var filter: ACLFilter

    package init(filter: ACLFilter = ACLFilter()) {
        self.filter = filter
    }

    // The fields of the filter, and the tagged ones behind them, are those of the request.
    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        filter = try ACLFilter(from: &reader, version: version)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        filter.write(to: &writer, version: version)
    }
}

/// The rules, by resource.
package struct DescribeACLsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var resources: [Resource]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil,
        resources: [Resource] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.resources = resources
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeACLsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        resources = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeACLsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        writer.messages(resources, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A resource with rules.
    package struct Resource: KafkaMessage, Equatable {
        package var type: ACLResourceType
        package var name: String
        package var patternType: ACLPatternType
        package var rules: [Rule]

        package init(type: ACLResourceType, name: String, patternType: ACLPatternType = .literal, rules: [Rule] = []) {
            self.type = type
            self.name = name
            self.patternType = patternType
            self.rules = rules
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeACLsRequest.isFlexible(version)
            type = try ACLResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            patternType = try ACLPatternType(rawValue: reader.integer())
            rules = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeACLsRequest.isFlexible(version)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.integer(patternType.rawValue)
            writer.messages(rules, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A rule about the resource.
    package struct Rule: KafkaMessage, Equatable {
        package var principal: String
        package var host: String
        package var operation: ACLOperation
        package var permission: ACLPermission

        package init(principal: String, host: String, operation: ACLOperation, permission: ACLPermission) {
            self.principal = principal
            self.host = host
            self.operation = operation
            self.permission = permission
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeACLsRequest.isFlexible(version)
            principal = try reader.string(flexible: flexible)
            host = try reader.string(flexible: flexible)
            operation = try ACLOperation(rawValue: reader.integer())
            permission = try ACLPermission(rawValue: reader.integer())
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeACLsRequest.isFlexible(version)
            writer.string(principal, flexible: flexible)
            writer.string(host, flexible: flexible)
            writer.integer(operation.rawValue)
            writer.integer(permission.rawValue)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
