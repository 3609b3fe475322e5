// UpdateFeatures, key 57: versions 0 to 2, flexible from 0 (KIP-584).
//
// 1  the kind of update in place of a flag that allows downgrades, and trying it out (KIP-778)
// 2  no results of single features: all are updated, or none is

/// Chooses the versions of features that a cluster uses.
package struct UpdateFeaturesRequest: KafkaRequest, Equatable {
    package typealias Response = UpdateFeaturesResponse

    package static var key: APIKey { .updateFeatures }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var timeoutMilliseconds: Int32
    package var updates: [Update]
    /// From version 1.
    package var validateOnly: Bool

    package init(timeoutMilliseconds: Int32 = 60_000, updates: [Update] = [], validateOnly: Bool = false) {
        self.timeoutMilliseconds = timeoutMilliseconds
        self.updates = updates
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = UpdateFeaturesRequest.isFlexible(version)
        timeoutMilliseconds = try reader.integer()
        updates = try reader.messages(flexible: flexible, version: version)
        validateOnly = try version >= 1 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = UpdateFeaturesRequest.isFlexible(version)
        writer.integer(timeoutMilliseconds)
        writer.messages(updates, flexible: flexible, version: version)
        if version >= 1 { writer.boolean(validateOnly) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// A feature, and what to make of it.
    package struct Update: KafkaMessage, Equatable {
        package var feature: String
        /// Less than 1: none.
        package var maxVersionLevel: Int16
        /// Version 0 knows two of them: `upgrade` and `safeDowngrade`.
        package var upgradeType: UpgradeType

        package init(feature: String, maxVersionLevel: Int16, upgradeType: UpgradeType = .upgrade) {
            self.feature = feature
            self.maxVersionLevel = maxVersionLevel
            self.upgradeType = upgradeType
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = UpdateFeaturesRequest.isFlexible(version)
            feature = try reader.string(flexible: flexible)
            maxVersionLevel = try reader.integer()
            upgradeType =
                if version >= 1 {
                    try UpgradeType(rawValue: reader.integer())
                } else {
                    try reader.boolean() ? .safeDowngrade : .upgrade
                }
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = UpdateFeaturesRequest.isFlexible(version)
            writer.string(feature, flexible: flexible)
            writer.integer(maxVersionLevel)
            if version >= 1 {
                writer.integer(upgradeType.rawValue)
            } else {
                writer.boolean(upgradeType != .upgrade)
            }
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How far an update may go. A value that is not among the named ones is kept as it came.
    package struct UpgradeType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int8

        package init(rawValue: Int8) { self.rawValue = rawValue }

        package static let upgrade = UpgradeType(rawValue: 1)
        /// To an older version, where nothing is lost by that.
        package static let safeDowngrade = UpgradeType(rawValue: 2)
        /// To an older version, even where something is lost by that.
        package static let unsafeDowngrade = UpgradeType(rawValue: 3)
    }
}

/// What became of the updates.
package struct UpdateFeaturesResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    /// Up to version 1.
    package var results: [Result]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil,
        results: [Result] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = UpdateFeaturesRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        results = try version <= 1 ? reader.messages(flexible: flexible, version: version) : []
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = UpdateFeaturesRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        if version <= 1 { writer.messages(results, flexible: flexible, version: version) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of one.
    package struct Result: KafkaMessage, Equatable {
        package var feature: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(feature: String, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.feature = feature
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = UpdateFeaturesRequest.isFlexible(version)
            feature = try reader.string(flexible: flexible)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = UpdateFeaturesRequest.isFlexible(version)
            writer.string(feature, flexible: flexible)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
