// DescribeGroups, versions 0 to 6: groups and their members.

internal import KafkaProtocol

extension Broker {
    /// Read, delete, describe: what Kafka's ACLs know of groups (`AclOperation`), as a bit field.
    private static let groupOperations: Int32 = 1 << 3 | 1 << 6 | 1 << 8

    func describeGroups(
        _ request: DescribeGroupsRequest, _ header: RequestHeader,
        _ answer: @escaping @Sendable (DescribeGroupsResponse) -> Void
    ) {
        coordinate { code in
            answer(
                DescribeGroupsResponse(
                    groups: request.groups.map { DescribeGroupsResponse.Group(errorCode: code, groupID: $0) }))
        } _: { loop in
            answer(
                DescribeGroupsResponse(
                    groups: request.groups.map { id in
                        var group = loop.table.describe(id, version: header.apiVersion)
                        if request.includeAuthorizedOperations { group.authorizedOperations = Self.groupOperations }
                        return group
                    }))
        }
    }
}
