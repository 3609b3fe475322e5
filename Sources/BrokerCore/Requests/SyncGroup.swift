// SyncGroup, versions 0 to 5: the sender's assignment. Answered when the leader has sent it and it is durable.

internal import KafkaProtocol

extension Broker {
    func syncGroup(
        _ request: SyncGroupRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (SyncGroupResponse) -> Void
    ) {
        let refuse: @Sendable (ErrorCode) -> Void = { answer(SyncGroupResponse(errorCode: $0)) }
        guard authorize(.read, on: .group(request.groupID), for: client) else {
            return refuse(.groupAuthorizationFailed)
        }
        coordinate(refuse: refuse) { loop in
            if loop.isDraining { return refuse(.coordinatorNotAvailable) }
            loop.table.sync(request, loop.hold(sync: request.groupID, from: client, answer))
        }
    }
}
