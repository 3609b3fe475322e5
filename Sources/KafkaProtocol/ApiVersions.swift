// ApiVersions, key 18: versions 0 to 4, flexible from 3. Its response always has header version 0, so that a client can
// read it whose version the server does not speak.
//
// 1  throttle time
// 3  the client's software; features (tagged, KIP-584)
// 4  features may have the least version 0, which breaks older clients (KAFKA-17011): they are left out below
//
// Version 2 changes no field. A server that does not speak the version asked for answers in version 0's layout with error
// 35 (KIP-511).

/// Asks which APIs and versions the server speaks.
package struct ApiVersionsRequest: KafkaRequest, Equatable {
    package typealias Response = ApiVersionsResponse

    package static var key: APIKey { .apiVersions }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 3 }

    package var clientSoftwareName: String
    package var clientSoftwareVersion: String

    package init(clientSoftwareName: String = "", clientSoftwareVersion: String = "") {
        self.clientSoftwareName = clientSoftwareName
        self.clientSoftwareVersion = clientSoftwareVersion
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ApiVersionsRequest.isFlexible(version)
        clientSoftwareName = try version >= 3 ? reader.string(flexible: flexible) : ""
        clientSoftwareVersion = try version >= 3 ? reader.string(flexible: flexible) : ""
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ApiVersionsRequest.isFlexible(version)
        if version >= 3 { writer.string(clientSoftwareName, flexible: flexible) }
        if version >= 3 { writer.string(clientSoftwareVersion, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The APIs and versions that the server speaks.
package struct ApiVersionsResponse: KafkaMessage, Equatable {
    package var errorCode: ErrorCode
    package var apis: [API]
    package var throttleMilliseconds: Int32
    package var supportedFeatures: [SupportedFeature]
    /// -1 where no features are finalised.
    package var finalizedFeaturesEpoch: Int64
    package var finalizedFeatures: [FinalizedFeature]
    package var zkMigrationReady: Bool

    package init(
        errorCode: ErrorCode = .none, apis: [API] = [], throttleMilliseconds: Int32 = 0,
        supportedFeatures: [SupportedFeature] = [], finalizedFeaturesEpoch: Int64 = -1,
        finalizedFeatures: [FinalizedFeature] = [], zkMigrationReady: Bool = false
    ) {
        self.errorCode = errorCode
        self.apis = apis
        self.throttleMilliseconds = throttleMilliseconds
        self.supportedFeatures = supportedFeatures
        self.finalizedFeaturesEpoch = finalizedFeaturesEpoch
        self.finalizedFeatures = finalizedFeatures
        self.zkMigrationReady = zkMigrationReady
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        errorCode = try reader.errorCode()
        let version = Self.layout(of: version, with: errorCode)
        let flexible = ApiVersionsRequest.isFlexible(version)
        apis = try reader.messages(flexible: flexible, version: version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        supportedFeatures = []
        finalizedFeaturesEpoch = -1
        finalizedFeatures = []
        zkMigrationReady = false
        try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
            switch tag {
            case 0: supportedFeatures = try reader.messages(flexible: flexible, version: version)
            case 1: finalizedFeaturesEpoch = try reader.integer()
            case 2: finalizedFeatures = try reader.messages(flexible: flexible, version: version)
            case 3: zkMigrationReady = try reader.boolean()
            default: break
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let version = Self.layout(of: version, with: errorCode)
        let flexible = ApiVersionsRequest.isFlexible(version)
        writer.errorCode(errorCode)
        writer.messages(apis, flexible: flexible, version: version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        var tagged = TaggedFields()
        let supportedFeatures = self.supportedFeatures.filter { version >= 4 || $0.minVersion > 0 }
        if !supportedFeatures.isEmpty {
            tagged.add(0) { writer in writer.messages(supportedFeatures, flexible: flexible, version: version) }
        }
        if finalizedFeaturesEpoch != -1 { tagged.add(1) { writer in writer.integer(finalizedFeaturesEpoch) } }
        if !finalizedFeatures.isEmpty {
            tagged.add(2) { writer in writer.messages(finalizedFeatures, flexible: flexible, version: version) }
        }
        if zkMigrationReady { tagged.add(3) { writer in writer.boolean(zkMigrationReady) } }
        writer.taggedFields(flexible: flexible, tagged)
    }

    /// The version of the layout. Whoever did not speak the version asked for answered in version 0 (KIP-511).
    private static func layout(of version: Int16, with errorCode: ErrorCode) -> Int16 {
        errorCode == .unsupportedVersion ? 0 : version
    }

    /// The versions of one API.
    package struct API: KafkaMessage, Equatable {
        package var key: APIKey
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(key: APIKey, minVersion: Int16, maxVersion: Int16) {
            self.key = key
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            key = try APIKey(rawValue: reader.integer())
            minVersion = try reader.integer()
            maxVersion = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            writer.integer(key.rawValue)
            writer.integer(minVersion)
            writer.integer(maxVersion)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The versions of a feature that the server could use.
    package struct SupportedFeature: KafkaMessage, Equatable {
        package var name: String
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(name: String, minVersion: Int16, maxVersion: Int16) {
            self.name = name
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            minVersion = try reader.integer()
            maxVersion = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(minVersion)
            writer.integer(maxVersion)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The versions of a feature that the cluster uses.
    package struct FinalizedFeature: KafkaMessage, Equatable {
        package var name: String
        package var maxVersionLevel: Int16
        package var minVersionLevel: Int16

        package init(name: String, maxVersionLevel: Int16, minVersionLevel: Int16) {
            self.name = name
            self.maxVersionLevel = maxVersionLevel
            self.minVersionLevel = minVersionLevel
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            maxVersionLevel = try reader.integer()
            minVersionLevel = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ApiVersionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(maxVersionLevel)
            writer.integer(minVersionLevel)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
