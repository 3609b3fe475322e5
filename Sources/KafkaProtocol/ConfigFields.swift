// Parts that DescribeConfigs, AlterConfigs and IncrementalAlterConfigs share.

/// What kind of thing has settings. A value that is not among the named ones is kept as it came.
package struct ConfigResourceType: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ConfigResourceType(rawValue: 0)
    package static let topic = ConfigResourceType(rawValue: 2)
    package static let broker = ConfigResourceType(rawValue: 4)
    package static let brokerLogger = ConfigResourceType(rawValue: 8)
    package static let clientMetrics = ConfigResourceType(rawValue: 16)
    package static let group = ConfigResourceType(rawValue: 32)
}

/// Where the value of a setting comes from. A value that is not among the named ones is kept as it came.
package struct ConfigSource: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ConfigSource(rawValue: 0)
    package static let topic = ConfigSource(rawValue: 1)
    /// One broker's, set at run time.
    package static let dynamicBroker = ConfigSource(rawValue: 2)
    /// All brokers', set at run time.
    package static let dynamicDefaultBroker = ConfigSource(rawValue: 3)
    /// The broker's configuration file.
    package static let staticBroker = ConfigSource(rawValue: 4)
    /// Built in.
    package static let defaultConfig = ConfigSource(rawValue: 5)
    package static let dynamicBrokerLogger = ConfigSource(rawValue: 6)
    package static let clientMetrics = ConfigSource(rawValue: 7)
    package static let group = ConfigSource(rawValue: 8)
}

/// What a setting's value is made of. A value that is not among the named ones is kept as it came.
package struct ConfigType: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = ConfigType(rawValue: 0)
    package static let boolean = ConfigType(rawValue: 1)
    package static let string = ConfigType(rawValue: 2)
    package static let int = ConfigType(rawValue: 3)
    package static let short = ConfigType(rawValue: 4)
    package static let long = ConfigType(rawValue: 5)
    package static let double = ConfigType(rawValue: 6)
    package static let list = ConfigType(rawValue: 7)
    package static let className = ConfigType(rawValue: 8)
    package static let password = ConfigType(rawValue: 9)
}
