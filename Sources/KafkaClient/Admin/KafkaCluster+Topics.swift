package import KafkaProtocol

/// A change to a topic's settings.
package struct ConfigChange: Sendable, Equatable {
    /// By Kafka's names: `retention.ms` for instance.
    package var name: String
    /// nil: back to the default.
    package var value: String?

    package init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

// Every function takes how long it may try again what can heal: zero for one attempt, nil for ever.
extension KafkaCluster {
    package func deleteTopic(_ name: String, retryFor patience: Duration? = .zero) async throws(KafkaClientError) {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let connection = try await controllerConnection()
            let answer = try await connection.send(
                DeleteTopicsRequest(topics: [.init(name: name)], timeoutMilliseconds: 30_000))
            guard let result = answer.topics.first(where: { $0.name == name }) else {
                throw .malformedAnswer(connection.address, .deleteTopics, reason: "the topic asked for is not in it")
            }
            try await check(result.errorCode, .deleteTopics, name, result.errorMessage)
            forget(topic: name)
        }
    }

    /// Gives a topic more partitions. Records with keys go to other partitions from then on.
    ///
    /// - Parameter count: those that it has included. With `validateOnly` nothing is changed.
    package func createPartitions(
        of name: String, upTo count: Int32, validateOnly: Bool = false, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let connection = try await controllerConnection()
            let answer = try await connection.send(
                CreatePartitionsRequest(
                    topics: [.init(name: name, partitionCount: count)], timeoutMilliseconds: 30_000,
                    validateOnly: validateOnly))
            guard let result = answer.topics.first(where: { $0.name == name }) else {
                throw .malformedAnswer(
                    connection.address, .createPartitions, reason: "the topic asked for is not in it")
            }
            try await check(result.errorCode, .createPartitions, name, result.errorMessage)
        }
    }

    /// Changes some settings of a topic, all or none (KIP-339). With `validateOnly` nothing is changed.
    package func alterConfigs(
        ofTopic name: String, _ changes: [ConfigChange], validateOnly: Bool = false,
        retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) {
        let configs = changes.map {
            IncrementalAlterConfigsRequest.Config(
                name: $0.name, operation: $0.value == nil ? .delete : .set, value: $0.value)
        }
        try await retrying(patience) { () async throws(KafkaClientError) in
            let connection = try await controllerConnection()
            let answer = try await connection.send(
                IncrementalAlterConfigsRequest(
                    resources: [.init(type: .topic, name: name, configs: configs)], validateOnly: validateOnly))
            guard let result = answer.results.first(where: { $0.name == name }) else {
                throw .malformedAnswer(
                    connection.address, .incrementalAlterConfigs, reason: "the topic asked for is not in it")
            }
            try await check(result.errorCode, .incrementalAlterConfigs, name, result.errorMessage)
        }
    }

    /// All settings of a topic, by name.
    package func describeConfigs(
        ofTopic name: String, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [DescribeConfigsResponse.Config] {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let connection = try await administrationConnection()
            let answer = try await connection.send(
                DescribeConfigsRequest(resources: [.init(type: .topic, name: name)]))
            guard let result = answer.results.first(where: { $0.name == name }) else {
                throw .malformedAnswer(connection.address, .describeConfigs, reason: "the topic asked for is not in it")
            }
            try await check(result.errorCode, .describeConfigs, name, result.errorMessage)
            return result.configs.sorted { $0.name < $1.name }
        }
    }

    private func check(
        _ code: ErrorCode, _ api: APIKey, _ topic: String, _ message: String?
    ) async throws(KafkaClientError) {
        if code == .none { return }
        if code == .notController { _ = try await refresh(topics: []) }
        throw .refused(api, code, subject: topic, message: message)
    }
}
