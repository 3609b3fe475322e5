import KafkaProtocol
import NIOCore
import Primitives

private let directory = TopicID(high: 0xfedc_ba98_7654_3210, low: 0x0f1e_2d3c_4b5a_6978)
private let opaque = ByteBuffer(bytes: [0, 1, 255, 128, 10, 200])
private let times = (0..<3).map { Timestamp(milliseconds: 1_700_000_000_123 + $0) }
private let producer = ProducerID(81_985_529_216_486_895)
private let farOffset = Offset(4_294_967_301)
private let alice = TokenPrincipal(type: "User", name: "älice")

/// Samples of the APIs for what clusters have and one node has not, see `MessageSamples.swift`.
let wholeClusterSamples: [Sample] = placeSamples + passwordSamples + transactionSamples + tokenSamples

private let placeSamples: [Sample] = [
    .request(
        "AlterReplicaLogDirsRequest full",
        AlterReplicaLogDirsRequest(directories: [
            .init(path: "/var/lög", topics: [.init(name: "lögs", partitions: [3, 4]), .init(name: "b")]),
            .init(path: "/b"),
        ])),
    .response(
        "AlterReplicaLogDirsResponse full", to: AlterReplicaLogDirsRequest.self,
        AlterReplicaLogDirsResponse(
            throttleMilliseconds: 250,
            topics: [.init(name: "lögs", partitions: [.init(index: 3, errorCode: .logDirNotFound), .init(index: 4)])])
    ),
    .request(
        "DescribeQuorumRequest full",
        DescribeQuorumRequest(topics: [.init(name: "__cluster_metadata", partitions: [.init(index: 0)])])),
    .response(
        "DescribeQuorumResponse full", to: DescribeQuorumRequest.self,
        DescribeQuorumResponse(
            errorCode: .clusterAuthorizationFailed, errorMessage: "no",
            topics: [
                .init(
                    name: "__cluster_metadata",
                    partitions: [
                        .init(
                            index: 0, errorCode: .notLeaderOrFollower, errorMessage: "elsewhere", leaderID: 7,
                            leaderEpoch: LeaderEpoch(5), highWatermark: farOffset,
                            voters: [
                                .init(
                                    id: 7, directoryID: directory, logEndOffset: farOffset, lastFetch: .none,
                                    lastCaughtUp: times[0])
                            ])
                    ])
            ], nodes: [.init(id: 7, listeners: [.init(name: "CONTROLLER", host: "seven.example", port: 59097)])])
    ) {
        if $1 < 2 {
            $0.errorMessage = nil
            $0.nodes = []
            $0.topics[0].partitions[0].errorMessage = nil
            $0.topics[0].partitions[0].voters[0].directoryID = .zero
        }
        if $1 < 1 { $0.topics[0].partitions[0].voters[0].lastCaughtUp = .none }
    },
    .request(
        "UpdateFeaturesRequest full",
        UpdateFeaturesRequest(
            timeoutMilliseconds: 1500,
            updates: [
                .init(feature: "metadata.version", maxVersionLevel: 21),
                .init(feature: "b", maxVersionLevel: 0, upgradeType: .unsafeDowngrade),
            ], validateOnly: true)
    ) {
        if $1 < 1 {
            $0.validateOnly = false
            $0.updates[1].upgradeType = .safeDowngrade
        }
    },
    .response(
        "UpdateFeaturesResponse full", to: UpdateFeaturesRequest.self,
        UpdateFeaturesResponse(
            throttleMilliseconds: 250, errorCode: .invalidUpdateVersion, errorMessage: "none",
            results: [
                .init(feature: "metadata.version", errorCode: .invalidUpdateVersion, errorMessage: "odd"),
                .init(feature: "b"),
            ])
    ) { if $1 > 1 { $0.results = [] } },
    .request("UnregisterBrokerRequest full", UnregisterBrokerRequest(brokerID: 7)),
    .response(
        "UnregisterBrokerResponse full", to: UnregisterBrokerRequest.self,
        UnregisterBrokerResponse(
            throttleMilliseconds: 250, errorCode: .brokerIDNotRegistered, errorMessage: "gone")),
    .request("ListConfigResourcesRequest full", ListConfigResourcesRequest(types: [.topic, .clientMetrics])) {
        if $1 < 1 { $0.types = [] }
    },
    .response(
        "ListConfigResourcesResponse full", to: ListConfigResourcesRequest.self,
        ListConfigResourcesResponse(
            throttleMilliseconds: 250, errorCode: .clusterAuthorizationFailed,
            resources: [.init(name: "lögs", type: .topic)])
    ) { if $1 < 1 { $0.resources[0].type = .clientMetrics } },
]

private let passwordSamples: [Sample] = [
    .request(
        "DescribeUserScramCredentialsRequest full",
        DescribeUserSCRAMCredentialsRequest(users: [.init(name: "älice"), .init(name: "bob")])),
    .request("DescribeUserScramCredentialsRequest sparse", DescribeUserSCRAMCredentialsRequest()),
    .response(
        "DescribeUserScramCredentialsResponse full", to: DescribeUserSCRAMCredentialsRequest.self,
        DescribeUserSCRAMCredentialsResponse(
            throttleMilliseconds: 250, errorCode: .clusterAuthorizationFailed, errorMessage: "no",
            results: [
                .init(
                    user: "älice",
                    credentials: [
                        .init(mechanism: .sha256, iterations: 4096), .init(mechanism: .sha512, iterations: 8192),
                    ]),
                .init(user: "bob", errorCode: .resourceNotFound, errorMessage: "none"),
            ])),
    .request(
        "AlterUserScramCredentialsRequest full",
        AlterUserSCRAMCredentialsRequest(
            deletions: [.init(name: "bob", mechanism: .sha256)],
            upsertions: [
                .init(
                    name: "älice", mechanism: .sha512, iterations: 4096, salt: opaque,
                    saltedPassword: ByteBuffer(bytes: 64..<104))
            ])),
    .response(
        "AlterUserScramCredentialsResponse full", to: AlterUserSCRAMCredentialsRequest.self,
        AlterUserSCRAMCredentialsResponse(
            throttleMilliseconds: 250,
            results: [
                .init(user: "älice", errorCode: .unsupportedVersion, errorMessage: "no"), .init(user: "bob"),
            ])),
]

