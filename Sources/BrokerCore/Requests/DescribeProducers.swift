// DescribeProducers, version 0: the idempotent producers that a partition knows, with their last sequence. What our own
// agent resumes by.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func describeProducers(
        _ request: DescribeProducersRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DescribeProducersResponse) -> Void
    ) {
        typealias Described = DescribeProducersResponse.Partition
        let gathered = Gathering<[Described]>(count: request.topics.count) { topics in
            answer(
                DescribeProducersResponse(
                    topics: zip(request.topics, topics).map { asked, partitions in
                        DescribeProducersResponse.Topic(name: asked.name, partitions: partitions)
                    }))
        }
        for (number, topic) in request.topics.enumerated() {
            let inTopic = Gathering<Described>(count: topic.partitions.count) { gathered.put($0, at: number) }
            let isAllowed = authorize(.read, on: .topic(topic.name), for: client)
            for (place, index) in topic.partitions.enumerated() {
                guard isAllowed else {
                    inTopic.put(Described(index: index, errorCode: .topicAuthorizationFailed), at: place)
                    continue
                }
                guard let partition = partition(topic.name, index) else {
                    inTopic.put(Described(index: index, errorCode: .unknownTopicOrPartition), at: place)
                    continue
                }
                guard partition.failure == nil else {
                    inTopic.put(Described(index: index, errorCode: .kafkaStorageError), at: place)
                    continue
                }
                partition.storage.submit(
                    .describeProducers(partition) { producers in
                        inTopic.put(Described(index: index, activeProducers: producers.map(\.message)), at: place)
                    })
            }
        }
    }
}

extension ProducerDescription {
    fileprivate var message: DescribeProducersResponse.Producer {
        DescribeProducersResponse.Producer(
            id: id, epoch: epoch, lastSequence: lastSequence, lastTimestamp: lastTimestamp,
            coordinatorEpoch: -1, currentTransactionStartOffset: Offset(-1))
    }
}
