// DescribeGroups, versions 0 to 6: groups and their members.

internal import KafkaProtocol

extension Broker {
    func describeGroups(
        _ request: DescribeGroupsRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DescribeGroupsResponse) -> Void
    ) {
        coordinate { code in
            answer(
                DescribeGroupsResponse(
                    groups: request.groups.map { DescribeGroupsResponse.Group(errorCode: code, groupID: $0) }))
        } _: { [self] loop in
            answer(
                DescribeGroupsResponse(
                    groups: request.groups.map { id in
                        guard authorize(.describe, on: .group(id), for: client) else {
                            return DescribeGroupsResponse.Group(errorCode: .groupAuthorizationFailed, groupID: id)
                        }
                        var group = loop.table.describe(id, version: header.apiVersion)
                        if request.includeAuthorizedOperations {
                            group.authorizedOperations = authorizedOperations(on: .group(id), for: client)
                        }
                        return group
                    }))
        }
    }
}
