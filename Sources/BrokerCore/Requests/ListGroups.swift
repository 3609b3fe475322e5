// ListGroups, versions 0 to 5: which groups there are, from version 4 on of some states only, from 5 on of some types.

internal import KafkaProtocol

extension Broker {
    func listGroups(_ request: ListGroupsRequest, _ answer: @escaping @Sendable (ListGroupsResponse) -> Void) {
        coordinate {
            answer(ListGroupsResponse(errorCode: $0))
        } _: { loop in
            answer(ListGroupsResponse(groups: loop.table.list(states: request.states, types: request.types)))
        }
    }
}
