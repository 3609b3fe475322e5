// DescribeAcls, versions 1 to 3: the access rules that match a filter, by resource.

internal import KafkaProtocol

extension Broker {
    func describeACLs(
        _ request: DescribeACLsRequest, _ client: ClientConnection, _ answer: (DescribeACLsResponse) -> Void
    ) {
        guard authorize(.describe, on: .cluster, for: client) else {
            return answer(DescribeACLsResponse(errorCode: .clusterAuthorizationFailed))
        }
        guard !request.filter.isUnknown else {
            return answer(
                DescribeACLsResponse(
                    errorCode: .invalidRequest, errorMessage: "the filter has a value that is not known here"))
        }
        struct Pattern: Hashable {
            var type: Int8
            var name: String
            var patternType: Int8
        }
        let found = Dictionary(grouping: authorizer.rules.filter(request.filter.matches)) { rule in
            Pattern(type: rule.resourceType.rawValue, name: rule.resourceName, patternType: rule.patternType.rawValue)
        }
        let sorted = found.sorted {
            ($0.key.type, $0.key.name, $0.key.patternType) < ($1.key.type, $1.key.name, $1.key.patternType)
        }
        answer(
            DescribeACLsResponse(
                resources: sorted.map { pattern, rules in
                    DescribeACLsResponse.Resource(
                        type: ACLResourceType(rawValue: pattern.type), name: pattern.name,
                        patternType: ACLPatternType(rawValue: pattern.patternType),
                        rules: rules.map { rule in
                            DescribeACLsResponse.Rule(
                                principal: rule.principal, host: rule.host, operation: rule.operation,
                                permission: rule.permission)
                        })
                }))
    }
}
