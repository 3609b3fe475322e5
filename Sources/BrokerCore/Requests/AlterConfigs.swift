// AlterConfigs, versions 0 to 2, which replaces all settings of a topic, and IncrementalAlterConfigs, versions 0 and 1,
// which changes single ones.
//
// The broker's own settings are in its configuration file, and nowhere else: each is to Kafka's clients one that cannot be
// changed at run time, and to take away what was set at run time is to change nothing. The level of its log is a flag of
// the command line. Settings of groups (KIP-848) and of clients' metrics (KIP-714) are not known here.
//
// Source: Apache Kafka, `ConfigAdminManager.preprocess`, `RuntimeLoggerManager` and `ControllerConfigurationValidator`.

internal import CommitLog
internal import KafkaProtocol
internal import Primitives

extension Broker {
    func alterConfigs(
        _ request: AlterConfigsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (AlterConfigsResponse) -> Void
    ) {
        let gathered = Gathering<AlterConfigsResponse.Result>(count: request.resources.count) { results in
            answer(AlterConfigsResponse(results: results))
        }
        let keys = request.resources.map { ResourceKey(type: $0.type, name: $0.name) }
        let namedTwice = Self.repeated(keys)
        for (index, resource) in request.resources.enumerated() {
            change { [self] admin throws(ChangeRefusal) -> Void in
                try checkConfigs(.alterConfigs, resource.type, resource.name, client)
                try checkOnce(keys[index], namedTwice)
                try checkOnce(resource.configs.map(\.name))
                guard resource.type == .topic else {
                    // The levels of loggers cannot be replaced as a whole.
                    if resource.type == .brokerLogger { throw .incrementallyOnly }
                    let changes = resource.configs.map { Change(name: $0.name, operation: .set, value: $0.value) }
                    return try refuse(changes, of: keys[index])
                }
                // A setting without a value goes back to its default, like one that is not named.
                let settings = resource.configs.compactMap { config in config.value.map { (config.name, $0) } }
                try alter(resource.name, to: settings, validateOnly: request.validateOnly, admin)
            } _: { result in
                let refusal = result.refusal
                gathered.put(
                    AlterConfigsResponse.Result(
                        errorCode: refusal?.code ?? .none, errorMessage: refusal?.message, type: resource.type,
                        name: resource.name), at: index)
            }
        }
    }

    func incrementalAlterConfigs(
        _ request: IncrementalAlterConfigsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (IncrementalAlterConfigsResponse) -> Void
    ) {
        let gathered = Gathering<IncrementalAlterConfigsResponse.Result>(count: request.resources.count) { results in
            answer(IncrementalAlterConfigsResponse(results: results))
        }
        let keys = request.resources.map { ResourceKey(type: $0.type, name: $0.name) }
        let namedTwice = Self.repeated(keys)
        for (index, resource) in request.resources.enumerated() {
            change { [self] admin throws(ChangeRefusal) -> Void in
                try checkConfigs(.alterConfigs, resource.type, resource.name, client)
                try checkOnce(keys[index], namedTwice)
                try checkOnce(resource.configs.map(\.name))
                guard resource.type == .topic else { return try refuse(resource.configs, of: keys[index]) }
                guard let entry = admin.entry(resource.name) else { throw .unknown(resource.name) }
                var settings = entry.settings
                let inForce = try admin.resolvedOrRefused(entry)
                for config in resource.configs { try apply(config, to: &settings, inForce: inForce) }
                try alter(resource.name, to: settings, validateOnly: request.validateOnly, admin)
            } _: { result in
                let refusal = result.refusal
                gathered.put(
                    IncrementalAlterConfigsResponse.Result(
                        errorCode: refusal?.code ?? .none, errorMessage: refusal?.message, type: resource.type,
                        name: resource.name), at: index)
            }
        }
    }

    private struct ResourceKey: Hashable, Sendable {
        var type: ConfigResourceType
        var name: String
    }

    private typealias Change = IncrementalAlterConfigsRequest.Config

