// OffsetFetch, versions 1 to 10: how far groups have come, from version 8 on of many groups at once. What is answered is
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
        // Of all that there are, those are told that may be known; of those asked for, each is answered.
        let topics =
            asked.topics.map { wanted in wanted.map { found($0, of: asked.groupID, version, client, loop) } }
            ?? loop.table.offsets(of: asked.groupID).compactMap { known($0, version, client) }
        return OffsetFetchResponse.Group(groupID: asked.groupID, topics: topics)
    }

    private func found(
        _ asked: OffsetFetchRequest.Topic, of group: String, _ version: Int16, _ client: ClientConnection,
        _ loop: GroupLoop
    ) -> OffsetFetchResponse.Topic {
        var wanted = asked
        if version >= 10 {
            // Of an id that is none there is no name to ask about: ids are no secret.
            guard let topic = topic(id: asked.id) else { return asked.refused(.unknownTopicID) }
            wanted.name = topic.name
        }
        guard authorize(.describe, on: .topic(wanted.name), for: client) else {
            return wanted.refused(.topicAuthorizationFailed)
        }
        var found = loop.table.offsets(of: group, in: wanted)
        found.id = wanted.id
        return found
    }

    /// The topic as the client is told of it; nil where it may not know of it, or could not tell which one it is.
    private func known(
        _ topic: OffsetFetchResponse.Topic, _ version: Int16, _ client: ClientConnection
    ) -> OffsetFetchResponse.Topic? {
        guard authorizer.allows(.describe, on: .topic(topic.name), client) else { return nil }
        if version < 10 { return topic }
        guard let id = self.topic(named: topic.name)?.id else { return nil }
        return OffsetFetchResponse.Topic(name: topic.name, id: id, partitions: topic.partitions)
    }
}

extension OffsetFetchRequest.Topic {
    fileprivate func refused(_ code: ErrorCode) -> OffsetFetchResponse.Topic {
        OffsetFetchResponse.Topic(
            name: name, id: id, partitions: partitions.map { OffsetFetchResponse.Partition(index: $0, errorCode: code) }
        )
    }
}
