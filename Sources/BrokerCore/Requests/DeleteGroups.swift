// DeleteGroups, versions 0 to 2: deletes groups without members, with their offsets. Answered when they are durably gone.

internal import KafkaProtocol

extension Broker {
    func deleteGroups(
        _ request: DeleteGroupsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DeleteGroupsResponse) -> Void
    ) {
        let allowed = request.groups.map { authorize(.delete, on: .group($0), for: client) }
        let finish: @Sendable ([ErrorCode]) -> Void = { codes in
            answer(
                DeleteGroupsResponse(
                    results: zip(request.groups, codes).map { id, code in
                        DeleteGroupsResponse.Result(groupID: id, errorCode: code)
                    }))
        }
        coordinate { code in
            finish(request.groups.map { _ in code })
        } _: { loop in
            let token = loop.newToken()
            let going = zip(request.groups, allowed).filter(\.1).map(\.0)
            var results = loop.table.delete(going, token)[...]
            let codes = allowed.map { $0 ? results.removeFirst() : ErrorCode.groupAuthorizationFailed }
            loop.whenStored(token) { stored in
                finish(codes.map { $0 == .none ? stored.ofOffsetAppend : $0 })
            }
        }
    }
}
