package import KafkaProtocol
package import Primitives

/// An idempotent producer's id and epoch.
package struct ProducerIdentity: Hashable, Sendable, CustomStringConvertible {
    package var id: ProducerID
    package var epoch: ProducerEpoch

    package init(id: ProducerID, epoch: ProducerEpoch) {
        self.id = id
        self.epoch = epoch
    }

    package var description: String { "\(id) epoch \(epoch.value)" }
}

/// A topic to make.
package struct NewTopic: Sendable {
    package var name: String
    /// nil: the broker's default.
    package var partitions: Int32?
    package var replicationFactor: Int16?
    /// By Kafka's names: `retention.ms` for instance.
    package var configuration: [(name: String, value: String)]

    package init(
        name: String, partitions: Int32? = nil, replicationFactor: Int16? = nil,
        configuration: [(name: String, value: String)] = []
    ) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.configuration = configuration
    }
}

// Every function takes how long it may try again what can heal: zero for one attempt, nil for ever.
extension KafkaCluster {
    /// All topics, by name.
    package func listTopics(retryFor patience: Duration? = .zero) async throws(KafkaClientError) -> [TopicMetadata] {
        try await retrying(patience) { () async throws(KafkaClientError) in
            try await refresh(topics: nil).compactMap(TopicMetadata.init).sorted { $0.name < $1.name }
        }
    }

    /// Makes a topic and waits until it can be used, or `patience` is over.
    package func createTopic(_ topic: NewTopic, retryFor patience: Duration? = .zero) async throws(KafkaClientError) {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let request = CreateTopicsRequest(
                topics: [
                    CreateTopicsRequest.Topic(
                        name: topic.name, partitionCount: topic.partitions ?? -1,
                        replicationFactor: topic.replicationFactor ?? -1,
                        configs: topic.configuration.map { CreateTopicsRequest.Config(name: $0.name, value: $0.value) })
                ], timeoutMilliseconds: 30_000)
            let connection = try await controllerConnection()
            let answer = try await connection.send(request)
            guard let made = answer.topics.first(where: { $0.name == topic.name }) else {
                throw .malformedAnswer(connection.address, .createTopics, reason: "the topic asked for is not in it")
            }
            if made.errorCode == .notController { _ = try await refresh(topics: []) }
            guard made.errorCode == .none else {
                throw .refused(.createTopics, made.errorCode, subject: topic.name, message: made.errorMessage)
            }
        }
    }

    /// A new producer id (KIP-98). Each call gives another one.
    package func initProducerID(retryFor patience: Duration? = nil) async throws(KafkaClientError) -> ProducerIdentity {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let connection = try await administrationConnection()
            let answer = try await connection.send(InitProducerIDRequest())
            guard answer.errorCode == .none else {
                throw .refused(.initProducerID, answer.errorCode, subject: "an idempotent producer", message: nil)
            }
            guard answer.producerID.value >= 0, answer.producerEpoch.value >= 0 else {
                throw .malformedAnswer(connection.address, .initProducerID, reason: "it holds no producer id")
            }
            return ProducerIdentity(id: answer.producerID, epoch: answer.producerEpoch)
        }
    }

    /// The producers that a partition's leader remembers, with the last sequence of each (KIP-664).
    ///
    /// The answer counts what is written but not yet replicated: nothing may be released because of it.
    package func describeProducers(
        of partition: TopicPartition, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [DescribeProducersResponse.Producer] {
        try await retrying(patience) { () async throws(KafkaClientError) in
            // Any replica answers this from its own log, so the leader must be the present one.
            forget(topic: partition.topic)
            let leader = try await leader(of: partition)
            let connection = try await connection(to: leader.node, for: .administration)
            let answer = try await connection.send(
                DescribeProducersRequest(topics: [
                    DescribeProducersRequest.Topic(name: partition.topic, partitions: [partition.partition])
                ]))
            let entry = answer.topics.first { $0.name == partition.topic }?.partitions
                .first { $0.index == partition.partition }
            guard let entry else {
                throw .malformedAnswer(connection.address, .describeProducers, reason: "\(partition) is not in it")
            }
            guard entry.errorCode == .none else {
                throw .refused(
                    .describeProducers, entry.errorCode, subject: "\(partition)", message: entry.errorMessage)
            }
            return entry.activeProducers
        }
    }
}
