import KafkaProtocol
import Primitives

private let farOffset = Offset(4_294_967_301)
private let id = TopicID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)

/// Samples of the APIs for committed offsets and leader epochs, see `MessageSamples.swift`.
let offsetSamples: [Sample] = [
    .request(
        "OffsetCommitRequest full",
        OffsetCommitRequest(
            groupID: "g-1", generationID: 17, memberID: "m-1", groupInstanceID: "i-1",
            retentionMilliseconds: 86_400_000,
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [
                        .init(
                            index: 3, offset: farOffset, leaderEpoch: LeaderEpoch(5),
                            commitTime: Timestamp(milliseconds: 1_700_000_000_123), metadata: "mine"),
                        .init(index: 4, offset: .zero),
                    ])
            ])
    ) {
        if $1 < 7 { $0.groupInstanceID = nil }
        if !(2...4).contains($1) { $0.retentionMilliseconds = -1 }
        if $1 < 6 { $0.topics[0].partitions[0].leaderEpoch = .unknown }
        if $1 > 1 { $0.topics[0].partitions[0].commitTime = .none }
        if $1 < 10 { $0.topics[0].id = .zero } else { $0.topics[0].name = "" }
    },
    .response(
        "OffsetCommitResponse full", to: OffsetCommitRequest.self,
        OffsetCommitResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs", id: id,
                    partitions: [.init(index: 3, errorCode: .offsetMetadataTooLarge), .init(index: 4)])
            ])
    ) {
        if $1 < 3 { $0.throttleMilliseconds = 0 }
        if $1 < 10 { $0.topics[0].id = .zero } else { $0.topics[0].name = "" }
    },
    .request(
        "OffsetFetchRequest full",
        OffsetFetchRequest(
            groups: [
                .init(
                    groupID: "g-1", memberID: "m-1", memberEpoch: 17,
                    topics: [.init(name: "lögs", id: id, partitions: [3, 4])])
            ], requireStable: true)
    ) {
        if $1 < 9 {
            $0.groups[0].memberID = nil
            $0.groups[0].memberEpoch = -1
        }
        if $1 < 7 { $0.requireStable = false }
        if $1 < 10 { $0.groups[0].topics?[0].id = .zero } else { $0.groups[0].topics?[0].name = "" }
    },
    .request("OffsetFetchRequest all", OffsetFetchRequest(groups: [.init(groupID: "g-1")]), versions: 2...10),
    .request(
        "OffsetFetchRequest many",
        OffsetFetchRequest(groups: [.init(groupID: "g-1", topics: []), .init(groupID: "g-ö")], requireStable: true),
        versions: 8...10),
    .response(
        "OffsetFetchResponse full", to: OffsetFetchRequest.self,
        OffsetFetchResponse(
            throttleMilliseconds: 250,
            groups: [.init(groupID: "g-1", topics: fetched, errorCode: .coordinatorLoadInProgress)])
    ) {
        if $1 < 3 { $0.throttleMilliseconds = 0 }
        if $1 < 8 { $0.groups[0].groupID = "" }
        if $1 < 2 { $0.groups[0].errorCode = .none }
        if $1 < 5 { $0.groups[0].topics[0].partitions[0].leaderEpoch = .unknown }
        if $1 < 10 { $0.groups[0].topics[0].id = .zero } else { $0.groups[0].topics[0].name = "" }
    },
    .response(
        "OffsetFetchResponse many", to: OffsetFetchRequest.self,
        OffsetFetchResponse(groups: [
            .init(groupID: "g-1"), .init(groupID: "g-ö", topics: fetched, errorCode: .notCoordinator),
        ]), versions: 8...10
    ) { if $1 < 10 { $0.groups[1].topics[0].id = .zero } else { $0.groups[1].topics[0].name = "" } },
    .request(
        "OffsetDeleteRequest full",
        OffsetDeleteRequest(groupID: "g-1", topics: [.init(name: "lögs", partitions: [3, 4])])),
    .response(
        "OffsetDeleteResponse full", to: OffsetDeleteRequest.self,
        OffsetDeleteResponse(
            errorCode: .groupIDNotFound, throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [.init(index: 3, errorCode: .groupSubscribedToTopic), .init(index: 4)])
            ])),
    .request(
        "OffsetForLeaderEpochRequest full",
        OffsetForLeaderEpochRequest(topics: [
            .init(
                name: "lögs",
                partitions: [
                    .init(index: 3, currentLeaderEpoch: LeaderEpoch(5), leaderEpoch: LeaderEpoch(4)),
                    .init(index: 4, leaderEpoch: LeaderEpoch(0)),
                ])
        ])
    ) { if $1 < 3 { $0.replicaID = -2 } },
    .response(
        "OffsetForLeaderEpochResponse full", to: OffsetForLeaderEpochRequest.self,
        OffsetForLeaderEpochResponse(
            throttleMilliseconds: 250,
            topics: [
                .init(
                    name: "lögs",
                    partitions: [
                        .init(index: 3, leaderEpoch: LeaderEpoch(4), endOffset: farOffset),
                        .init(errorCode: .fencedLeaderEpoch, index: 4),
                    ])
            ])),
]

private let fetched: [OffsetFetchResponse.Topic] = [
    .init(
        name: "lögs", id: id,
        partitions: [
            .init(index: 3, offset: farOffset, leaderEpoch: LeaderEpoch(5), metadata: "mine"),
            .init(index: 4, metadata: nil, errorCode: .unstableOffsetCommit),
        ])
]
