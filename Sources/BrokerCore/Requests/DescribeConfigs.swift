// DescribeConfigs, versions 1 to 4: topics' settings with where each comes from, and the broker's own to read. Settings of
// groups (KIP-848) and of clients' metrics (KIP-714) have no effect here: there are none.
//
// Source: Apache Kafka, `ConfigHelper.describeConfigs`.

internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import SystemPackage

extension Broker {
    func describeConfigs(
        _ request: DescribeConfigsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DescribeConfigsResponse) -> Void
    ) {
        let gathered = Gathering<DescribeConfigsResponse.Result>(count: request.resources.count) { results in
            answer(DescribeConfigsResponse(results: results))
        }
        for (index, resource) in request.resources.enumerated() {
            change { [self] admin throws(ChangeRefusal) -> [DescribeConfigsResponse.Config] in
                try checkConfigs(.describeConfigs, resource.type, resource.name, client)
                let all: [DescribeConfigsResponse.Config]
                switch resource.type {
                case .topic:
                    guard let entry = admin.entry(resource.name) else { throw .unknown(resource.name) }
                    all = topicConfigs(entry, request)
                case .broker:
                    // Without a name: what was set at run time for all brokers, and here nothing is.
                    if !resource.name.isEmpty { try checkNodeID(resource.name) }
                    all = resource.name.isEmpty ? [] : brokerConfigs
                case .brokerLogger:
                    try checkNodeID(resource.name)
                    all = [logLevel]
                default:
                    try checkNamed(resource.name, resource.type)
                    all = []
                }
                let wanted = resource.configNames ?? []
                return wanted.isEmpty ? all : all.filter { wanted.contains($0.name) }
            } _: { result in
                let described: DescribeConfigsResponse.Result =
                    switch result {
                    case .success(let configs):
                        DescribeConfigsResponse.Result(type: resource.type, name: resource.name, configs: configs)
                    case .failure(let refusal):
                        DescribeConfigsResponse.Result(
                            errorCode: refusal.code, errorMessage: refusal.message, type: resource.type,
                            name: resource.name)
                    }
                gathered.put(described, at: index)
            }
        }
    }

    /// Whether the client may see or change the settings of a resource.
    func checkConfigs(
        _ operation: ACLOperation, _ type: ConfigResourceType, _ name: String, _ client: ClientConnection
    ) throws(ChangeRefusal) {
        switch type {
        case .topic:
            if authorize(operation, on: .topic(name), for: client) { return }
            throw ChangeRefusal(code: .topicAuthorizationFailed, message: "not allowed for the topic's settings")
        case .group:
            if authorize(operation, on: .group(name), for: client) { return }
            throw ChangeRefusal(code: .groupAuthorizationFailed, message: "not allowed for the group's settings")
        case .broker, .brokerLogger, .clientMetrics:
            if authorize(operation, on: .cluster, for: client) { return }
            throw ChangeRefusal(code: .clusterAuthorizationFailed, message: "not allowed for the cluster's settings")
        default:
            throw ChangeRefusal(
                code: .invalidRequest, message: "there is no kind \(type.rawValue) of what has settings")
        }
    }

    func checkNodeID(_ name: String) throws(ChangeRefusal) {
        if Int32(name) == configuration.nodeID { return }
        throw ChangeRefusal(
            code: .invalidRequest, message: "there is no broker \"\(name)\"; this is \(configuration.nodeID)")
    }

    /// Groups and clients' metrics have settings one by one only.
    func checkNamed(_ name: String, _ type: ConfigResourceType) throws(ChangeRefusal) {
        if !name.isEmpty { return }
        throw ChangeRefusal(
            code: .invalidRequest,
            message: "the name of \(type == .group ? "a group" : "a subscription to clients' metrics") is empty")
    }

    /// What is logged, of all of the collector, in the words of Kafka's logger.
    private var logLevel: DescribeConfigsResponse.Config {
        let level =
            switch logger.logLevel {
            case .trace: "TRACE"
            case .debug: "DEBUG"
            case .info, .notice: "INFO"
            case .warning: "WARN"
            case .error: "ERROR"
            case .critical: "FATAL"
            }
        return DescribeConfigsResponse.Config(
            name: Self.rootLogger, value: level, isReadOnly: true, source: .dynamicBrokerLogger, type: .string)
    }

    static let rootLogger = "root"

    private func topicConfigs(
        _ entry: TopicRegistry.Entry, _ request: DescribeConfigsRequest
    ) -> [DescribeConfigsResponse.Config] {
        let rules = configuration.topics
        guard let byRules = try? rules.settings(for: entry.name, overrides: []).get() else { return [] }
        let ruled = Set(
            rules.rules.filter { glob($0.match, matches: entry.name) }.flatMap { $0.settings.map(\.name) })
        return TopicSettings.names.map { name in
            var sources: [DescribeConfigsResponse.Synonym] = []
            if let own = entry.settings.last(where: { $0.name == name }) {
                sources.append(DescribeConfigsResponse.Synonym(name: name, value: own.value, source: .topic))
            }
            if ruled.contains(name) {
                sources.append(
                    DescribeConfigsResponse.Synonym(name: name, value: byRules.value(of: name), source: .staticBroker))
            }
            sources.append(
                DescribeConfigsResponse.Synonym(
                    name: name, value: rules.defaults.value(of: name), source: .defaultConfig))
            return DescribeConfigsResponse.Config(
                name: name, value: sources[0].value, source: sources[0].source,
                synonyms: request.includeSynonyms ? sources : [], type: TopicSettings.type(of: name),
                documentation: request.includeDocumentation
                    ? TopicSettings.withoutEffect[name]?.documentation : nil)
        }
    }

    private var brokerConfigs: [DescribeConfigsResponse.Config] {
        let flush =
            switch configuration.flush {
            case .commit: "commit"
            case .interval: "interval"
            case .os: "os"
            }
        let topics = configuration.topics.defaults
        let all: [(String, String, ConfigType)] = [
            ("allow.everyone.if.no.acl.found", String(configuration.allowsEveryoneWithoutRule), .boolean),
            ("broker.id", String(configuration.nodeID), .int),
            ("compression.type", "producer", .string),
            ("default.replication.factor", "1", .int),
            ("fetch.max.bytes", String(FetchOperation.Limits.maximumBytes), .int),
            ("log.index.interval.bytes", topics.value(of: "index.interval.bytes") ?? "", .int),
            ("log.message.timestamp.type", topics.timestampType.rawValue, .string),
            ("log.retention.bytes", topics.value(of: "retention.bytes") ?? "", .long),
            ("log.retention.ms", topics.value(of: "retention.ms") ?? "", .long),
            ("log.roll.ms", topics.value(of: "segment.ms") ?? "", .long),
            ("log.segment.bytes", topics.value(of: "segment.bytes") ?? "", .int),
            ("max.incremental.fetch.session.cache.slots", String(configuration.fetchSessionSlots), .int),
            ("message.max.bytes", String(topics.maximumMessageBytes), .int),
            ("min.insync.replicas", "1", .int),
            ("quota.window.num", String(RateWindow.sampleCount), .int),
            ("quota.window.size.seconds", String(RateWindow.sampleMilliseconds / 1000), .int),
            ("super.users", configuration.superUsers.joined(separator: ";"), .string),
            ("auto.create.topics.enable", String(configuration.autoCreateTopics), .boolean),
            ("flush", flush, .string),
            ("log.cleaner.backoff.ms", milliseconds(configuration.compactor.interval), .long),
            ("log.cleaner.dedupe.buffer.size", String(configuration.compactor.mapBytes), .long),
            ("log.cleaner.io.max.bytes.per.second", String(configuration.compactor.bytesPerSecond), .double),
            ("log.dirs", configuration.dataDirectory.string, .string),
            ("log.retention.check.interval.ms", milliseconds(configuration.retentionCheckInterval), .long),
            ("min.free.bytes", String(configuration.minimumFreeBytes), .long),
            ("node.id", String(configuration.nodeID), .int),
            ("num.partitions", String(configuration.topics.defaultPartitions), .int),
            ("queued.max.request.bytes", String(configuration.maximumBytesInFlight), .long),
        ]
        let others = configuration.otherSettings.map { name, value in
            (name, value, Int64(value) == nil ? ConfigType.string : .long)
        }
        return (all + others).sorted { $0.0 < $1.0 }.map { name, value, type in
            DescribeConfigsResponse.Config(
                name: name, value: value, isReadOnly: true, source: .staticBroker, type: type)
        }
    }
}

private func milliseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return String(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
}

extension TopicSettings {
    fileprivate static func type(of name: String) -> ConfigType {
        switch name {
        case "cleanup.policy": .list
        case "min.cleanable.dirty.ratio": .double
        case "message.timestamp.type": .string
        case "index.interval.bytes", "max.message.bytes", "segment.bytes": .int
        default: withoutEffect[name]?.type ?? .long
        }
    }
}
