// OffsetForLeaderEpoch, versions 2 to 4: where the records of a leader epoch end, by which a consumer notices that
// records it had read were lost (KIP-320).

internal import CommitLog
internal import KafkaProtocol
internal import Primitives

extension Broker {
    func offsetForLeaderEpoch(
        _ request: OffsetForLeaderEpochRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (OffsetForLeaderEpochResponse) -> Void
    ) {
        typealias Found = OffsetForLeaderEpochResponse.Partition
        let gathered = Gathering<OffsetForLeaderEpochResponse.Topic>(count: request.topics.count) { topics in
            answer(OffsetForLeaderEpochResponse(topics: topics))
        }
        for (number, topic) in request.topics.enumerated() {
            let inTopic = Gathering<Found>(count: topic.partitions.count) { partitions in
                gathered.put(OffsetForLeaderEpochResponse.Topic(name: topic.name, partitions: partitions), at: number)
            }
            let isAllowed = authorize(.describe, on: .topic(topic.name), for: client)
            for (place, asked) in topic.partitions.enumerated() {
                guard isAllowed, let partition = partition(topic.name, asked.index) else {
                    let code: ErrorCode = isAllowed ? .unknownTopicOrPartition : .topicAuthorizationFailed
                    inTopic.put(Found(errorCode: code, index: asked.index), at: place)
                    continue
                }
                if let refused = partition.log.view.leaderEpoch.refusal(of: asked.currentLeaderEpoch) {
                    inTopic.put(Found(errorCode: refused, index: asked.index), at: place)
                    continue
                }
                partition.storage.submit(
                    .withLog(key: partition.storageKey) { log in
                        inTopic.put(Self.end(asked, log, partition), at: place)
                    })
            }
        }
    }

    private static func end(
        _ asked: OffsetForLeaderEpochRequest.Partition, _ log: PartitionLog?, _ partition: Partition
    ) -> OffsetForLeaderEpochResponse.Partition {
        guard let log else {
            let code: ErrorCode = partition.isDeleted ? .unknownTopicOrPartition : .kafkaStorageError
            return OffsetForLeaderEpochResponse.Partition(errorCode: code, index: asked.index)
        }
        let end = log.leaderEpochs.end(of: asked.leaderEpoch, logEnd: log.reader.view.endOffset)
        return OffsetForLeaderEpochResponse.Partition(
            index: asked.index, leaderEpoch: end?.epoch ?? .unknown, endOffset: end?.end ?? Offset(-1))
    }
}
