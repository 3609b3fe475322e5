// OffsetFetch, versions 1 to 9: how far groups have come, from version 8 on of many groups at once. What is answered is
// durable; without transactions every durable offset is stable (KIP-447).

internal import KafkaProtocol

extension Broker {
    func offsetFetch(
        _ request: OffsetFetchRequest, _ header: RequestHeader,
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
        } _: { loop in
            answer(
                OffsetFetchResponse(
                    groups: request.groups.map { group in
                        OffsetFetchResponse.Group(
                            groupID: group.groupID, topics: loop.table.offsets(of: group.groupID, group.topics))
                    }))
        }
    }
}

extension OffsetFetchRequest.Topic {
    fileprivate func refused(_ code: ErrorCode) -> OffsetFetchResponse.Topic {
        OffsetFetchResponse.Topic(
            name: name, partitions: partitions.map { OffsetFetchResponse.Partition(index: $0, errorCode: code) })
    }
}
