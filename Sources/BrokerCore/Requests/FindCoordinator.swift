// FindCoordinator, versions 0 to 6. There is one node: it coordinates every group, and knows of every transaction that there
// is none (InitProducerID and DescribeTransactions say so). Groups of the share protocol are not there; the error is one
// that makes clients stop, where a retriable one would make them wait for ever.

internal import KafkaProtocol

extension Broker {
    func findCoordinator(
        _ request: FindCoordinatorRequest, _ client: ClientConnection, _ answer: (FindCoordinatorResponse) -> Void
    ) {
        let address = configuration.advertised ?? client.localAddress
        answer(
            FindCoordinatorResponse(
                coordinators: request.keys.map { key in
                    typealias Coordinator = FindCoordinatorResponse.Coordinator
                    switch request.keyType {
                    case .group:
                        guard authorize(.describe, on: .group(key), for: client) else {
                            return Coordinator(key: key, errorCode: .groupAuthorizationFailed)
                        }
                        return Coordinator(
                            key: key, nodeID: configuration.nodeID, host: address.host, port: address.port)
                    case .transaction:
                        guard authorize(.describe, on: .transactionalID(key), for: client) else {
                            return Coordinator(key: key, errorCode: .transactionalIDAuthorizationFailed)
                        }
                        return Coordinator(
                            key: key, nodeID: configuration.nodeID, host: address.host, port: address.port)
                    default:
                        return Coordinator(
                            key: key, errorCode: .invalidRequest,
                            errorMessage: "this collector coordinates groups of the classic protocol only")
                    }
                }))
    }
}
