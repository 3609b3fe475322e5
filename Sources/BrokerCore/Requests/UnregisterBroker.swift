// UnregisterBroker, version 0: takes a broker that is gone out of the cluster. The only broker is here and answers: it
// cannot be taken out, and there is no other.
//
// Source: Apache Kafka, `ReplicationControlManager.unregisterBroker`.

internal import KafkaProtocol

extension Broker {
    func unregisterBroker(
        _ request: UnregisterBrokerRequest, _ client: ClientConnection, _ answer: (UnregisterBrokerResponse) -> Void
    ) {
        guard authorize(.alter, on: .cluster, for: client) else {
            return answer(UnregisterBrokerResponse(errorCode: .clusterAuthorizationFailed))
        }
        guard request.brokerID == configuration.nodeID else {
            return answer(
                UnregisterBrokerResponse(
                    errorCode: .brokerIDNotRegistered, errorMessage: "there is no broker \(request.brokerID)"))
        }
        answer(
            UnregisterBrokerResponse(
                errorCode: .invalidRequest,
                errorMessage: "broker \(request.brokerID) is the only one, and runs; stop it to be rid of it"))
    }
}
