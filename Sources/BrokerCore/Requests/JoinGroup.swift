// JoinGroup, versions 0 to 9: makes the sender a member for the next generation. Answered when that begins.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func joinGroup(
        _ request: JoinGroupRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (JoinGroupResponse) -> Void
    ) {
        let refuse: @Sendable (ErrorCode) -> Void = { code in
            answer(JoinGroupResponse(errorCode: code, memberID: request.memberID))
        }
        guard authorize(.read, on: .group(request.groupID), for: client) else {
            return refuse(.groupAuthorizationFailed)
        }
        let caller = caller(header, client)
        coordinate(refuse: refuse) { loop in
            if loop.isDraining { return refuse(.coordinatorNotAvailable) }
            loop.table.join(request, from: caller, loop.hold(join: request.groupID, from: client, answer))
        }
    }
}
