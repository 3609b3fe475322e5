// AlterClientQuotas, key 49: versions 0 and 1, flexible from 1 (KIP-546).
//
// Version 1 changes no field.

/// Sets and removes quotas.
package struct AlterClientQuotasRequest: KafkaRequest, Equatable {
    package typealias Response = AlterClientQuotasResponse

    package static var key: APIKey { .alterClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }

    package var entries: [Entry]
    package var validateOnly: Bool

    package init(entries: [Entry] = [], validateOnly: Bool = false) {
        self.entries = entries
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterClientQuotasRequest.isFlexible(version)
        entries = try reader.messages(flexible: flexible, version: version)
        validateOnly = try reader.boolean()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterClientQuotasRequest.isFlexible(version)
        writer.messages(entries, flexible: flexible, version: version)
        writer.boolean(validateOnly)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What to change of one entity.
    package struct Entry: KafkaMessage, Equatable {
        package var entity: [QuotaEntityPart]
        package var operations: [Operation]

        package init(entity: [QuotaEntityPart] = [], operations: [Operation] = []) {
            self.entity = entity
            self.operations = operations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            entity = try reader.messages(flexible: flexible, version: version)
            operations = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            writer.messages(entity, flexible: flexible, version: version)
            writer.messages(operations, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A change of one quota.
    package struct Operation: KafkaMessage, Equatable {
        package var key: String
        package var value: Double
        package var remove: Bool

        package init(key: String, value: Double = 0, remove: Bool = false) {
            self.key = key
            self.value = value
            self.remove = remove
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            key = try reader.string(flexible: flexible)
            value = try reader.double()
            remove = try reader.boolean()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            writer.string(key, flexible: flexible)
            writer.double(value)
            writer.boolean(remove)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each change.
package struct AlterClientQuotasResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var entries: [Entry]

    package init(throttleMilliseconds: Int32 = 0, entries: [Entry] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.entries = entries
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterClientQuotasRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        entries = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterClientQuotasRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(entries, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of the changes of one entity.
    package struct Entry: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var entity: [QuotaEntityPart]

        package init(errorCode: ErrorCode = .none, errorMessage: String? = nil, entity: [QuotaEntityPart] = []) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.entity = entity
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            entity = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterClientQuotasRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.messages(entity, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
