// ListOffsets, versions 1 to 9: the earliest offset, the latest, that of the largest timestamp, or of the first record at
// or after a time.

internal import CommitLog
internal import KafkaProtocol
internal import Logging
internal import Primitives

extension Broker {
    func listOffsets(
        _ request: ListOffsetsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (ListOffsetsResponse) -> Void
    ) {
        // Looking a time up reads files.
        let accepted = readers.submit { [self] in
            answer(
                ListOffsetsResponse(
                    topics: request.topics.map { topic in
                        let isAllowed = authorize(.describe, on: .topic(topic.name), for: client)
                        return ListOffsetsResponse.Topic(
                            name: topic.name,
                            partitions: topic.partitions.map { asked in
                                isAllowed
                                    ? offset(topic.name, asked)
                                    : ListOffsetsResponse.Partition(
                                        index: asked.index, errorCode: .topicAuthorizationFailed)
                            })
                    }))
        }
        if !accepted { answer(ListOffsetsResponse()) }
    }

    private func offset(
        _ topic: String, _ asked: ListOffsetsRequest.Partition
    ) -> ListOffsetsResponse.Partition {
        guard let partition = partition(topic, asked.index) else {
            return ListOffsetsResponse.Partition(index: asked.index, errorCode: .unknownTopicOrPartition)
        }
        guard partition.failure == nil else {
            return ListOffsetsResponse.Partition(index: asked.index, errorCode: .kafkaStorageError)
        }
        let view = partition.log.view
        if let refused = view.leaderEpoch.refusal(of: asked.currentLeaderEpoch) {
            return ListOffsetsResponse.Partition(index: asked.index, errorCode: refused)
        }
        typealias Special = ListOffsetsRequest.SpecialTimestamp
        do throws(LogError) {
            var found: (offset: Offset, timestamp: Timestamp)?
            switch asked.timestamp {
            case Special.latest: found = (view.endOffset, .none)
            case Special.earliest, Special.earliestLocal: found = (view.startOffset, .none)
            case Special.maxTimestamp: found = try partition.log.offsetOfMaxTimestamp()
            // There is no tiered storage here.
            case Special.latestTiered: found = nil
            default: found = try partition.log.offset(atOrAfter: asked.timestamp)
            }
            return ListOffsetsResponse.Partition(
                index: asked.index, timestamp: found?.timestamp ?? .none, offset: found?.offset ?? Offset(-1),
                leaderEpoch: found == nil ? .unknown : view.leaderEpoch)
        } catch {
            logger.error("cannot look up a time in \(topic)-\(asked.index): \(error)")
            return ListOffsetsResponse.Partition(index: asked.index, errorCode: .kafkaStorageError)
        }
    }
}

extension LeaderEpoch {
    /// What to answer a client that thinks `asked` to be the epoch, where that is wrong (KIP-320).
    func refusal(of asked: LeaderEpoch) -> ErrorCode? {
        if asked == .unknown || asked == self { return nil }
        return asked < self ? .fencedLeaderEpoch : .unknownLeaderEpoch
    }
}
