import KafkaProtocol
import NIOCore
import Primitives

/// A message with values worth looking at, whatever its type.
///
/// The frames that a foreign implementation makes of the same values are in `Fixtures/kafka-python.txt`; change both
/// together, see `make-fixtures.py`.
struct Sample: Sendable {
    /// Kafka's name of the message, and which of its samples this is.
    var name: String
    var versions: ClosedRange<Int16>
    var isFlexible: @Sendable (Int16) -> Bool
    /// The frame in a version, with the length before it.
    var frame: @Sendable (Int16) -> ByteBuffer
    /// Whether a frame (without the length before it) decodes to this sample, as far as the version can carry it.
    var matches: @Sendable (ByteBuffer, Int16) throws -> Bool
    /// Decodes a frame (without the length before it) and encodes what came out.
    var reencode: @Sendable (ByteBuffer, Int16) throws -> ByteBuffer

    static let correlationID: Int32 = 0x1234_5678
    static let clientID = "client-é"

    /// - Parameter restrict: takes from the value what a version does not carry, as Kafka's schemas say.
    static func request<Request: KafkaRequest & Equatable>(
        _ name: String, _ value: Request, versions: ClosedRange<Int16> = Request.versions,
        restrict: @escaping @Sendable (inout Request, Int16) -> Void = { _, _ in }
    ) -> Sample {
        Sample(
            name: name, versions: versions, isFlexible: { Request.isFlexible($0) },
            frame: { value.frame(version: $0, correlationID: correlationID, clientID: clientID) },
            matches: { frame, version in
                let frame = try RequestFrame(frame)
                var expected = value
                restrict(&expected, version)
                return try frame.header
                    == RequestHeader(
                        apiKey: Request.key, apiVersion: version, correlationID: correlationID, clientID: clientID)
                    && frame.decode(Request.self) == expected
            },
            reencode: { frame, version in
                let frame = try RequestFrame(frame)
                // What damage made a request of another API is not ours to decode.
                guard frame.header.apiKey == Request.key else { return ByteBuffer() }
                return try frame.decode(Request.self).frame(
                    version: frame.header.apiVersion, correlationID: frame.header.correlationID,
                    clientID: frame.header.clientID)
            })
    }

    static func response<Request: KafkaRequest>(
        _ name: String, to: Request.Type, _ value: Request.Response, versions: ClosedRange<Int16> = Request.versions,
        restrict: @escaping @Sendable (inout Request.Response, Int16) -> Void = { _, _ in }
    ) -> Sample where Request.Response: Equatable {
        Sample(
            name: name, versions: versions, isFlexible: { Request.isFlexible($0) },
            frame: { Request.frame(value, version: $0, correlationID: correlationID) },
            matches: { frame, version in
                let frame = try ResponseFrame(frame)
                var expected = value
                restrict(&expected, version)
                return try frame.correlationID == correlationID
                    && frame.decode(Request.self, version: version) == expected
            },
            reencode: { frame, version in
                let frame = try ResponseFrame(frame)
                return Request.frame(
                    try frame.decode(Request.self, version: version), version: version,
                    correlationID: frame.correlationID)
            })
    }

    static let all =
        metadataSamples + dataSamples + adminSamples + configSamples + groupSamples + offsetSamples + clusterSamples
        + aclSamples + quotaSamples + wholeClusterSamples
}

private let id = TopicID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
private let otherID = TopicID(high: 0xfedc_ba98_7654_3210, low: 0x0f1e_2d3c_4b5a_6978)
private let records = ByteBuffer(bytes: 64..<104)
private let time = Timestamp(milliseconds: 1_700_000_000_123)
private let producer = ProducerID(81_985_529_216_486_895)
private let farOffset = Offset(4_294_967_301)
private let endpoint = NodeEndpoint(nodeID: 7, host: "seven.example", port: 9097, rack: "r7")

