// CreateTopics, versions 0 to 7. There is one node: any replication factor is taken, and comes out as 1.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func createTopics(
        _ request: CreateTopicsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (CreateTopicsResponse) -> Void
    ) {
        let gathered = Gathering<CreateTopicsResponse.Topic>(count: request.topics.count) { topics in
            answer(CreateTopicsResponse(topics: topics))
        }
        let names = request.topics.map(\.name)
        // Who may create topics of the cluster may create any.
        let mayCreateAll = authorizer.allows(.create, on: .cluster, client)
        for (index, topic) in request.topics.enumerated() {
            if names.count(where: { $0 == topic.name }) > 1 {
                gathered.put(refusal(topic.name, .invalidRequest, "the topic is named twice in the request"), at: index)
                continue
            }
            guard mayCreateAll || authorize(.create, on: .topic(topic.name), for: client) else {
                let refused = refusal(topic.name, .topicAuthorizationFailed, "not allowed to create the topic")
                gathered.put(refused, at: index)
                continue
            }
            let wanted = NewTopic(
                name: topic.name, partitions: partitions(topic),
                settings: topic.configs.compactMap { config in config.value.map { (config.name, $0) } },
                validateOnly: request.validateOnly)
            createTopic(wanted) { [self] result in
                gathered.put(described(result, wanted), at: index)
            }
        }
    }

    /// nil where the request leaves the number to the broker.
    private func partitions(_ topic: CreateTopicsRequest.Topic) -> Int32? {
        if !topic.assignments.isEmpty { return Int32(clamping: topic.assignments.count) }
        return topic.partitionCount == -1 ? nil : topic.partitionCount
    }

    private func described(_ result: Result<Topic, TopicRefusal>, _ wanted: NewTopic) -> CreateTopicsResponse.Topic {
        switch result {
        case .success(let topic):
            let count =
                wanted.validateOnly ? wanted.partitions ?? configuration.topics.partitions(for: topic.name) : nil
            return CreateTopicsResponse.Topic(
                name: topic.name, id: wanted.validateOnly ? .zero : topic.id,
                partitionCount: count ?? Int32(topic.partitions.count), replicationFactor: 1, configs: [])
        case .failure(.exists(let topic)):
            return refusal(topic.name, .topicAlreadyExists, "topic \"\(topic.name)\" exists")
        case .failure(.failed(let code, let message)):
            return refusal(wanted.name, code, message)
        }
    }

    private func refusal(_ name: String, _ code: ErrorCode, _ message: String) -> CreateTopicsResponse.Topic {
        CreateTopicsResponse.Topic(name: name, errorCode: code, errorMessage: message)
    }
}
