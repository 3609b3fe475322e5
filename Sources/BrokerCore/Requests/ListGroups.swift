// ListGroups, versions 0 to 5: which groups there are, from version 4 on of some states only, from 5 on of some types.

internal import KafkaProtocol

extension Broker {
    func listGroups(
        _ request: ListGroupsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (ListGroupsResponse) -> Void
    ) {
        let seesAll = authorizer.allows(.describe, on: .cluster, client)
        coordinate {
            answer(ListGroupsResponse(errorCode: $0))
        } _: { [authorizer] loop in
            let groups = loop.table.list(states: request.states, types: request.types)
            answer(
                ListGroupsResponse(
                    groups: groups.filter {
                        seesAll || authorizer.allows(.describe, on: .group($0.groupID), client)
                    }))
        }
    }
}
