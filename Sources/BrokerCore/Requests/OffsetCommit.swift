// OffsetCommit, versions 1 to 10: remembers how far a group has come. Answered when that is durable.

internal import KafkaProtocol

extension Broker {
    func offsetCommit(
        _ request: OffsetCommitRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (OffsetCommitResponse) -> Void
    ) {
        // The group first: a stranger to it learns nothing of its topics (KafkaApis.handleOffsetCommitRequest).
        guard authorize(.read, on: .group(request.groupID), for: client) else {
            return answer(response(to: request) { _, _ in .groupAuthorizationFailed })
        }
        var commitment = OffsetCommitment(
            groupID: request.groupID, generation: request.generationID, memberID: request.memberID,
            instanceID: request.groupInstanceID,
            retentionMilliseconds: request.retentionMilliseconds == -1 ? nil : request.retentionMilliseconds,
            offsets: [])
        // What can be said of each offset without asking the coordinator.
        let refusals = request.topics.map { topic -> [ErrorCode?] in
            // Of an id that is none there is no name to ask about: ids are no secret.
            guard let name = header.apiVersion >= 10 ? self.topic(id: topic.id)?.name : topic.name else {
                return topic.partitions.map { _ in .unknownTopicID }
            }
            let isAllowed = authorize(.read, on: .topic(name), for: client)
            return topic.partitions.map { partition in
                let refusal = isAllowed ? refusal(of: partition, name) : .topicAuthorizationFailed
                if refusal == nil { commitment.offsets.append((name, partition)) }
                return refusal
            }
        }
        let finish: @Sendable (ErrorCode) -> Void = { code in
            answer(response(to: request) { refusals[$0][$1] ?? code })
        }
        coordinate(refuse: finish) { [commitment] loop in
            let token = loop.newToken()
            loop.whenStored(token) { finish($0.ofOffsetAppend) }
            loop.table.commit(commitment, version: header.apiVersion, token)
        }
    }

    private func refusal(of asked: OffsetCommitRequest.Partition, _ topic: String) -> ErrorCode? {
        if partition(topic, asked.index) == nil { return .unknownTopicOrPartition }
        let metadata = asked.metadata?.utf8.count ?? 0
        return metadata > configuration.groups.maximumOffsetMetadataBytes ? .offsetMetadataTooLarge : nil
    }
}

/// Answers each partition with the code for its place: which topic of the request, and which partition of that.
private func response(
    to request: OffsetCommitRequest, _ code: (_ topic: Int, _ partition: Int) -> ErrorCode
) -> OffsetCommitResponse {
    OffsetCommitResponse(
        topics: request.topics.enumerated().map { place, topic in
            OffsetCommitResponse.Topic(
                name: topic.name, id: topic.id,
                partitions: topic.partitions.enumerated().map {
                    OffsetCommitResponse.Partition(index: $1.index, errorCode: code(place, $0))
                })
        })
}
