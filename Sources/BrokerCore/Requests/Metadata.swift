// Metadata, versions 0 to 12: which topics there are, and that this node leads all of their partitions. Asking for a
// topic that does not exist creates it, unless the request or the configuration says no.

internal import CommitLog
internal import KafkaProtocol
internal import Primitives

extension Broker {
    func metadata(
        _ request: MetadataRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (MetadataResponse) -> Void
    ) {
        guard let wanted = request.topics else {
            let all = topics.sorted { $0.name < $1.name }.map { describe($0) }
            return answer(metadataResponse(all, client))
        }
        let mayCreate = configuration.autoCreateTopics && request.allowAutoTopicCreation
        let gathered = Gathering<MetadataResponse.Topic>(count: wanted.count) { [self] topics in
            answer(metadataResponse(topics, client))
        }
        for (index, topic) in wanted.enumerated() {
            find(topic, mayCreate: mayCreate) { gathered.put($0, at: index) }
        }
    }

    private func find(
        _ wanted: MetadataRequest.Topic, mayCreate: Bool,
        _ done: @escaping @Sendable (MetadataResponse.Topic) -> Void
    ) {
        guard let name = wanted.name else {
            guard let topic = topic(id: wanted.id) else {
                return done(MetadataResponse.Topic(errorCode: .unknownTopicID, name: nil, id: wanted.id))
            }
            return done(describe(topic))
        }
        if let topic = topic(named: name) { return done(describe(topic)) }
        if TopicName.problem(name) != nil {
            return done(MetadataResponse.Topic(errorCode: .invalidTopicException, name: name))
        }
        guard mayCreate, !TopicName.isInternal(name) else {
            return done(MetadataResponse.Topic(errorCode: .unknownTopicOrPartition, name: name))
        }
        createTopic(NewTopic(name: name)) { [self] result in
            switch result {
            case .success(let topic), .failure(.exists(let topic)): done(describe(topic))
            case .failure(.failed(let code, _)): done(MetadataResponse.Topic(errorCode: code, name: name))
            }
        }
    }

    private func describe(_ topic: Topic) -> MetadataResponse.Topic {
        let node = configuration.nodeID
        return MetadataResponse.Topic(
            name: topic.name, id: topic.id, isInternal: TopicName.isInternal(topic.name),
            partitions: topic.partitions.map { partition in
                MetadataResponse.Partition(
                    index: partition.index, leaderID: node, leaderEpoch: partition.log.view.leaderEpoch,
                    replicas: [node], inSyncReplicas: [node])
            })
    }

    private func metadataResponse(_ topics: [MetadataResponse.Topic], _ client: ClientConnection) -> MetadataResponse {
        let address = configuration.advertised ?? client.localAddress
        return MetadataResponse(
            brokers: [
                MetadataResponse.Broker(nodeID: configuration.nodeID, host: address.host, port: address.port)
            ], clusterID: clusterID, controllerID: configuration.nodeID, topics: topics)
    }
}
