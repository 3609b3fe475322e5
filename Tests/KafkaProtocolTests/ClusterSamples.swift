import KafkaProtocol
import Primitives

/// Samples of the APIs that describe the cluster, see `MessageSamples.swift`.
let clusterSamples: [Sample] = [
    .request(
        "DescribeClusterRequest full",
        DescribeClusterRequest(
            includeClusterAuthorizedOperations: true, endpointType: .controllers, includeFencedBrokers: true)
    ) {
        if $1 < 1 { $0.endpointType = .brokers }
        if $1 < 2 { $0.includeFencedBrokers = false }
    },
    .response(
        "DescribeClusterResponse full", to: DescribeClusterRequest.self,
        DescribeClusterResponse(
            throttleMilliseconds: 250, errorCode: .unsupportedEndpointType, errorMessage: "no",
            endpointType: .controllers, clusterID: "c-1", controllerID: 7,
            brokers: [
                .init(nodeID: 7, host: "seven.example", port: 9097, rack: "r7", isFenced: true),
                .init(nodeID: 8, host: "::1", port: 9098),
            ], clusterAuthorizedOperations: 264)
    ) {
        if $1 < 1 { $0.endpointType = .brokers }
        if $1 < 2 { $0.brokers[0].isFenced = false }
    },
    .request(
        "DescribeTopicPartitionsRequest full",
        DescribeTopicPartitionsRequest(
            topics: [.init(name: "lögs"), .init(name: "b")], cursor: .init(topicName: "lögs", partition: 3))),
    .request(
        "DescribeTopicPartitionsRequest sparse", DescribeTopicPartitionsRequest(responsePartitionLimit: 100)),
    .response(
        "DescribeTopicPartitionsResponse full", to: DescribeTopicPartitionsRequest.self,
        DescribeTopicPartitionsResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs", id: TopicID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff),
                    isInternal: true,
                    partitions: [
                        .init(
                            errorCode: .replicaNotAvailable, index: 3, leaderID: 7, leaderEpoch: LeaderEpoch(5),
                            replicas: [7, 8], inSyncReplicas: [7], eligibleLeaderReplicas: [8],
                            lastKnownEligibleLeaderReplicas: [7], offlineReplicas: [8]),
                        .init(index: 4, leaderID: -1),
                    ], authorizedOperations: 264),
                .init(
                    errorCode: .unknownTopicOrPartition, name: nil,
                    id: TopicID(high: 0xfedc_ba98_7654_3210, low: 0x0f1e_2d3c_4b5a_6978)),
            ], nextCursor: .init(topicName: "lögs", partition: 5))),
    .response(
        "DescribeTopicPartitionsResponse sparse", to: DescribeTopicPartitionsRequest.self,
        DescribeTopicPartitionsResponse()),
    .request(
        "DescribeLogDirsRequest full",
        DescribeLogDirsRequest(topics: [.init(name: "lögs", partitions: [3, 4]), .init(name: "b")])),
    .request("DescribeLogDirsRequest sparse", DescribeLogDirsRequest()),
    .response(
        "DescribeLogDirsResponse full", to: DescribeLogDirsRequest.self,
        DescribeLogDirsResponse(
            throttleMilliseconds: 250, errorCode: .clusterAuthorizationFailed,
            results: [
                .init(
                    path: "/var/lög",
                    topics: [
                        .init(
                            name: "lögs",
                            partitions: [.init(index: 3, sizeBytes: 4_294_967_301, offsetLag: 17, isFuture: true)])
                    ], totalBytes: 1_099_511_627_776, usableBytes: 549_755_813_888, isCordoned: true),
                .init(errorCode: .kafkaStorageError, path: "/b"),
            ])
    ) {
        if $1 < 3 { $0.errorCode = .none }
        if $1 < 4 {
            $0.results[0].totalBytes = -1
            $0.results[0].usableBytes = -1
        }
        if $1 < 5 { $0.results[0].isCordoned = false }
    },
]
