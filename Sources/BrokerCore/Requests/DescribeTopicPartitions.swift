// DescribeTopicPartitions, version 0: topics in the order of their names, page by page.
//
// Source: Apache Kafka, `DescribeTopicPartitionsRequestHandler` and `KRaftMetadataCache.describeTopicResponse`.

internal import CommitLog
internal import KafkaProtocol
internal import Primitives
internal import Synchronization

extension Broker {
    /// `max.request.partition.size.limit`: partitions of one page, Kafka's default.
    private static let mostPartitions = 2000

    func describeTopicPartitions(
        _ request: DescribeTopicPartitionsRequest, _ client: ClientConnection,
        _ answer: (DescribeTopicPartitionsResponse) -> Void
    ) {
        typealias Described = DescribeTopicPartitionsResponse.Topic
        let start = request.cursor
        if let start, start.partition < 0 {
            return answer(
                DescribeTopicPartitionsResponse(
                    topics: request.topics.map { Described(errorCode: .invalidRequest, name: $0.name) }))
        }
        let asksForAll = request.topics.isEmpty
        let known = table.withLock { $0.byName }
        let names = (asksForAll ? Array(known.keys) : Array(Set(request.topics.map(\.name)))).sorted()
            .drop { name in start.map { name < $0.topicName } ?? false }
        var response = DescribeTopicPartitionsResponse()
        var left = max(1, min(Self.mostPartitions, Int(request.responsePartitionLimit)))
        for name in names {
            let isAllowed = authorizer.allows(.describe, on: .topic(name), client)
            // What was not asked for by name is left out, as if it were not there.
            if asksForAll && !isAllowed { continue }
            if left == 0 {
                response.nextCursor = DescribeTopicPartitionsRequest.Cursor(topicName: name, partition: 0)
                break
            }
            guard isAllowed else {
                response.topics.append(Described(errorCode: .topicAuthorizationFailed, name: name))
                continue
            }
            guard let topic = known[name] else {
                let code: ErrorCode =
                    TopicName.problem(name) == nil ? .unknownTopicOrPartition : .invalidTopicException
                response.topics.append(Described(errorCode: code, name: name))
                continue
            }
            let first = start?.topicName == name ? Int(start?.partition ?? 0) : 0
            let page = topic.partitions.dropFirst(first).prefix(left)
            response.topics.append(described(topic, page, client))
            left -= page.count
            if first + page.count < topic.partitions.count {
                response.nextCursor = DescribeTopicPartitionsRequest.Cursor(
                    topicName: name, partition: Int32(first + page.count))
                break
            }
        }
        answer(response)
    }

    private func described(
        _ topic: Topic, _ partitions: ArraySlice<Partition>, _ client: ClientConnection
    ) -> DescribeTopicPartitionsResponse.Topic {
        let node = configuration.nodeID
        return DescribeTopicPartitionsResponse.Topic(
            name: topic.name, id: topic.id,
            partitions: partitions.map { partition in
                DescribeTopicPartitionsResponse.Partition(
                    index: partition.index, leaderID: node, leaderEpoch: partition.log.view.leaderEpoch,
                    replicas: [node], inSyncReplicas: [node], eligibleLeaderReplicas: [],
                    lastKnownEligibleLeaderReplicas: [],
                    offlineReplicas: partition.failure == nil ? [] : [node])
            }, authorizedOperations: authorizedOperations(on: .topic(topic.name), for: client))
    }
}