    /// Refuses to change what is no topic's, unless there is nothing to change.
    private func refuse(_ changes: [Change], of key: ResourceKey) throws(ChangeRefusal) {
        switch key.type {
        case .brokerLogger: try checkNodeID(key.name)
        case .broker: if !key.name.isEmpty { try checkNodeID(key.name) }
        default: try checkNamed(key.name, key.type)
        }
        for change in changes {
            guard [.set, .delete, .append, .subtract].contains(change.operation) else {
                throw .noSuchOperation(change)
            }
            if change.value == nil && change.operation != .delete {
                throw ChangeRefusal(code: .invalidRequest, message: "\(change.name) is to be set, to no value")
            }
            switch key.type {
            case .brokerLogger: try refuseLevel(change)
            // Nothing is set at run time: what is taken away is not there.
            case _ where change.operation == .delete: continue
            case .group:
                throw ChangeRefusal(code: .invalidConfig, message: "unknown setting of a group \"\(change.name)\"")
            case .clientMetrics:
                throw ChangeRefusal(
                    code: .invalidRequest, message: "the collector takes no metrics of its clients (\(change.name))")
            default:
                throw ChangeRefusal(
                    code: .invalidRequest,
                    message: "\(change.name) cannot be changed at run time; it is in the collector's configuration file"
                )
            }
        }
    }

    private func refuseLevel(_ change: Change) throws(ChangeRefusal) {
        if [.append, .subtract].contains(change.operation) {
            throw ChangeRefusal(code: .invalidRequest, message: "a level is no list: set that of \(change.name)")
        }
        guard change.name == Self.rootLogger else {
            throw ChangeRefusal(
                code: .invalidConfig, message: "there is no logger \(change.name), but \(Self.rootLogger) only")
        }
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        if let value = change.value, change.operation == .set, !levels.contains(value) {
            throw ChangeRefusal(
                code: .invalidConfig, message: "\(value) is no level; there are \(levels.joined(separator: ", "))")
        }
        throw ChangeRefusal(
            code: .invalidRequest, message: "the level cannot be changed at run time; start with --log-level")
    }

    private static func repeated<Element: Hashable>(_ elements: [Element]) -> Set<Element> {
        var seen: Set<Element> = []
        return Set(elements.filter { !seen.insert($0).inserted })
    }

    private func checkOnce(_ key: ResourceKey, _ namedTwice: Set<ResourceKey>) throws(ChangeRefusal) {
        if namedTwice.contains(key) {
            throw ChangeRefusal(code: .invalidRequest, message: "\"\(key.name)\" is named twice in the request")
        }
    }

    private func checkOnce(_ names: [String]) throws(ChangeRefusal) {
        if let twice = Self.repeated(names).min() {
            throw ChangeRefusal(code: .invalidRequest, message: "\(twice) is named twice in the request")
        }
    }

    private func apply(
        _ config: IncrementalAlterConfigsRequest.Config, to settings: inout [(name: String, value: String)],
        inForce: TopicSettings
    ) throws(ChangeRefusal) {
        switch config.operation {
        case .set:
            guard let value = config.value else {
                throw ChangeRefusal(code: .invalidRequest, message: "\(config.name) is to be set, to no value")
            }
            settings.removeAll { $0.name == config.name }
            settings.append((config.name, value))
        case .delete:
            guard TopicSettings.names.contains(config.name) else {
                throw ChangeRefusal(code: .invalidConfig, message: "unknown topic setting \"\(config.name)\"")
            }
            settings.removeAll { $0.name == config.name }
        case .append, .subtract:
            // The one list among them.
            guard config.name == "cleanup.policy", let policy = config.value.flatMap({ CleanupPolicy(text: $0) }) else {
                throw ChangeRefusal(
                    code: .invalidConfig,
                    message: "append and subtract are for cleanup.policy, with delete or compact; set \(config.name)")
            }
            let before = inForce.log.cleanup
            let after = config.operation == .append ? before.union(policy) : before.subtracting(policy)
            settings.removeAll { $0.name == config.name }
            settings.append((config.name, after.text))
        default:
            throw .noSuchOperation(config)
        }
    }
}

extension ChangeRefusal {
    fileprivate static func noSuchOperation(_ config: IncrementalAlterConfigsRequest.Config) -> ChangeRefusal {
        ChangeRefusal(
            code: .invalidRequest, message: "there is no operation \(config.operation.rawValue) on a setting")
    }

    fileprivate static var incrementallyOnly: ChangeRefusal {
        ChangeRefusal(
            code: .invalidRequest, message: "the levels of loggers are changed one by one: IncrementalAlterConfigs")
    }
}

extension Result where Failure == ChangeRefusal {
    fileprivate var refusal: ChangeRefusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}