private let metadataSamples: [Sample] = [
    .request(
        "ApiVersionsRequest full",
        ApiVersionsRequest(clientSoftwareName: "tributary", clientSoftwareVersion: "0.1.0")
    ) { if $1 < 3 { $0 = ApiVersionsRequest() } },
    .response(
        "ApiVersionsResponse full", to: ApiVersionsRequest.self,
        ApiVersionsResponse(
            errorCode: .invalidRequest,
            apis: [
                .init(key: .produce, minVersion: 0, maxVersion: 12),
                .init(key: .apiVersions, minVersion: 0, maxVersion: 4),
            ],
            throttleMilliseconds: 250,
            supportedFeatures: [.init(name: "metadata.version", minVersion: 1, maxVersion: 21)],
            finalizedFeaturesEpoch: 77,
            finalizedFeatures: [.init(name: "metadata.version", maxVersionLevel: 20, minVersionLevel: 19)],
            zkMigrationReady: true)
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 3 {
            $0.supportedFeatures = []
            $0.finalizedFeaturesEpoch = -1
            $0.finalizedFeatures = []
            $0.zkMigrationReady = false
        }
    },
    .response("ApiVersionsResponse sparse", to: ApiVersionsRequest.self, ApiVersionsResponse()),
    .request(
        "MetadataRequest full",
        MetadataRequest(
            topics: [.init(id: id, name: "lögs"), .init(id: otherID, name: "b")], allowAutoTopicCreation: false,
            includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true)
    ) {
        if $1 < 10 { $0.topics = $0.topics?.map { .init(name: $0.name) } }
        if $1 < 4 { $0.allowAutoTopicCreation = true }
        if $1 < 8 || $1 > 10 { $0.includeClusterAuthorizedOperations = false }
        if $1 < 8 { $0.includeTopicAuthorizedOperations = false }
    },
    .request("MetadataRequest sparse", MetadataRequest(), versions: 1...13),
    .response(
        "MetadataResponse full", to: MetadataRequest.self,
        MetadataResponse(
            throttleMilliseconds: 250,
            brokers: [
                .init(nodeID: 7, host: "seven.example", port: 9097, rack: "r7"),
                .init(nodeID: 8, host: "::1", port: 9098),
            ],
            clusterID: "c-1", controllerID: 7,
            topics: [
                .init(
                    errorCode: .none, name: "lögs", id: id, isInternal: true,
                    partitions: [
                        .init(
                            errorCode: .replicaNotAvailable, index: 3, leaderID: 7, leaderEpoch: LeaderEpoch(5),
                            replicas: [7, 8], inSyncReplicas: [7], offlineReplicas: [8])
                    ], authorizedOperations: 3576)
            ], clusterAuthorizedOperations: 264, errorCode: ErrorCode(rawValue: 129))
    ) {
        if $1 < 13 { $0.errorCode = .none }
        if $1 < 3 { $0.throttleMilliseconds = 0 }
        if $1 < 1 { $0.brokers[0].rack = nil }
        if $1 < 2 { $0.clusterID = nil }
        if $1 < 1 { $0.controllerID = -1 }
        if $1 < 10 { $0.topics[0].id = .zero }
        if $1 < 1 { $0.topics[0].isInternal = false }
        if $1 < 7 { $0.topics[0].partitions[0].leaderEpoch = .unknown }
        if $1 < 5 { $0.topics[0].partitions[0].offlineReplicas = [] }
        if $1 < 8 { $0.topics[0].authorizedOperations = .min }
        if $1 < 8 || $1 > 10 { $0.clusterAuthorizedOperations = .min }
    },
    .response(
        "MetadataResponse sparse", to: MetadataRequest.self,
        MetadataResponse(topics: [.init(errorCode: .unknownTopicID, name: nil, id: id)]), versions: 12...13),
    .request("FindCoordinatorRequest full", FindCoordinatorRequest(keyType: .transaction, keys: ["g-1"])) {
        if $1 < 1 { $0.keyType = .group }
    },
    .response(
        "FindCoordinatorResponse full", to: FindCoordinatorRequest.self,
        FindCoordinatorResponse(
            throttleMilliseconds: 250,
            coordinators: [
                .init(
                    key: "g-1", nodeID: 7, host: "seven.example", port: 9097, errorCode: .coordinatorNotAvailable,
                    errorMessage: "later")
            ])
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 4 { $0.coordinators[0].key = "" }
        if $1 < 1 { $0.coordinators[0].errorMessage = nil }
    },
]

