// OffsetDelete, version 0: deletes offsets of topics that the group's members do not subscribe to (KIP-496). Answered
// when they are durably gone.

internal import KafkaProtocol

extension Broker {
    func offsetDelete(
        _ request: OffsetDeleteRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (OffsetDeleteResponse) -> Void
    ) {
        guard authorize(.delete, on: .group(request.groupID), for: client) else {
            return answer(OffsetDeleteResponse(errorCode: .groupAuthorizationFailed))
        }
        var refused: [String: ErrorCode] = [:]
        for topic in request.topics where !authorize(.read, on: .topic(topic.name), for: client) {
            refused[topic.name] = .topicAuthorizationFailed
        }
        let known = request.topics.filter { refused[$0.name] == nil && topic(named: $0.name) != nil }
        coordinate {
            answer(OffsetDeleteResponse(errorCode: $0))
        } _: { [refused] loop in
            let token = loop.newToken()
            let result = loop.table.deleteOffsets(of: request.groupID, known, token)
            loop.whenStored(token) { stored in
                if result.code != .none { return answer(OffsetDeleteResponse(errorCode: result.code)) }
                var codes = refused
                for (topic, code) in zip(known, result.topics) {
                    codes[topic.name] = code == .none ? stored.ofOffsetAppend : code
                }
                answer(request.answered(codes))
            }
        }
    }
}

extension OffsetDeleteRequest {
    /// - Parameter codes: of topics that there are, or that may not be asked about.
    fileprivate func answered(_ codes: [String: ErrorCode]) -> OffsetDeleteResponse {
        OffsetDeleteResponse(
            topics: topics.map { topic in
                let code = codes[topic.name] ?? .unknownTopicOrPartition
                return OffsetDeleteResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map { OffsetDeleteResponse.Partition(index: $0, errorCode: code) })
            })
    }
}
