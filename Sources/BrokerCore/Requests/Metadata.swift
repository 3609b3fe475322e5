// Metadata, versions 0 to 13: which topics there are, and that this node leads all of their partitions. Asking for a
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
            // What may not be described is left out, as if it were not there.
            let all = topics.filter { authorizer.allows(.describe, on: .topic($0.name), client) }
                .sorted { $0.name < $1.name }.map { describe($0, request, client) }
            return answer(metadataResponse(all, request, client))
        }
        let mayCreate = configuration.autoCreateTopics && request.allowAutoTopicCreation
        let gathered = Gathering<MetadataResponse.Topic>(count: wanted.count) { [self] topics in
            answer(metadataResponse(topics, request, client))
        }
        for (index, topic) in wanted.enumerated() {
            find(topic, mayCreate: mayCreate, client) { [self] found in
                let described =
                    switch found {
                    case .success(let topic): describe(topic, request, client)
                    case .failure(let refusal):
                        MetadataResponse.Topic(
                            errorCode: refusal.code, name: topic.name, id: topic.name == nil ? topic.id : .zero)
                    }
                gathered.put(described, at: index)
            }
        }
    }

    private struct Refusal: Error {
        var code: ErrorCode
    }

    private func find(
        _ wanted: MetadataRequest.Topic, mayCreate: Bool, _ client: ClientConnection,
        _ done: @escaping @Sendable (Result<Topic, Refusal>) -> Void
    ) {
        func refuse(_ code: ErrorCode) { done(.failure(Refusal(code: code))) }
        guard let name = wanted.name else {
            guard let topic = topic(id: wanted.id) else { return refuse(.unknownTopicID) }
            // Ids are no secret, names are.
            guard authorize(.describe, on: .topic(topic.name), for: client) else {
                return refuse(.topicAuthorizationFailed)
            }
            return done(.success(topic))
        }
        guard authorize(.describe, on: .topic(name), for: client) else { return refuse(.topicAuthorizationFailed) }
        if let topic = topic(named: name) { return done(.success(topic)) }
        if TopicName.problem(name) != nil { return refuse(.invalidTopicException) }
        guard mayCreate, !TopicName.isInternal(name) else { return refuse(.unknownTopicOrPartition) }
        guard
            authorizer.allows(.create, on: .cluster, client) || authorize(.create, on: .topic(name), for: client)
        else { return refuse(.topicAuthorizationFailed) }
        createTopic(NewTopic(name: name)) { result in
            switch result {
            case .success(let topic), .failure(.exists(let topic)): done(.success(topic))
            case .failure(.failed(let code, _)): done(.failure(Refusal(code: code)))
            }
        }
    }

    private func describe(
        _ topic: Topic, _ request: MetadataRequest, _ client: ClientConnection
    ) -> MetadataResponse.Topic {
        let node = configuration.nodeID
        let operations =
            request.includeTopicAuthorizedOperations
            ? authorizedOperations(on: .topic(topic.name), for: client) : Int32.min
        return MetadataResponse.Topic(
            name: topic.name, id: topic.id, isInternal: TopicName.isInternal(topic.name),
            partitions: topic.partitions.map { partition in
                MetadataResponse.Partition(
                    index: partition.index, leaderID: node, leaderEpoch: partition.log.view.leaderEpoch,
                    replicas: [node], inSyncReplicas: [node],
                    offlineReplicas: partition.failure == nil ? [] : [node])
            }, authorizedOperations: operations)
    }

    private func metadataResponse(
        _ topics: [MetadataResponse.Topic], _ request: MetadataRequest, _ client: ClientConnection
    ) -> MetadataResponse {
        let address = configuration.advertised ?? client.localAddress
        return MetadataResponse(
            brokers: [
                MetadataResponse.Broker(nodeID: configuration.nodeID, host: address.host, port: address.port)
            ], clusterID: clusterID, controllerID: configuration.nodeID, topics: topics,
            clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
                ? clusterOperations(for: client) : .min)
    }

    /// What the client may do with the cluster: nothing that it is told of where it may not describe it.
    func clusterOperations(for client: ClientConnection) -> Int32 {
        authorizer.allows(.describe, on: .cluster, client) ? authorizedOperations(on: .cluster, for: client) : 0
    }
}