private let dataSamples: [Sample] = [
    .request(
        "ProduceRequest full",
        ProduceRequest(
            transactionalID: "tx-1", acknowledgements: -1, timeoutMilliseconds: 1500,
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [.init(index: 3, records: records), .init(index: 4, records: nil)])
            ])
    ) {
        if $1 < 13 { $0.topics[0].id = .zero } else { $0.topics[0].name = "" }
    },
    .request("ProduceRequest sparse", ProduceRequest(acknowledgements: 1)),
    .response(
        "ProduceResponse full", to: ProduceRequest.self,
        ProduceResponse(
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [
                        .init(
                            index: 3, errorCode: .notLeaderOrFollower, baseOffset: farOffset, logAppendTime: time,
                            logStartOffset: Offset(17),
                            recordErrors: [.init(batchIndex: 2, message: "bad"), .init(batchIndex: 3)],
                            errorMessage: "no", currentLeader: .init(leaderID: 7, leaderEpoch: LeaderEpoch(9))),
                        .init(index: 4, errorCode: .none, baseOffset: .zero),
                    ])
            ], throttleMilliseconds: 250, nodeEndpoints: [endpoint])
    ) {
        if $1 < 13 { $0.topics[0].id = .zero } else { $0.topics[0].name = "" }
        if $1 < 5 { $0.topics[0].partitions[0].logStartOffset = Offset(-1) }
        if $1 < 8 { $0.topics[0].partitions[0].recordErrors = [] }
        if $1 < 8 { $0.topics[0].partitions[0].errorMessage = nil }
        if $1 < 10 { $0.topics[0].partitions[0].currentLeader = nil }
        if $1 < 10 { $0.nodeEndpoints = [] }
    },
    .request(
        "FetchRequest full",
        FetchRequest(
            clusterID: "c-1", replicaID: 5, replicaEpoch: 6, maxWaitMilliseconds: 500, minBytes: 1,
            maxBytes: 52_428_800, isolationLevel: .readCommitted, sessionID: 1_234_567, sessionEpoch: 8,
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [
                        .init(
                            index: 3, currentLeaderEpoch: LeaderEpoch(5), fetchOffset: farOffset,
                            lastFetchedEpoch: LeaderEpoch(4), logStartOffset: Offset(17), replicaDirectoryID: otherID)
                    ])
            ], forgottenTopics: [.init(name: "b", id: otherID, partitions: [1, 2])], rackID: "r7")
    ) {
        if $1 < 12 { $0.clusterID = nil }
        if $1 < 15 { $0.replicaEpoch = -1 }
        if $1 < 7 {
            $0.sessionID = 0
            $0.sessionEpoch = -1
            $0.forgottenTopics = []
        }
        if $1 < 11 { $0.rackID = "" }
        if $1 < 13 {
            $0.topics[0].id = .zero
            $0.forgottenTopics = $0.forgottenTopics.map { .init(name: $0.name, partitions: $0.partitions) }
        } else {
            $0.topics[0].name = ""
            $0.forgottenTopics[0].name = ""
        }
        if $1 < 9 { $0.topics[0].partitions[0].currentLeaderEpoch = .unknown }
        if $1 < 12 { $0.topics[0].partitions[0].lastFetchedEpoch = .unknown }
        if $1 < 5 { $0.topics[0].partitions[0].logStartOffset = Offset(-1) }
        if $1 < 17 { $0.topics[0].partitions[0].replicaDirectoryID = .zero }
    },
    .request("FetchRequest sparse", FetchRequest(maxWaitMilliseconds: 0, minBytes: 0)),
    .response(
        "FetchResponse full", to: FetchRequest.self,
        FetchResponse(
            throttleMilliseconds: 250, errorCode: .invalidFetchSessionEpoch, sessionID: 1_234_567,
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [
                        .init(
                            index: 3, errorCode: .fencedLeaderEpoch, highWatermark: Offset(4_294_967_310),
                            lastStableOffset: Offset(4_294_967_309), logStartOffset: Offset(17),
                            divergingEpoch: .init(epoch: LeaderEpoch(4), endOffset: Offset(99)),
                            currentLeader: .init(leaderID: 7, leaderEpoch: LeaderEpoch(9)),
                            snapshotID: .init(endOffset: Offset(55), epoch: LeaderEpoch(3)),
                            abortedTransactions: [.init(producerID: producer, firstOffset: Offset(20))],
                            preferredReadReplica: 8, records: records),
                        .init(index: 4, errorCode: .none, highWatermark: .zero, records: nil),
                    ])
            ], nodeEndpoints: [endpoint])
    ) {
        if $1 < 7 {
            $0.errorCode = .none
            $0.sessionID = 0
        }
        if $1 < 13 { $0.topics[0].id = .zero } else { $0.topics[0].name = "" }
        if $1 < 5 { $0.topics[0].partitions[0].logStartOffset = Offset(-1) }
        if $1 < 12 {
            $0.topics[0].partitions[0].divergingEpoch = nil
            $0.topics[0].partitions[0].currentLeader = nil
            $0.topics[0].partitions[0].snapshotID = nil
        }
        if $1 < 11 { $0.topics[0].partitions[0].preferredReadReplica = -1 }
        if $1 < 16 { $0.nodeEndpoints = [] }
    },
    .request(
        "ListOffsetsRequest full",
        ListOffsetsRequest(
            isolationLevel: .readCommitted,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(index: 3, currentLeaderEpoch: LeaderEpoch(5), timestamp: time),
                        .init(index: 4, timestamp: ListOffsetsRequest.SpecialTimestamp.earliest),
                    ])
            ], timeoutMilliseconds: 1500)
    ) {
        if $1 < 10 { $0.timeoutMilliseconds = 0 }
        if $1 < 2 { $0.isolationLevel = .readUncommitted }
        if $1 < 4 { $0.topics[0].partitions[0].currentLeaderEpoch = .unknown }
    },
    .response(
        "ListOffsetsResponse full", to: ListOffsetsRequest.self,
        ListOffsetsResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(
                            index: 3, errorCode: .offsetNotAvailable, timestamp: time, offset: farOffset,
                            leaderEpoch: LeaderEpoch(5))
                    ])
            ])
    ) {
        if $1 < 2 { $0.throttleMilliseconds = 0 }
        if $1 < 4 { $0.topics[0].partitions[0].leaderEpoch = .unknown }
    },
]

