import KafkaProtocol
import NIOCore

private let opaque = ByteBuffer(bytes: [0, 1, 255, 128, 10, 200])

/// Samples of the APIs for groups and their members, see `MessageSamples.swift`.
let groupSamples: [Sample] = membershipSamples + groupAdminSamples

private let membershipSamples: [Sample] = [
    .request(
        "JoinGroupRequest full",
        JoinGroupRequest(
            groupID: "g-1", sessionTimeoutMilliseconds: 45_000, rebalanceTimeoutMilliseconds: 300_000, memberID: "m-1",
            groupInstanceID: "i-1", protocolType: "consumer",
            protocols: [.init(name: "range", metadata: opaque), .init(name: "roundrobin", metadata: ByteBuffer())],
            reason: "röund")
    ) {
        if $1 < 1 { $0.rebalanceTimeoutMilliseconds = 45_000 }
        if $1 < 5 { $0.groupInstanceID = nil }
        if $1 < 8 { $0.reason = nil }
    },
    .request(
        "JoinGroupRequest sparse",
        JoinGroupRequest(
            groupID: "g-1", sessionTimeoutMilliseconds: 45_000, rebalanceTimeoutMilliseconds: 45_000,
            protocolType: "consumer")),
    .response(
        "JoinGroupResponse full", to: JoinGroupRequest.self,
        JoinGroupResponse(
            throttleMilliseconds: 250, errorCode: .memberIDRequired, generationID: 17, protocolType: "consumer",
            protocolName: "range", leader: "m-1", skipAssignment: true, memberID: "m-1",
            members: [
                .init(memberID: "m-1", groupInstanceID: "i-1", metadata: opaque),
                .init(memberID: "m-2", metadata: ByteBuffer()),
            ])
    ) {
        if $1 < 2 { $0.throttleMilliseconds = 0 }
        if $1 < 7 { $0.protocolType = nil }
        if $1 < 9 { $0.skipAssignment = false }
        if $1 < 5 { $0.members[0].groupInstanceID = nil }
    },
    .response(
        "JoinGroupResponse sparse", to: JoinGroupRequest.self, JoinGroupResponse(errorCode: .unknownMemberID),
        versions: 7...9),
    .request(
        "SyncGroupRequest full",
        SyncGroupRequest(
            groupID: "g-1", generationID: 17, memberID: "m-1", groupInstanceID: "i-1", protocolType: "consumer",
            protocolName: "range",
            assignments: [
                .init(memberID: "m-1", assignment: opaque), .init(memberID: "m-2", assignment: ByteBuffer()),
            ])
    ) {
        if $1 < 3 { $0.groupInstanceID = nil }
        if $1 < 5 {
            $0.protocolType = nil
            $0.protocolName = nil
        }
    },
    .request("SyncGroupRequest sparse", SyncGroupRequest(groupID: "g-1", generationID: 17, memberID: "m-1")),
    .response(
        "SyncGroupResponse full", to: SyncGroupRequest.self,
        SyncGroupResponse(
            throttleMilliseconds: 250, errorCode: .rebalanceInProgress, protocolType: "consumer", protocolName: "range",
            assignment: opaque)
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 5 {
            $0.protocolType = nil
            $0.protocolName = nil
        }
    },
    .response("SyncGroupResponse sparse", to: SyncGroupRequest.self, SyncGroupResponse()),
    .request(
        "HeartbeatRequest full",
        HeartbeatRequest(groupID: "g-1", generationID: 17, memberID: "m-1", groupInstanceID: "i-1")
    ) { if $1 < 3 { $0.groupInstanceID = nil } },
    .request("HeartbeatRequest sparse", HeartbeatRequest(groupID: "g-1", generationID: 17, memberID: "m-1")),
    .response(
        "HeartbeatResponse full", to: HeartbeatRequest.self,
        HeartbeatResponse(throttleMilliseconds: 250, errorCode: .rebalanceInProgress)
    ) { if $1 < 1 { $0.throttleMilliseconds = 0 } },
    .request(
        "LeaveGroupRequest full",
        LeaveGroupRequest(
            groupID: "g-1", members: [.init(memberID: "m-1", groupInstanceID: "i-1", reason: "done")])
    ) {
        if $1 < 3 { $0.members[0].groupInstanceID = nil }
        if $1 < 5 { $0.members[0].reason = nil }
    },
    .request(
        "LeaveGroupRequest many",
        LeaveGroupRequest(
            groupID: "g-1",
            members: [.init(memberID: "", groupInstanceID: "i-1"), .init(memberID: "m-2", reason: "röund")]),
        versions: 3...5
    ) { if $1 < 5 { $0.members[1].reason = nil } },
    .response(
        "LeaveGroupResponse full", to: LeaveGroupRequest.self,
        LeaveGroupResponse(
            throttleMilliseconds: 250, errorCode: .notCoordinator,
            members: [
                .init(memberID: "m-1", groupInstanceID: "i-1", errorCode: .unknownMemberID), .init(memberID: "m-2"),
            ])
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 3 { $0.members = [] }
    },
]

private let groupAdminSamples: [Sample] = [
    .request("ListGroupsRequest full", ListGroupsRequest(states: ["Stable", "Empty"], types: ["classic"])) {
        if $1 < 4 { $0.states = [] }
        if $1 < 5 { $0.types = [] }
    },
    .response(
        "ListGroupsResponse full", to: ListGroupsRequest.self,
        ListGroupsResponse(
            throttleMilliseconds: 250, errorCode: .coordinatorLoadInProgress,
            groups: [
                .init(groupID: "g-1", protocolType: "consumer", state: "Stable", type: "classic"),
                .init(groupID: "g-ö"),
            ])
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 4 { $0.groups[0].state = "" }
        if $1 < 5 { $0.groups[0].type = "" }
    },
    .request(
        "DescribeGroupsRequest full",
        DescribeGroupsRequest(groups: ["g-1", "g-ö"], includeAuthorizedOperations: true)
    ) { if $1 < 3 { $0.includeAuthorizedOperations = false } },
    .response(
        "DescribeGroupsResponse full", to: DescribeGroupsRequest.self,
        DescribeGroupsResponse(
            throttleMilliseconds: 250,
            groups: [
                .init(
                    groupID: "g-1", state: "Stable", protocolType: "consumer", protocolName: "range",
                    members: [
                        .init(
                            memberID: "m-1", groupInstanceID: "i-1", clientID: "c-1", clientHost: "/127.0.0.1",
                            metadata: opaque, assignment: ByteBuffer(bytes: [0, 1, 255, 128, 10])),
                        .init(memberID: "m-2"),
                    ], authorizedOperations: 328),
                .init(errorCode: .groupIDNotFound, errorMessage: "not found", groupID: "g-ö", state: "Dead"),
            ])
    ) {
        if $1 < 1 { $0.throttleMilliseconds = 0 }
        if $1 < 3 { $0.groups[0].authorizedOperations = .min }
        if $1 < 4 { $0.groups[0].members[0].groupInstanceID = nil }
        if $1 < 6 { $0.groups[1].errorMessage = nil }
    },
    .request("DeleteGroupsRequest full", DeleteGroupsRequest(groups: ["g-1", "g-ö"])),
    .response(
        "DeleteGroupsResponse full", to: DeleteGroupsRequest.self,
        DeleteGroupsResponse(
            throttleMilliseconds: 250,
            results: [.init(groupID: "g-1", errorCode: .nonEmptyGroup), .init(groupID: "g-ö")])),
]
