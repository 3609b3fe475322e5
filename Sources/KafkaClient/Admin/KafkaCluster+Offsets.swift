internal import KafkaProtocol
package import Primitives

extension KafkaCluster {
    /// The offset that belongs to a time in one partition; see `ListOffsetsRequest.SpecialTimestamp` for the ends.
    ///
    /// - Returns: nil where no record is as late as the time.
    package func listOffset(
        of partition: TopicPartition, at time: Timestamp, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> Offset? {
        try await listOffsets(of: [partition], at: time, retryFor: patience)[partition]
    }

    /// As `listOffset`, of many partitions with one request to each leader.
    ///
    /// - Returns: nothing for a partition where no record is as late as the time.
    package func listOffsets(
        of partitions: some Collection<TopicPartition> & Sendable, at time: Timestamp,
        retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [TopicPartition: Offset] {
        try await retrying(patience) { () async throws(KafkaClientError) in
            var byLeader: [Int32: [TopicPartition]] = [:]
            for partition in partitions {
                byLeader[try await leader(of: partition).node, default: []].append(partition)
            }
            var found: [TopicPartition: Offset] = [:]
            for (leader, places) in byLeader {
                let connection = try await connection(to: leader, for: .administration)
                try read(try await connection.send(request(places, time)), of: places, connection.address, &found)
            }
            return found
        }
    }

    private nonisolated func request(_ places: [TopicPartition], _ time: Timestamp) -> ListOffsetsRequest {
        ListOffsetsRequest(
            topics: places.byTopic().map { topic in
                ListOffsetsRequest.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map { ListOffsetsRequest.Partition(index: $0, timestamp: time) })
            })
    }

    private func read(
        _ answer: ListOffsetsResponse, of places: [TopicPartition], _ address: BrokerAddress,
        _ found: inout [TopicPartition: Offset]
    ) throws(KafkaClientError) {
        var missing = Set(places)
        for topic in answer.topics {
            for entry in topic.partitions {
                let place = TopicPartition(topic: topic.name, partition: entry.index)
                guard missing.remove(place) != nil else { continue }
                guard entry.errorCode == .none else {
                    if entry.errorCode.isRetriable { forget(topic: topic.name) }
                    throw .refused(.listOffsets, entry.errorCode, subject: "\(place)", message: nil)
                }
                if entry.offset.value >= 0 { found[place] = entry.offset }
            }
        }
        if let place = missing.first {
            throw .malformedAnswer(address, .listOffsets, reason: "\(place) is not in it")
        }
    }
}
