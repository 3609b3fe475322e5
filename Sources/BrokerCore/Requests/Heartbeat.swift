// Heartbeat, versions 0 to 4: the sender is alive. While groups are being loaded it is believed, as with Kafka, since
// nobody is taken for dead then.

internal import KafkaProtocol

extension Broker {
    func heartbeat(
        _ request: HeartbeatRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (HeartbeatResponse) -> Void
    ) {
        guard authorize(.read, on: .group(request.groupID), for: client) else {
            return answer(HeartbeatResponse(errorCode: .groupAuthorizationFailed))
        }
        coordinate { code in
            answer(HeartbeatResponse(errorCode: code == .coordinatorLoadInProgress ? .none : code))
        } _: { loop in
            answer(HeartbeatResponse(errorCode: loop.table.heartbeat(request)))
        }
    }
}
