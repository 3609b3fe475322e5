// DeleteAcls, versions 1 to 3: takes away the access rules that match filters. With the last one everything is allowed to
// everybody again.

internal import KafkaProtocol
internal import Logging

extension Broker {
    func deleteACLs(
        _ request: DeleteACLsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DeleteACLsResponse) -> Void
    ) {
        typealias Outcome = DeleteACLsResponse.Result
        guard authorize(.alter, on: .cluster, for: client) else {
            let refused = Outcome(
                errorCode: .clusterAuthorizationFailed, errorMessage: "only who may alter the cluster")
            return answer(DeleteACLsResponse(results: request.filters.map { _ in refused }))
        }
        change { [self] _ throws(ChangeRefusal) -> [[ACLBinding]] in
            let rules = authorizer.rules
            let found = request.filters.map { $0.isUnknown ? [] : rules.filter($0.matches) }
            try authorizer.change(removing: Set(found.joined()))
            if !rules.isEmpty && authorizer.rules.isEmpty {
                logger.notice("there are no access rules any more: everybody may do everything")
            }
            return found.map { Array($0) }
        } _: { result in
            answer(
                DeleteACLsResponse(
                    results: request.filters.enumerated().map { index, filter in
                        if filter.isUnknown {
                            return Outcome(
                                errorCode: .invalidRequest,
                                errorMessage: "the filter has a value that is not known here")
                        }
                        switch result {
                        case .success(let found):
                            return Outcome(matches: found[index].map { DeleteACLsResponse.Match(binding: $0) })
                        case .failure(let refusal):
                            return Outcome(errorCode: refusal.code, errorMessage: refusal.message)
                        }
                    }))
        }
    }
}
