// FindCoordinator, versions 0 to 6. Spoken because librdkafka before 2.11 takes it for the sign that a broker knows lz4;
// there is no group coordinator here yet, which is what the answer says. It is retriable: a consumer that assigns its
// partitions itself and only asks on the side reads on undisturbed.

internal import KafkaProtocol
internal import Logging
internal import Synchronization

extension Broker {
    func findCoordinator(_ request: FindCoordinatorRequest, _ answer: (FindCoordinatorResponse) -> Void) {
        if request.keyType == .group, !groupsWereAskedFor.exchange(true, ordering: .relaxed) {
            logger.notice(
                "consumer groups are not there yet: a client that asks for one waits, unless it assigns partitions itself",
                metadata: ["group": "\(request.keys.first ?? "")"])
        }
        answer(
            FindCoordinatorResponse(
                coordinators: request.keys.map { key in
                    FindCoordinatorResponse.Coordinator(
                        key: key, nodeID: -1, host: "", port: -1, errorCode: .coordinatorNotAvailable,
                        errorMessage: "this collector has no consumer groups; assign partitions instead")
                }))
    }
}
