import KafkaProtocol

private let entity: [QuotaEntityPart] = [.init(type: "user", name: "älice"), .init(type: "client-id", name: nil)]

/// Samples of the APIs for quotas and for moving partitions, see `MessageSamples.swift`.
let quotaSamples: [Sample] = [
    .request(
        "DescribeClientQuotasRequest full",
        DescribeClientQuotasRequest(
            components: [
                .init(entityType: "user", matchType: .exact, match: "älice"),
                .init(entityType: "client-id", matchType: .any),
            ], isStrict: true)),
    .response(
        "DescribeClientQuotasResponse full", to: DescribeClientQuotasRequest.self,
        DescribeClientQuotasResponse(
            throttleMilliseconds: 250, errorCode: .invalidRequest, errorMessage: "odd",
            entries: [.init(entity: entity, values: [.init(key: "producer_byte_rate", value: 1048576.5)])])),
    .response(
        "DescribeClientQuotasResponse sparse", to: DescribeClientQuotasRequest.self, DescribeClientQuotasResponse()),
    .request(
        "AlterClientQuotasRequest full",
        AlterClientQuotasRequest(
            entries: [
                .init(
                    entity: entity,
                    operations: [
                        .init(key: "producer_byte_rate", value: 1048576.5),
                        .init(key: "consumer_byte_rate", value: 0, remove: true),
                    ])
            ], validateOnly: true)),
    .response(
        "AlterClientQuotasResponse full", to: AlterClientQuotasRequest.self,
        AlterClientQuotasResponse(
            throttleMilliseconds: 250,
            entries: [.init(errorCode: .invalidRequest, errorMessage: "odd", entity: entity), .init()])),
    .request(
        "ElectLeadersRequest full",
        ElectLeadersRequest(
            electionType: 1, topics: [.init(name: "lögs", partitions: [3, 4])], timeoutMilliseconds: 1500),
        restrict: { value, version in if version < 1 { value.electionType = 0 } }),
    .request("ElectLeadersRequest sparse", ElectLeadersRequest()),
    .response(
        "ElectLeadersResponse full", to: ElectLeadersRequest.self,
        ElectLeadersResponse(
            throttleMilliseconds: 250, errorCode: .clusterAuthorizationFailed,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(index: 3, errorCode: .electionNotNeeded, errorMessage: "not needed"), .init(index: 4),
                    ])
            ]),
        restrict: { value, version in if version < 1 { value.errorCode = .none } }),
    .request(
        "AlterPartitionReassignmentsRequest full",
        AlterPartitionReassignmentsRequest(
            timeoutMilliseconds: 1500, allowReplicationFactorChange: false,
            topics: [.init(name: "lögs", partitions: [.init(index: 3, replicas: [7, 8]), .init(index: 4)])]),
        restrict: { value, version in if version < 1 { value.allowReplicationFactorChange = true } }),
    .response(
        "AlterPartitionReassignmentsResponse full", to: AlterPartitionReassignmentsRequest.self,
        AlterPartitionReassignmentsResponse(
            throttleMilliseconds: 250, allowReplicationFactorChange: false, errorCode: .clusterAuthorizationFailed,
            errorMessage: "no",
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(index: 3, errorCode: .noReassignmentInProgress, errorMessage: "none"), .init(index: 4),
                    ])
            ]),
        restrict: { value, version in if version < 1 { value.allowReplicationFactorChange = true } }),
    .request(
        "ListPartitionReassignmentsRequest full",
        ListPartitionReassignmentsRequest(
            timeoutMilliseconds: 1500, topics: [.init(name: "lögs", partitions: [3, 4])])),
    .request("ListPartitionReassignmentsRequest sparse", ListPartitionReassignmentsRequest()),
    .response(
        "ListPartitionReassignmentsResponse full", to: ListPartitionReassignmentsRequest.self,
        ListPartitionReassignmentsResponse(
            throttleMilliseconds: 250, errorCode: .clusterAuthorizationFailed, errorMessage: "no",
            topics: [
                .init(
                    name: "lögs",
                    partitions: [.init(index: 3, replicas: [7, 8], addingReplicas: [8], removingReplicas: [9])])
            ])),
]
