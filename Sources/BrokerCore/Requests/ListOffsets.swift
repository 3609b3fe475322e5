// ListOffsets, versions 1 to 11: the earliest offset, the latest, that of the largest timestamp, or of the first record at
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
        let asked = request.topics.flatMap { topic in
            let isAllowed = authorize(.describe, on: .topic(topic.name), for: client)
            return topic.partitions.map { AskedOffset(topic: topic.name, partition: $0, isAllowed: isAllowed) }
        }
        let reply = { @Sendable (found: [ListOffsetsResponse.Partition]) in
            var found = found[...]
            answer(
                ListOffsetsResponse(
                    topics: request.topics.map { topic in
                        defer { found = found.dropFirst(topic.partitions.count) }
                        return ListOffsetsResponse.Topic(
                            name: topic.name, partitions: Array(found.prefix(topic.partitions.count)))
                    }))
        }
        // Looking a time up reads files.
        let accepted = readers.submit { [self] in lookUp(asked, found: [], .none, reply, answer) }
        if !accepted { answer(ListOffsetsResponse()) }
    }

    private struct AskedOffset: Sendable {
        var topic: String
        var partition: ListOffsetsRequest.Partition
        var isAllowed: Bool
    }

    /// Looks on where it stopped, until the disk has to be waited for.
    ///
    /// - Parameter first: whether the first look may wait for the disk; before the next one others have their turn.
    private func lookUp(
        _ asked: [AskedOffset], found: [ListOffsetsResponse.Partition], _ first: ReadPatience,
        _ reply: @escaping @Sendable ([ListOffsetsResponse.Partition]) -> Void,
        _ refuse: @escaping @Sendable (ListOffsetsResponse) -> Void
    ) {
        var found = found
        var patience = first
        while found.count < asked.count {
            let next = asked[found.count]
            guard next.isAllowed else {
                found.append(
                    ListOffsetsResponse.Partition(index: next.partition.index, errorCode: .topicAuthorizationFailed))
                continue
            }
            guard let offset = offset(next.topic, next.partition, patience) else {
                let accepted = readers.submitWaiting { [self, found] in
                    lookUp(asked, found: found, .waiting, reply, refuse)
                }
                if !accepted { refuse(ListOffsetsResponse()) }
                return
            }
            found.append(offset)
            patience = .none
        }
        reply(found)
    }

    /// - Returns: nil where the disk would have to be waited for.
    private func offset(
        _ topic: String, _ asked: ListOffsetsRequest.Partition, _ patience: ReadPatience
    ) -> ListOffsetsResponse.Partition? {
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
            case Special.maxTimestamp: found = try partition.log.offsetOfMaxTimestamp(patience)
            // There is no tiered storage here.
            case Special.latestTiered, Special.earliestPendingUpload: found = nil
            default: found = try partition.log.offset(atOrAfter: asked.timestamp, patience)
            }
            return ListOffsetsResponse.Partition(
                index: asked.index, timestamp: found?.timestamp ?? .none, offset: found?.offset ?? Offset(-1),
                leaderEpoch: found == nil ? .unknown : view.leaderEpoch)
        } catch {
            if error.needsWaiting { return nil }
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
