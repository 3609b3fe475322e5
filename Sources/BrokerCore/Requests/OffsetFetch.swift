// OffsetFetch, versions 1 to 9: how far groups have come, from version 8 on of many groups at once. What is answered is
// durable; without transactions every durable offset is stable (KIP-447).

internal import KafkaProtocol

extension Broker {
    func offsetFetch(
        _ request: OffsetFetchRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (OffsetFetchResponse) -> Void
    ) {
        coordinate { code in
            answer(
                OffsetFetchResponse(
                    groups: request.groups.map { group in
                        // Version 1 can say it of partitions only.
                        let topics = header.apiVersion < 2 ? group.topics ?? [] : []
                        return OffsetFetchResponse.Group(
                            groupID: group.groupID, topics: topics.map { $0.refused(code) }, errorCode: code)
                    }))
        } _: { [self] loop in
            answer(
                OffsetFetchResponse(groups: request.groups.map { found($0, header.apiVersion, client, loop) }))
        }
    }

    private func found(
        _ asked: OffsetFetchRequest.Group, _ version: Int16, _ client: ClientConnection, _ loop: GroupLoop
    ) -> OffsetFetchResponse.Group {
        guard authorize(.describe, on: .group(asked.groupID), for: client) else {
            let code = ErrorCode.groupAuthorizationFailed
            let topics = version < 2 ? (asked.topics ?? []).map { $0.refused(code) } : []
            return OffsetFetchResponse.Group(groupID: asked.groupID, topics: topics, errorCode: code)
        }
        var topics = loop.table.offsets(of: asked.groupID, asked.topics)
        // Of all that there are, those are told that may be known; of those asked for, each is answered.
        if let wanted = asked.topics {
            for (index, topic) in wanted.enumerated() where !authorize(.describe, on: .topic(topic.name), for: client) {
                topics[index] = topic.refused(.topicAuthorizationFailed)
            }
        } else {
            topics.removeAll { !authorizer.allows(.describe, on: .topic($0.name), client) }
        }
        return OffsetFetchResponse.Group(groupID: asked.groupID, topics: topics)
    }
}

extension OffsetFetchRequest.Topic {
    fileprivate func refused(_ code: ErrorCode) -> OffsetFetchResponse.Topic {
        OffsetFetchResponse.Topic(
            name: name, partitions: partitions.map { OffsetFetchResponse.Partition(index: $0, errorCode: code) })
    }
}
