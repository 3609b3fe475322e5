// Fetch, versions 4 to 17: by topic name up to 12, by topic id from 13. Sessions (KIP-227) are declined, which is always
// allowed: every request names all of its partitions.

internal import CommitLog
internal import KafkaProtocol
internal import Primitives

extension Broker {
    func fetch(
        _ request: FetchRequest, _ client: ClientConnection, _ answer: @escaping @Sendable (FetchResponse) -> Void
    ) {
        // No session was ever handed out.
        guard request.sessionID == 0 else {
            return answer(FetchResponse(errorCode: .fetchSessionIDNotFound))
        }
        let targets = request.topics.map { topic in
            (topic, topic.partitions.map { target(topic, $0, client) })
        }
        FetchOperation(
            request, targets, client: client, readers: readers, memory: responseMemory, logger: logger, answer: answer
        )
        .start(scheduler)
    }

    private func target(
        _ topic: FetchRequest.Topic, _ asked: FetchRequest.Partition, _ client: ClientConnection
    ) -> FetchOperation.Target {
        let found: Topic?
        let unknown: ErrorCode
        if topic.id == .zero {
            found = self.topic(named: topic.name)
            unknown = .unknownTopicOrPartition
        } else {
            found = self.topic(id: topic.id)
            unknown = .unknownTopicID
        }
        if let name = found?.name ?? (topic.id == .zero ? topic.name : nil),
            !authorize(.read, on: .topic(name), for: client)
        {
            return FetchOperation.Target(asked: asked, partition: .failure(.topicAuthorizationFailed))
        }
        guard let found else { return FetchOperation.Target(asked: asked, partition: .failure(unknown)) }
        guard found.partitions.indices.contains(Int(asked.index)) else {
            return FetchOperation.Target(asked: asked, partition: .failure(.unknownTopicOrPartition))
        }
        let partition = found.partitions[Int(asked.index)]
        guard partition.failure == nil else {
            return FetchOperation.Target(asked: asked, partition: .failure(.kafkaStorageError))
        }
        if let refused = partition.log.view.leaderEpoch.refusal(of: asked.currentLeaderEpoch) {
            return FetchOperation.Target(asked: asked, partition: .failure(refused))
        }
        return FetchOperation.Target(asked: asked, partition: .success(partition))
    }
}
