// DeleteRecords, versions 0 to 2: moves the beginning of partitions.

internal import CommitLog
internal import KafkaProtocol
internal import Logging
internal import Primitives

extension Broker {
    func deleteRecords(
        _ request: DeleteRecordsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DeleteRecordsResponse) -> Void
    ) {
        let gathered = Gathering<DeleteRecordsResponse.Topic>(count: request.topics.count) { topics in
            answer(DeleteRecordsResponse(topics: topics))
        }
        for (number, topic) in request.topics.enumerated() {
            let inTopic = Gathering<DeleteRecordsResponse.Partition>(count: topic.partitions.count) { partitions in
                gathered.put(DeleteRecordsResponse.Topic(name: topic.name, partitions: partitions), at: number)
            }
            let isAllowed = authorize(.delete, on: .topic(topic.name), for: client)
            for (place, asked) in topic.partitions.enumerated() {
                guard isAllowed else {
                    inTopic.put(
                        DeleteRecordsResponse.Partition(index: asked.index, errorCode: .topicAuthorizationFailed),
                        at: place)
                    continue
                }
                guard let partition = partition(topic.name, asked.index) else {
                    inTopic.put(
                        DeleteRecordsResponse.Partition(index: asked.index, errorCode: .unknownTopicOrPartition),
                        at: place)
                    continue
                }
                if TopicName.isInternal(topic.name) {
                    inTopic.put(
                        DeleteRecordsResponse.Partition(index: asked.index, errorCode: .invalidTopicException),
                        at: place)
                    continue
                }
                partition.storage.submit(
                    .withLog(key: partition.storageKey) { [self] log in
                        inTopic.put(delete(asked, of: log, partition), at: place)
                    })
            }
        }
    }

    private func delete(
        _ asked: DeleteRecordsRequest.Partition, of log: PartitionLog?, _ partition: Partition
    ) -> DeleteRecordsResponse.Partition {
        guard let log else {
            let code: ErrorCode = partition.isDeleted ? .unknownTopicOrPartition : .kafkaStorageError
            return DeleteRecordsResponse.Partition(index: asked.index, errorCode: code)
        }
        let offset = asked.offset.value == -1 ? log.reader.view.endOffset : asked.offset
        guard offset >= .zero else {
            return DeleteRecordsResponse.Partition(index: asked.index, errorCode: .offsetOutOfRange)
        }
        do throws(LogError) {
            try log.deleteRecords(before: offset)
        } catch {
            if case .offsetOutOfRange = error {
                return DeleteRecordsResponse.Partition(index: asked.index, errorCode: .offsetOutOfRange)
            }
            logger.error("cannot delete records of \(partition.topic)-\(partition.index): \(error)")
            return DeleteRecordsResponse.Partition(index: asked.index, errorCode: .kafkaStorageError)
        }
        // Who waits before the new beginning is to hear of it.
        partition.endMoved()
        return DeleteRecordsResponse.Partition(index: asked.index, lowWatermark: log.reader.view.startOffset)
    }
}
