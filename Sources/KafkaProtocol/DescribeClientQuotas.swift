// DescribeClientQuotas, key 48: versions 0 and 1, flexible from 1 (KIP-546).
//
// Version 1 changes no field.

/// Asks which quotas there are.
package struct DescribeClientQuotasRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeClientQuotasResponse

    package static var key: APIKey { .describeClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }

    /// All of them have to fit.
    package var components: [Component]
    /// Whether entities that have more parts than are asked for are left out.
    package var isStrict: Bool

    package init(components: [Component] = [], isStrict: Bool = false) {
        self.components = components
        self.isStrict = isStrict
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        components = try reader.messages(flexible: flexible, version: version)
        isStrict = try reader.boolean()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        writer.messages(components, flexible: flexible, version: version)
        writer.boolean(isStrict)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What one part of an entity is to be.
    package struct Component: KafkaMessage, Equatable {
        /// "user", "client-id" or "ip".
        package var entityType: String
        package var matchType: MatchType
        /// The name, for an exact match.
        package var match: String?

        package init(entityType: String, matchType: MatchType, match: String? = nil) {
            self.entityType = entityType
            self.matchType = matchType
            self.match = match
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            entityType = try reader.string(flexible: flexible)
            matchType = try MatchType(rawValue: reader.integer())
            match = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            writer.string(entityType, flexible: flexible)
            writer.integer(matchType.rawValue)
            writer.nullableString(match, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How a part is matched. A value that is not among the named ones is kept as it came.
    package struct MatchType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int8

        package init(rawValue: Int8) { self.rawValue = rawValue }

        package static let exact = MatchType(rawValue: 0)
        /// The entity of all that have none of their own.
        package static let byDefault = MatchType(rawValue: 1)
        /// Whatever its name is.
        package static let any = MatchType(rawValue: 2)
    }
}

/// The quotas.
package struct DescribeClientQuotasResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    /// nil with an error.
    package var entries: [Entry]?

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil,
        entries: [Entry]? = nil
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.entries = entries
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        entries = try reader.nullableMessages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        writer.nullableMessages(entries, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The quotas of one entity.
    package struct Entry: KafkaMessage, Equatable {
        package var entity: [QuotaEntityPart]
        package var values: [Value]

        package init(entity: [QuotaEntityPart] = [], values: [Value] = []) {
            self.entity = entity
            self.values = values
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            entity = try reader.messages(flexible: flexible, version: version)
            values = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            writer.messages(entity, flexible: flexible, version: version)
            writer.messages(values, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A quota.
    package struct Value: KafkaMessage, Equatable {
        package var key: String
        package var value: Double

        package init(key: String, value: Double) {
            self.key = key
            self.value = value
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            key = try reader.string(flexible: flexible)
            value = try reader.double()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeClientQuotasRequest.isFlexible(version)
            writer.string(key, flexible: flexible)
            writer.double(value)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// A part of whom a quota is for, in DescribeClientQuotas and AlterClientQuotas, whose versions are the same.
package struct QuotaEntityPart: KafkaMessage, Hashable {
    /// "user", "client-id" or "ip".
    package var type: String
    /// nil: all that have none of their own.
    package var name: String?

    package init(type: String, name: String? = nil) {
        self.type = type
        self.name = name
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        type = try reader.string(flexible: flexible)
        name = try reader.nullableString(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeClientQuotasRequest.isFlexible(version)
        writer.string(type, flexible: flexible)
        writer.nullableString(name, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}
