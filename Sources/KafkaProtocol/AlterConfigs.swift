// AlterConfigs, key 33: versions 0 to 2, flexible from 2.
//
// Versions 1 and 2 change no field.

/// Replaces all settings of things: what is not named goes back to its default. IncrementalAlterConfigs changes single
/// ones.
package struct AlterConfigsRequest: KafkaRequest, Equatable {
    package typealias Response = AlterConfigsResponse

    package static var key: APIKey { .alterConfigs }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var resources: [Resource]
    package var validateOnly: Bool

    package init(resources: [Resource] = [], validateOnly: Bool = false) {
        self.resources = resources
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterConfigsRequest.isFlexible(version)
        resources = try reader.messages(flexible: flexible, version: version)
        validateOnly = try reader.boolean()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterConfigsRequest.isFlexible(version)
        writer.messages(resources, flexible: flexible, version: version)
        writer.boolean(validateOnly)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The settings of a thing.
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
            let flexible = AlterConfigsRequest.isFlexible(version)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            configs = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterConfigsRequest.isFlexible(version)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.messages(configs, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A setting.
    package struct Config: KafkaMessage, Equatable {
        package var name: String
        package var value: String?

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterConfigsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            value = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterConfigsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.nullableString(value, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each thing.
package struct AlterConfigsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterConfigsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterConfigsRequest.isFlexible(version)
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
            let flexible = AlterConfigsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterConfigsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
