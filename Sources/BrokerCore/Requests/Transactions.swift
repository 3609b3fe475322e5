// DescribeTransactions, version 0, and ListTransactions, versions 0 to 2: there are no transactions here, and so none to
// describe or list. What they are looked for by is checked as far as it can be without any: their states are, the pattern
// of their ids is not.
//
// Source: Apache Kafka, `TransactionCoordinator.handleDescribeTransactions` and
// `TransactionStateManager.listTransactionStates`; KIP-664.

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
}
