// LeaveGroup, versions 0 to 5: takes members out of a group, from version 3 on many at once, and static ones by their
// instance id.

internal import KafkaProtocol

extension Broker {
    func leaveGroup(
        _ request: LeaveGroupRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (LeaveGroupResponse) -> Void
    ) {
        guard authorize(.read, on: .group(request.groupID), for: client) else {
            return answer(LeaveGroupResponse(errorCode: .groupAuthorizationFailed))
        }
        coordinate {
            answer(LeaveGroupResponse(errorCode: $0))
        } _: { loop in
            answer(loop.table.leave(request))
        }
    }
}
