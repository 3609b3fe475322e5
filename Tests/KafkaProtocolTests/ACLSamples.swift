import KafkaProtocol

private let binding = ACLBinding(
    resourceType: .topic, resourceName: "lögs", patternType: .prefixed, principal: "User:älice", host: "10.0.0.1",
    operation: .write, permission: .allow)
private let filter = ACLFilter(
    resourceType: .topic, resourceName: "lögs", patternType: .match, principal: "User:älice", host: "10.0.0.1",
    operation: .write, permission: .deny)

/// Samples of the APIs for access control, see `MessageSamples.swift`.
let aclSamples: [Sample] = [
    .request("DescribeAclsRequest full", DescribeACLsRequest(filter: filter)),
    .request("DescribeAclsRequest sparse", DescribeACLsRequest()),
    .response(
        "DescribeAclsResponse full", to: DescribeACLsRequest.self,
        DescribeACLsResponse(
            throttleMilliseconds: 250, errorCode: .securityDisabled, errorMessage: "off",
            resources: [
                .init(
                    type: .topic, name: "lögs", patternType: .prefixed,
                    rules: [
                        .init(principal: "User:älice", host: "10.0.0.1", operation: .write, permission: .allow),
                        .init(principal: "User:*", host: "*", operation: .all, permission: .deny),
                    ])
            ])),
    .request(
        "CreateAclsRequest full",
        CreateACLsRequest(creations: [
            binding,
            ACLBinding(
                resourceType: .cluster, resourceName: "kafka-cluster", principal: "User:*", operation: .all,
                permission: .deny),
        ])),
    .response(
        "CreateAclsResponse full", to: CreateACLsRequest.self,
        CreateACLsResponse(
            throttleMilliseconds: 250, results: [.init(errorCode: .invalidRequest, errorMessage: "odd"), .init()])),
    .request("DeleteAclsRequest full", DeleteACLsRequest(filters: [filter, ACLFilter()])),
    .response(
        "DeleteAclsResponse full", to: DeleteACLsRequest.self,
        DeleteACLsResponse(
            throttleMilliseconds: 250,
            results: [
                .init(matches: [.init(errorCode: .securityDisabled, errorMessage: "off", binding: binding)]),
                .init(errorCode: .invalidRequest, errorMessage: "odd"),
            ])),
]
