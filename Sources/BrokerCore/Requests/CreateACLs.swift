// CreateAcls, versions 1 to 3: makes access rules. The first one ends the time in which everybody may do everything.

internal import KafkaProtocol
internal import Logging

extension Broker {
    func createACLs(
        _ request: CreateACLsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (CreateACLsResponse) -> Void
    ) {
        typealias Outcome = CreateACLsResponse.Result
        guard authorize(.alter, on: .cluster, for: client) else {
            let refused = Outcome(
                errorCode: .clusterAuthorizationFailed, errorMessage: "only who may alter the cluster")
            return answer(CreateACLsResponse(results: request.creations.map { _ in refused }))
        }
        let good = request.creations.filter { $0.problem == nil }
        change { [self] _ throws(ChangeRefusal) -> Void in
            let wasOpen = authorizer.rules.isEmpty
            try authorizer.change(adding: Set(good))
            if wasOpen && !good.isEmpty {
                logger.notice("there are access rules now: what they do not allow is refused, but to super.users")
            }
        } _: { result in
            answer(
                CreateACLsResponse(
                    results: request.creations.map { rule in
                        if let problem = rule.problem {
                            return Outcome(errorCode: .invalidRequest, errorMessage: problem)
                        }
                        guard case .failure(let refusal) = result else { return Outcome() }
                        return Outcome(errorCode: refusal.code, errorMessage: refusal.message)
                    }))
        }
    }
}