private let transactionSamples: [Sample] = [
    .request(
        "DescribeTransactionsRequest full", DescribeTransactionsRequest(transactionalIDs: ["tx-1", "tx-ö"])),
    .response(
        "DescribeTransactionsResponse full", to: DescribeTransactionsRequest.self,
        DescribeTransactionsResponse(
            throttleMilliseconds: 250,
            states: [
                .init(
                    transactionalID: "tx-1", state: "Ongoing", timeoutMilliseconds: 60_000, start: times[0],
                    producerID: producer, producerEpoch: ProducerEpoch(3),
                    topics: [.init(name: "lögs", partitions: [3, 4])]),
                .init(errorCode: .transactionalIDNotFound, transactionalID: "tx-ö"),
            ])),
    .request(
        "WriteTxnMarkersRequest full",
        WriteTxnMarkersRequest(markers: [
            .init(
                producerID: producer, producerEpoch: ProducerEpoch(3), isCommit: true,
                topics: [.init(name: "lögs", partitions: [3, 4])], coordinatorEpoch: 5, transactionVersion: 2)
        ])
    ) { if $1 < 2 { $0.markers[0].transactionVersion = 0 } },
    .response(
        "WriteTxnMarkersResponse full", to: WriteTxnMarkersRequest.self,
        WriteTxnMarkersResponse(markers: [
            .init(
                producerID: producer,
                topics: [
                    .init(
                        name: "lögs", partitions: [.init(index: 3, errorCode: .invalidTxnState), .init(index: 4)])
                ])
        ])),
    .request(
        "ListTransactionsRequest full",
        ListTransactionsRequest(
            states: ["Ongoing", "Odd"], producerIDs: [producer.value], durationMilliseconds: 60_000,
            idPattern: "tx-.*")
    ) {
        if $1 < 2 { $0.idPattern = nil }
        if $1 < 1 { $0.durationMilliseconds = -1 }
    },
    .response(
        "ListTransactionsResponse full", to: ListTransactionsRequest.self,
        ListTransactionsResponse(
            throttleMilliseconds: 250, errorCode: .coordinatorLoadInProgress, unknownStates: ["Odd"],
            transactions: [.init(transactionalID: "tx-1", producerID: producer, state: "Ongoing")])),
]

private let tokenSamples: [Sample] = [
    .request(
        "CreateDelegationTokenRequest full",
        CreateDelegationTokenRequest(
            ownerType: "User", ownerName: "bob", renewers: [alice], maxLifetimeMilliseconds: 86_400_000)
    ) {
        if $1 < 3 {
            $0.ownerType = nil
            $0.ownerName = nil
        }
    },
    .request("CreateDelegationTokenRequest sparse", CreateDelegationTokenRequest()),
    .response(
        "CreateDelegationTokenResponse full", to: CreateDelegationTokenRequest.self,
        CreateDelegationTokenResponse(
            errorCode: .delegationTokenRequestNotAllowed, ownerType: "User", ownerName: "älice", requesterType: "User",
            requesterName: "bob", issued: times[0], expiry: times[1], maxExpiry: times[2], tokenID: "t-1",
            hmac: opaque, throttleMilliseconds: 250)
    ) {
        if $1 < 3 {
            $0.requesterType = ""
            $0.requesterName = ""
        }
    },
    .request(
        "RenewDelegationTokenRequest full",
        RenewDelegationTokenRequest(hmac: opaque, renewPeriodMilliseconds: 86_400_000)),
    .response(
        "RenewDelegationTokenResponse full", to: RenewDelegationTokenRequest.self,
        RenewDelegationTokenResponse(
            errorCode: .delegationTokenNotFound, expiry: times[0], throttleMilliseconds: 250)),
    .request(
        "ExpireDelegationTokenRequest full",
        ExpireDelegationTokenRequest(hmac: opaque, expiryPeriodMilliseconds: -1)),
    .response(
        "ExpireDelegationTokenResponse full", to: ExpireDelegationTokenRequest.self,
        ExpireDelegationTokenResponse(
            errorCode: .delegationTokenNotFound, expiry: times[0], throttleMilliseconds: 250)),
    .request("DescribeDelegationTokenRequest full", DescribeDelegationTokenRequest(owners: [alice])),
    .request("DescribeDelegationTokenRequest sparse", DescribeDelegationTokenRequest()),
    .response(
        "DescribeDelegationTokenResponse full", to: DescribeDelegationTokenRequest.self,
        DescribeDelegationTokenResponse(
            errorCode: .delegationTokenAuthDisabled,
            tokens: [
                .init(
                    ownerType: "User", ownerName: "älice", requesterType: "User", requesterName: "bob",
                    issued: times[0], expiry: times[1], maxExpiry: times[2], tokenID: "t-1", hmac: opaque,
                    renewers: [alice])
            ], throttleMilliseconds: 250)
    ) {
        if $1 < 3 {
            $0.tokens[0].requesterType = ""
            $0.tokens[0].requesterName = ""
        }
    },
]
