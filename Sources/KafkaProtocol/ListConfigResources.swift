// ListConfigResources, key 74: versions 0 and 1, flexible from 0 (KIP-1142).
//
// 0  as ListClientMetricsResources: of that type only (KIP-714)
// 1  of types asked for

/// Asks what has settings.
package struct ListConfigResourcesRequest: KafkaRequest, Equatable {
    package typealias Response = ListConfigResourcesResponse

    package static var key: APIKey { .listConfigResources }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }

    /// Empty: of any type. From version 1.
    package var types: [ConfigResourceType]

    package init(types: [ConfigResourceType] = []) {
        self.types = types
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListConfigResourcesRequest.isFlexible(version)
        types = try version >= 1 ? reader.integers(flexible: flexible).map(ConfigResourceType.init(rawValue:)) : []
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListConfigResourcesRequest.isFlexible(version)
        if version >= 1 { writer.integers(types.map(\.rawValue), flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What has settings.
package struct ListConfigResourcesResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var resources: [Resource]

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, resources: [Resource] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.resources = resources
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListConfigResourcesRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        resources = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListConfigResourcesRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.messages(resources, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Something with settings.
    package struct Resource: KafkaMessage, Equatable {
        package var name: String
        /// Version 0 knows that of client metrics only.
        package var type: ConfigResourceType

        package init(name: String, type: ConfigResourceType = .clientMetrics) {
            self.name = name
            self.type = type
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListConfigResourcesRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            type = try version >= 1 ? ConfigResourceType(rawValue: reader.integer()) : .clientMetrics
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListConfigResourcesRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            if version >= 1 { writer.integer(type.rawValue) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
