package import YAMLConfiguration

extension CollectorConfiguration {
    /// What `collector.yaml` may say.
    package static var form: Form<CollectorConfiguration> {
        .section { section in
            var configuration = CollectorConfiguration()
            let defaults = configuration
            configuration.listen = section.value("listen", .listeningAddress, default: defaults.listen)
            configuration.advertised = section.value("advertised", .advertisedAddress)
            configuration.dataDirectory = section.value("data_dir", .absolutePath, default: defaults.dataDirectory)
            configuration.flush = readFlush(section)
            configuration.autoCreateTopics = section.value(
                "auto_create_topics", .boolean, default: defaults.autoCreateTopics)
            configuration.defaultPartitions = section.value(
                "num.partitions", .integer(1...10_000), default: defaults.defaultPartitions)
            configuration.minimumFreeBytes = section.value(
                "min.free.bytes", .byteSize(0...1 << 50), default: defaults.minimumFreeBytes)
            configuration.retentionCheckInterval = section.value(
                "log.retention.check.interval.ms", .milliseconds(1000...86_400_000),
                default: defaults.retentionCheckInterval)
            configuration.cleanerBackoff = section.value(
                "log.cleaner.backoff.ms", .milliseconds(100...86_400_000), default: defaults.cleanerBackoff)
            configuration.cleanerMemory = section.value(
                "log.cleaner.dedupe.buffer.size", .byteSize(1 << 20...1 << 36), default: defaults.cleanerMemory)
            configuration.cleanerBytesPerSecond = section.value(
                "log.cleaner.io.max.bytes.per.second", .byteSize(64 << 10...1 << 40),
                default: defaults.cleanerBytesPerSecond)
            configuration.limits = section.value("limits", .limits, default: defaults.limits)
            configuration.quotas = section.value("quotas", .quotas, default: defaults.quotas)
            configuration.superUsers = section.value("super.users", .list(of: .principal), default: [])
            configuration.allowsEveryoneWithoutRule = section.value(
                "allow.everyone.if.no.acl.found", .boolean, default: false)
            configuration.groups = section.value("groups", .groups, default: defaults.groups)
            configuration.topicRules = section.value("topics", .list(of: .topicRule), default: [])
            return configuration
        }
    }

    private enum FlushName: String, CaseIterable {
        case commit, interval, os
    }

    private static func readFlush(_ section: ConfigurationSection) -> Flush {
        let name = section.value("flush", Form<FlushName>.choice)
        let interval = section.value("flush.ms", .milliseconds(1...3_600_000))
        switch name ?? .commit {
        case .interval: return .interval(interval ?? .seconds(1))
        case .commit, .os:
            // Not where `flush` itself is wrong: it may well be a misspelt "interval".
            if section.has("flush.ms"), name != nil || !section.has("flush") {
                section.report("only \"flush: interval\" has an interval", key: "flush.ms")
            }
            return name == .os ? .os : .commit
        }
    }
}

extension Form where Value == String {
    fileprivate static var absolutePath: Form {
        text("an absolute path") { $0.hasPrefix("/") }
    }
}

extension Form where Value == HostPort {
    fileprivate static var advertisedAddress: Form {
        hostPort.checked("an address that clients can connect to") { !$0.isWildcard }
    }
}

extension Form where Value == CollectorConfiguration.Limits {
    fileprivate static var limits: Form {
        .section { section in
            var limits = CollectorConfiguration.Limits()
            let defaults = limits
            limits.connections = section.value(
                "max.connections", .integer(1...1_000_000), default: defaults.connections)
            limits.connectionsPerAddress = section.value(
                "max.connections.per.ip", .integer(1...1_000_000), default: defaults.connectionsPerAddress)
            limits.connectionIdle = section.value(
                "connections.max.idle.ms", .milliseconds(1000...86_400_000), default: defaults.connectionIdle)
            limits.fetchSessions = section.value(
                "max.incremental.fetch.session.cache.slots", .integer(0...100_000), default: defaults.fetchSessions)
            limits.requestBytes = section.value(
                "socket.request.max.bytes", .byteSize(64 << 10...Int(Int32.max)), default: defaults.requestBytes)
            limits.queuedBytes = section.value(
                "queued.max.request.bytes", .byteSize(1 << 20...1 << 40), default: defaults.queuedBytes)
            if limits.queuedBytes < limits.requestBytes {
                let key =
                    section.has("queued.max.request.bytes") ? "queued.max.request.bytes" : "socket.request.max.bytes"
                section.report(
                    "queued.max.request.bytes (\(limits.queuedBytes)) has to hold at least one request of "
                        + "socket.request.max.bytes (\(limits.requestBytes))", key: key)
            }
            return limits
        }
    }
}

extension Form where Value == CollectorConfiguration.Quotas {
    fileprivate static var quotas: Form {
        .section { section in
            var quotas = CollectorConfiguration.Quotas()
            quotas.producerByteRate = section.value("producer_byte_rate", .byteSize(1...1 << 50))
            quotas.consumerByteRate = section.value("consumer_byte_rate", .byteSize(1...1 << 50))
            return quotas
        }
    }
}

extension Form where Value == String {
    fileprivate static var principal: Form {
        text("a type, a colon and a name, such as User:admin") { text in
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
        }
    }
}

extension Form where Value == TopicRule {
    fileprivate static var topicRule: Form {
        .section { section in
            let pattern = section.required("match", .topicPattern)
            let settings = TopicRuleSettings(reading: section)
            return pattern.map { TopicRule(pattern: $0, settings: settings) }
        }
    }
}

extension Form where Value == TopicPattern {
    fileprivate static var topicPattern: Form {
        .parsed("a topic name in which * stands for any characters and ? for one, such as logs.*") { TopicPattern($0) }
    }
}
