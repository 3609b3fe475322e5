// DescribeConfigs, key 32: versions 1 to 4, flexible from 4.
//
// 3  the types of settings, and their documentation
//
// Versions 2 and 4 change no field.

/// Asks how topics, brokers and other things are set.
package struct DescribeConfigsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeConfigsResponse

    package static var key: APIKey { .describeConfigs }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static var firstFlexibleVersion: Int16? { 4 }

    package var resources: [Resource]
    package var includeSynonyms: Bool
    package var includeDocumentation: Bool

    package init(resources: [Resource] = [], includeSynonyms: Bool = false, includeDocumentation: Bool = false) {
        self.resources = resources
        self.includeSynonyms = includeSynonyms
        self.includeDocumentation = includeDocumentation
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeConfigsRequest.isFlexible(version)
        resources = try reader.messages(flexible: flexible, version: version)
        includeSynonyms = try reader.boolean()
        includeDocumentation = try version >= 3 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeConfigsRequest.isFlexible(version)
        writer.messages(resources, flexible: flexible, version: version)
        writer.boolean(includeSynonyms)
        if version >= 3 { writer.boolean(includeDocumentation) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A thing asked about.
    package struct Resource: KafkaMessage, Equatable {
        package var type: ConfigResourceType
        package var name: String
        /// nil: all.
        package var configNames: [String]?

        package init(type: ConfigResourceType, name: String, configNames: [String]? = nil) {
            self.type = type
            self.name = name
            self.configNames = configNames
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            configNames = try reader.nullableStrings(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.nullableStrings(configNames, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The settings of each thing asked about.
package struct DescribeConfigsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeConfigsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeConfigsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The settings of a thing.
    package struct Result: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var type: ConfigResourceType
        package var name: String
        package var configs: [Config]

        package init(
            errorCode: ErrorCode = .none, errorMessage: String? = nil, type: ConfigResourceType, name: String,
            configs: [Config] = []
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.type = type
            self.name = name
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            type = try ConfigResourceType(rawValue: reader.integer())
            name = try reader.string(flexible: flexible)
            configs = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.integer(type.rawValue)
            writer.string(name, flexible: flexible)
            writer.messages(configs, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A setting.
    package struct Config: KafkaMessage, Equatable {
        package var name: String
        /// nil where it is sensitive, or not set and without a default.
        package var value: String?
        package var isReadOnly: Bool
        package var source: ConfigSource
        package var isSensitive: Bool
        /// What could set it, the one that does first.
        package var synonyms: [Synonym]
        package var type: ConfigType
        package var documentation: String?

        package init(
            name: String, value: String?, isReadOnly: Bool = false, source: ConfigSource = .unknown,
            isSensitive: Bool = false, synonyms: [Synonym] = [], type: ConfigType = .unknown,
            documentation: String? = nil
        ) {
            self.name = name
            self.value = value
            self.isReadOnly = isReadOnly
            self.source = source
            self.isSensitive = isSensitive
            self.synonyms = synonyms
            self.type = type
            self.documentation = documentation
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            value = try reader.nullableString(flexible: flexible)
            isReadOnly = try reader.boolean()
            source = try ConfigSource(rawValue: reader.integer())
            isSensitive = try reader.boolean()
            synonyms = try reader.messages(flexible: flexible, version: version)
            type = try version >= 3 ? ConfigType(rawValue: reader.integer()) : .unknown
            documentation = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.nullableString(value, flexible: flexible)
            writer.boolean(isReadOnly)
            writer.integer(source.rawValue)
            writer.boolean(isSensitive)
            writer.messages(synonyms, flexible: flexible, version: version)
            if version >= 3 { writer.integer(type.rawValue) }
            if version >= 3 { writer.message(documentation, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A name under which the setting can be made, and the value there.
    package struct Synonym: KafkaMessage, Equatable {
        package var name: String
        package var value: String?
        package var source: ConfigSource

        package init(name: String, value: String?, source: ConfigSource) {
            self.name = name
            self.value = value
            self.source = source
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            value = try reader.nullableString(flexible: flexible)
            source = try ConfigSource(rawValue: reader.integer())
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeConfigsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.nullableString(value, flexible: flexible)
            writer.integer(source.rawValue)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
