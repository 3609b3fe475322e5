// DescribeTransactions, version 0; ListTransactions, versions 0 to 2; WriteTxnMarkers, versions 1 and 2: there are no
// transactions here, and so none to describe, list or end. What they are looked for by is checked as far as it can be
// without any: their states are, the pattern of their ids is not. Kafka writes a marker for a producer without a
// transaction too; here it is refused, for there is nothing that it could end.
//
// Source: Apache Kafka, `TransactionCoordinator.handleDescribeTransactions`,
// `TransactionStateManager.listTransactionStates` and `KafkaApis.handleWriteTxnMarkersRequest`; KIP-664.

internal import KafkaProtocol

extension Broker {
    /// The states that a transaction of Kafka's can be in. Source: `TransactionState`.
    private static let transactionStates: Set<String> = [
        "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead",
        "PrepareEpochFence",
    ]

    func describeTransactions(
        _ request: DescribeTransactionsRequest, _ client: ClientConnection,
        _ answer: (DescribeTransactionsResponse) -> Void
    ) {
        answer(
            DescribeTransactionsResponse(
                states: request.transactionalIDs.map { id in
                    let code: ErrorCode =
                        if !authorize(.describe, on: .transactionalID(id), for: client) {
                            .transactionalIDAuthorizationFailed
                        } else if id.isEmpty {
                            .invalidRequest
                        } else {
                            .transactionalIDNotFound
                        }
                    return DescribeTransactionsResponse.State(errorCode: code, transactionalID: id)
                }))
    }

    func listTransactions(_ request: ListTransactionsRequest, _ answer: (ListTransactionsResponse) -> Void) {
        var told: Set<String> = []
        let unknown = request.states.filter { !Self.transactionStates.contains($0) && told.insert($0).inserted }
        answer(ListTransactionsResponse(unknownStates: unknown))
    }

    func writeTxnMarkers(
        _ request: WriteTxnMarkersRequest, _ client: ClientConnection, _ answer: (WriteTxnMarkersResponse) -> Void
    ) {
        typealias Written = WriteTxnMarkersResponse
        // Administrators may, and so may brokers.
        let isAllowed =
            authorizer.allows(.alter, on: .cluster, client) || authorize(.clusterAction, on: .cluster, for: client)
        let markers = request.markers.map { marker in
            Written.Marker(
                producerID: marker.producerID,
                topics: marker.topics.map { topic in
                    Written.Topic(
                        name: topic.name,
                        partitions: topic.partitions.map { index in
                            let code: ErrorCode =
                                if !isAllowed {
                                    .clusterAuthorizationFailed
                                } else if partition(topic.name, index) == nil {
                                    .unknownTopicOrPartition
                                } else {
                                    .invalidTxnState
                                }
                            return Written.Partition(index: index, errorCode: code)
                        })
                })
        }
        answer(Written(markers: markers))
    }
}
