// IncrementalAlterConfigs, key 44: versions 0 to 1, flexible from 1.
//
// Version 1 changes no field. KIP-339.

/// Changes single settings of things.
package struct IncrementalAlterConfigsRequest: KafkaRequest, Equatable {
    package typealias Response = IncrementalAlterConfigsResponse

    package static var key: APIKey { .incrementalAlterConfigs }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }

    package var resources: [Resource]
    package var validateOnly: Bool

    package init(resources: [Resource] = [], validateOnly: Bool = false) {
        self.resources = resources
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
        resources = try reader.messages(flexible: flexible, version: version)
        validateOnly = try reader.boolean()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
        writer.messages(resources, flexible: flexible, version: version)
        writer.boolean(validateOnly)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The changes to a thing.
    package struct Resource: KafkaMessage, Equatable {
        package var type: ConfigResourceType
        package var name: String
        package var configs: [Config]

        package init(type: ConfigResourceType, name: String, configs: [Config] = []) {
            self.type = type
            self.name = name
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            configs = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.messages(configs, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A change to a setting.
    package struct Config: KafkaMessage, Equatable {
        package var name: String
        package var operation: Operation
        /// nil where it is deleted.
        package var value: String?

        package init(name: String, operation: Operation, value: String?) {
            self.name = name
            self.operation = operation
            self.value = value
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            operation = try Operation(rawValue: reader.integer())
            value = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(operation.rawValue)
            writer.nullableString(value, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How a setting changes. A value that is not among the named ones is kept as it came.
    package struct Operation: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int8

        package init(rawValue: Int8) { self.rawValue = rawValue }

        package static let set = Operation(rawValue: 0)
        /// Back to the default.
        package static let delete = Operation(rawValue: 1)
        /// To the values of a list.
        package static let append = Operation(rawValue: 2)
        /// From the values of a list.
        package static let subtract = Operation(rawValue: 3)
    }
}

/// What became of each thing.
package struct IncrementalAlterConfigsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a thing.
    package struct Result: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var type: ConfigResourceType
        package var name: String

        package init(errorCode: ErrorCode = .none, errorMessage: String? = nil, type: ConfigResourceType, name: String)
        {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.type = type
            self.name = name
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = IncrementalAlterConfigsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
