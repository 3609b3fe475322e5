// Parts that DescribeAcls, CreateAcls and DeleteAcls share.

/// A rule about who may do what from where: an access control list has many (KIP-11).
package struct ACLBinding: KafkaMessage, Hashable {
    package var resourceType: ACLResourceType
    package var resourceName: String
    package var patternType: ACLPatternType
    /// "User:alice" for instance; "User:*" is everyone.
    package var principal: String
    /// An address; "*" is any.
    package var host: String
    package var operation: ACLOperation
    package var permission: ACLPermission

    package init(
        resourceType: ACLResourceType, resourceName: String, patternType: ACLPatternType = .literal, principal: String,
        host: String = "*", operation: ACLOperation, permission: ACLPermission
    ) {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.patternType = patternType
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateACLsRequest.isFlexible(version)
        resourceType = try ACLResourceType(rawValue: reader.integer())
        resourceName = try reader.string(flexible: flexible)
        patternType = try ACLPatternType(rawValue: reader.integer())
        principal = try reader.string(flexible: flexible)
        host = try reader.string(flexible: flexible)
        operation = try ACLOperation(rawValue: reader.integer())
        permission = try ACLPermission(rawValue: reader.integer())
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateACLsRequest.isFlexible(version)
        writer.integer(resourceType.rawValue)
        writer.string(resourceName, flexible: flexible)
        writer.integer(patternType.rawValue)
        writer.string(principal, flexible: flexible)
        writer.string(host, flexible: flexible)
        writer.integer(operation.rawValue)
        writer.integer(permission.rawValue)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What rules are meant: those that match every field.
package struct ACLFilter: KafkaMessage, Hashable {
    package var resourceType: ACLResourceType
    /// nil: any.
    package var resourceName: String?
    package var patternType: ACLPatternType
    /// nil: any.
    package var principal: String?
    /// nil: any.
    package var host: String?
    package var operation: ACLOperation
    package var permission: ACLPermission

    package init(
        resourceType: ACLResourceType = .any, resourceName: String? = nil, patternType: ACLPatternType = .any,
        principal: String? = nil, host: String? = nil, operation: ACLOperation = .any, permission: ACLPermission = .any
    ) {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.patternType = patternType
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        resourceType = try ACLResourceType(rawValue: reader.integer())
        resourceName = try reader.nullableString(flexible: flexible)
        patternType = try ACLPatternType(rawValue: reader.integer())
        principal = try reader.nullableString(flexible: flexible)
        host = try reader.nullableString(flexible: flexible)
        operation = try ACLOperation(rawValue: reader.integer())
        permission = try ACLPermission(rawValue: reader.integer())
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteACLsRequest.isFlexible(version)
        writer.integer(resourceType.rawValue)
        writer.nullableString(resourceName, flexible: flexible)
        writer.integer(patternType.rawValue)
        writer.nullableString(principal, flexible: flexible)
        writer.nullableString(host, flexible: flexible)
        writer.integer(operation.rawValue)
        writer.integer(permission.rawValue)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What kind of thing a rule is about. A value that is not among the named ones is kept as it came.
package struct ACLResourceType: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ACLResourceType(rawValue: 0)
    /// In filters only.
    package static let any = ACLResourceType(rawValue: 1)
    package static let topic = ACLResourceType(rawValue: 2)
    package static let group = ACLResourceType(rawValue: 3)
    package static let cluster = ACLResourceType(rawValue: 4)
    package static let transactionalID = ACLResourceType(rawValue: 5)
    package static let delegationToken = ACLResourceType(rawValue: 6)
    package static let user = ACLResourceType(rawValue: 7)
}

/// How the name of a rule's resource is meant (KIP-290). A value that is not among the named ones is kept as it came.
package struct ACLPatternType: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ACLPatternType(rawValue: 0)
    /// In filters only: rules whatever their pattern type.
    package static let any = ACLPatternType(rawValue: 1)
    /// In filters only: rules that apply to the name, literal, prefixed or "*".
    package static let match = ACLPatternType(rawValue: 2)
    /// The name itself; "*" is any.
    package static let literal = ACLPatternType(rawValue: 3)
    /// Names that begin so.
    package static let prefixed = ACLPatternType(rawValue: 4)
}

/// What a rule lets do. A value that is not among the named ones is kept as it came.
package struct ACLOperation: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ACLOperation(rawValue: 0)
    /// In filters only.
    package static let any = ACLOperation(rawValue: 1)
    package static let all = ACLOperation(rawValue: 2)
    package static let read = ACLOperation(rawValue: 3)
    package static let write = ACLOperation(rawValue: 4)
    package static let create = ACLOperation(rawValue: 5)
    package static let delete = ACLOperation(rawValue: 6)
    package static let alter = ACLOperation(rawValue: 7)
    package static let describe = ACLOperation(rawValue: 8)
    package static let clusterAction = ACLOperation(rawValue: 9)
    package static let describeConfigs = ACLOperation(rawValue: 10)
    package static let alterConfigs = ACLOperation(rawValue: 11)
    package static let idempotentWrite = ACLOperation(rawValue: 12)
    package static let createTokens = ACLOperation(rawValue: 13)
    package static let describeTokens = ACLOperation(rawValue: 14)
    package static let twoPhaseCommit = ACLOperation(rawValue: 15)
}

/// Whether a rule allows or denies. A value that is not among the named ones is kept as it came.
package struct ACLPermission: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ACLPermission(rawValue: 0)
    /// In filters only.
    package static let any = ACLPermission(rawValue: 1)
    package static let deny = ACLPermission(rawValue: 2)
    package static let allow = ACLPermission(rawValue: 3)
}
