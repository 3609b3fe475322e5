// AlterConfigs, versions 0 to 2, which replaces all settings of a topic, and IncrementalAlterConfigs, versions 0 and 1,
// which changes single ones. The broker's own settings are in its configuration file, and nowhere else.

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
        for (index, resource) in request.resources.enumerated() {
            change { [self] admin throws(ChangeRefusal) -> Void in
                try checkConfigs(.alterConfigs, resource.type, resource.name, client)
                try checkAlterable(keys[index], among: keys)
                try checkOnce(resource.configs.map(\.name))
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
        for (index, resource) in request.resources.enumerated() {
            change { [self] admin throws(ChangeRefusal) -> Void in
                try checkConfigs(.alterConfigs, resource.type, resource.name, client)
                try checkAlterable(keys[index], among: keys)
                try checkOnce(resource.configs.map(\.name))
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

    private func checkAlterable(_ key: ResourceKey, among keys: [ResourceKey]) throws(ChangeRefusal) {
        if keys.count(where: { $0 == key }) > 1 {
            throw ChangeRefusal(code: .invalidRequest, message: "\"\(key.name)\" is named twice in the request")
        }
        guard key.type == .topic else {
            throw ChangeRefusal(
                code: .invalidRequest,
                message: "only topics can be altered; the collector's own settings are in its configuration file")
        }
    }

    private func checkOnce(_ names: [String]) throws(ChangeRefusal) {
        if let twice = names.first(where: { name in names.count(where: { $0 == name }) > 1 }) {
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
            throw ChangeRefusal(
                code: .invalidRequest, message: "there is no operation \(config.operation.rawValue) on a setting")
        }
    }
}

extension Result where Failure == ChangeRefusal {
    fileprivate var refusal: ChangeRefusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}
