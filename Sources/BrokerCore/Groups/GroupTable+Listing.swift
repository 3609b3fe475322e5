internal import KafkaProtocol
internal import NIOCore

extension GroupTable {
    /// Which groups there are.
    ///
    /// - Parameter states: of these only, whatever the case of their letters; empty for all. Likewise the types, of which
    ///   there is one here, "classic".
    func list(states: [String], types: [String]) -> [ListGroupsResponse.Group] {
        let wanted = Set(states.map { $0.lowercased() })
        if !types.isEmpty && !types.contains(where: { $0.lowercased() == "classic" }) { return [] }
        return groups.values
            .filter { wanted.isEmpty || wanted.contains($0.state.rawValue.lowercased()) }
            .sorted { $0.id < $1.id }
            .map { group in
                ListGroupsResponse.Group(
                    groupID: group.id, protocolType: group.protocolType ?? "", state: group.state.rawValue,
                    type: "classic")
            }
    }

    func describe(_ id: String, version: Int16) -> DescribeGroupsResponse.Group {
        guard let group = groups[id] else {
            // KIP-1043: a group that is not there was one that is dead, before version 6.
            let isNew = version >= 6
            return DescribeGroupsResponse.Group(
                errorCode: isNew ? .groupIDNotFound : .none,
                errorMessage: isNew ? "there is no group \"\(id)\"" : nil, groupID: id, state: "Dead")
        }
        let isStable = group.state == .stable
        return DescribeGroupsResponse.Group(
            groupID: id, state: group.state.rawValue, protocolType: group.protocolType ?? "",
            protocolName: isStable ? group.protocolName ?? "" : "",
            members: group.membersInOrder.map { member in
                DescribeGroupsResponse.Member(
                    memberID: member.id, groupInstanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost,
                    metadata: isStable ? member.metadata(of: group.protocolName) : ByteBuffer(),
                    assignment: isStable ? member.assignment : ByteBuffer())
            })
    }
}
