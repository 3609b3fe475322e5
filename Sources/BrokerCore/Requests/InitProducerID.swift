// InitProducerID, versions 0 to 5: a producer id that nobody had before, for idempotent producers.

internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import Primitives

extension Broker {
    func initProducerID(
        _ request: InitProducerIDRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (InitProducerIDResponse) -> Void
    ) {
        // A retriable error would make transactional clients wait for ever; this one is fatal to all of them. The answer
        // has no place for the reason.
        if let id = request.transactionalID {
            refusals.write(
                "a producer wants transactions, which there are not: an idempotent producer needs none",
                ["transactional.id": "\(id)", "client": "\(client.remote)"])
            return answer(
                InitProducerIDResponse(
                    errorCode: .transactionalIDAuthorizationFailed, producerID: .none, producerEpoch: .none))
        }
        // Who may write to some topic may be idempotent about it (KIP-679).
        guard
            authorizer.allowsSomewhere(.write, on: .topic, client)
                || authorize(.idempotentWrite, on: .cluster, for: client)
        else {
            return answer(
                InitProducerIDResponse(
                    errorCode: .clusterAuthorizationFailed, producerID: .none, producerEpoch: .none))
        }
        takeProducerID { [logger] result in
            switch result {
            case .success(let id):
                answer(InitProducerIDResponse(errorCode: .none, producerID: id, producerEpoch: ProducerEpoch(0)))
            case .failure(let error):
                logger.error("cannot give a producer id away: \(error)")
                answer(
                    InitProducerIDResponse(
                        errorCode: .coordinatorNotAvailable, producerID: .none, producerEpoch: .none))
            }
        }
    }
}