private let adminSamples: [Sample] = [
    .request(
        "CreateTopicsRequest full",
        CreateTopicsRequest(
            topics: [
                .init(
                    name: "lögs", partitionCount: 6, replicationFactor: 1,
                    assignments: [.init(partition: 0, brokers: [7, 8])],
                    configs: [
                        .init(name: "retention.ms", value: "1000"), .init(name: "cleanup.policy", value: nil),
                    ])
            ], timeoutMilliseconds: 1500, validateOnly: true)
    ) { if $1 < 1 { $0.validateOnly = false } },
    .response(
        "CreateTopicsResponse full", to: CreateTopicsRequest.self,
        CreateTopicsResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs", id: id, configErrorCode: .topicAuthorizationFailed, partitionCount: 6,
                    replicationFactor: 1,
                    configs: [
                        .init(name: "retention.ms", value: "1000", isReadOnly: true, source: 1, isSensitive: true),
                        .init(name: "secret", value: nil, source: 5),
                    ]),
                .init(name: "b", errorCode: .topicAlreadyExists, errorMessage: "exists"),
            ])
    ) {
        if $1 < 2 { $0.throttleMilliseconds = 0 }
        if $1 < 7 { $0.topics[0].id = .zero }
        if $1 < 5 { $0.topics[0] = .init(name: "lögs", id: $0.topics[0].id) }
        if $1 < 1 { $0.topics[1].errorMessage = nil }
    },
    .request(
        "DeleteTopicsRequest full",
        DeleteTopicsRequest(topics: [.init(name: "lögs"), .init(name: "b")], timeoutMilliseconds: 1500)),
    .request(
        "DeleteTopicsRequest sparse", DeleteTopicsRequest(topics: [.init(id: id)], timeoutMilliseconds: 1500),
        versions: 6...6),
    .response(
        "DeleteTopicsResponse full", to: DeleteTopicsRequest.self,
        DeleteTopicsResponse(
            throttleMilliseconds: 250,
            topics: [.init(name: "lögs", id: id, errorCode: .unknownTopicOrPartition, errorMessage: "unknown")])
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 6 { $0.topics[0].id = .zero }
        if $1 < 5 { $0.topics[0].errorMessage = nil }
    },
    .request(
        "InitProducerIdRequest full",
        InitProducerIDRequest(
            transactionalID: "tx-1", transactionTimeoutMilliseconds: 60_000, producerID: producer,
            producerEpoch: ProducerEpoch(3))
    ) {
        if $1 < 3 {
            $0.producerID = .none
            $0.producerEpoch = .none
        }
    },
    .request("InitProducerIdRequest sparse", InitProducerIDRequest()),
    .response(
        "InitProducerIdResponse full", to: InitProducerIDRequest.self,
        InitProducerIDResponse(
            throttleMilliseconds: 250, errorCode: .transactionalIDAuthorizationFailed, producerID: producer,
            producerEpoch: ProducerEpoch(3))),
    .request(
        "DescribeProducersRequest full", DescribeProducersRequest(topics: [.init(name: "lögs", partitions: [3, 4])])),
    .response(
        "DescribeProducersResponse full", to: DescribeProducersRequest.self,
        DescribeProducersResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(
                            index: 3, errorCode: .unknownTopicOrPartition, errorMessage: "unknown",
                            activeProducers: [
                                .init(
                                    id: producer, epoch: ProducerEpoch(3), lastSequence: SequenceNumber(41),
                                    lastTimestamp: time, coordinatorEpoch: 2, currentTransactionStartOffset: Offset(20))
                            ])
                    ])
            ])),
]
