import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct AccessRuleTests {
    private let stranger = ClientConnection(
        localAddress: BrokerAddress(host: "box", port: 9092), remote: "10.0.0.9:1", host: "10.0.0.9")

    private func allow(
        _ operation: ACLOperation, _ type: ACLResourceType, _ name: String, _ pattern: ACLPatternType = .literal,
        host: String = "*", _ permission: ACLPermission = .allow
    ) -> ACLBinding {
        ACLBinding(
            resourceType: type, resourceName: name, patternType: pattern, principal: "User:ANONYMOUS", host: host,
            operation: operation, permission: permission)
    }

    /// A bench on which only the bench's own client may do everything, for that one has no address.
    private func guarded(_ rules: [ACLBinding] = []) throws -> AdminBench {
        let bench = try AdminBench()
        try bench.create("logs.a")
        try bench.create("other")
        #expect(try bench.produce("x", to: "logs.a").errorCode == .none)
        let own = [ACLResourceType.topic, .group].map { allow(.all, $0, "*", host: "bench") }
        try add(own + [allow(.all, .cluster, "kafka-cluster", host: "bench")] + rules, to: bench, from: bench.client)
        return bench
    }

    private func add(_ rules: [ACLBinding], to bench: AdminBench, from client: ClientConnection) throws {
        let results = try bench.ask(CreateACLsRequest(creations: rules), from: client).results
        #expect(results.allSatisfy { $0.errorCode == .none })
    }

    private let master = ClientConnection(
        localAddress: BrokerAddress(host: "box", port: 9092), remote: "bench", host: "bench")

    @Test func `without a rule everything is allowed, with the first one only what a rule allows`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        #expect(try bench.ask(try bench.fetchRequest("t"), from: stranger).topics[0].partitions[0].errorCode == .none)
        try add([allow(.write, .topic, "t")], to: bench, from: stranger)
        let refused = try bench.ask(try bench.fetchRequest("t"), from: stranger)
        #expect(refused.topics[0].partitions[0].errorCode == .topicAuthorizationFailed)
        // Whoever made it is locked out like everybody else.
        #expect(
            try bench.ask(CreateACLsRequest(creations: [allow(.read, .topic, "t")]), from: stranger).results[0]
                .errorCode
                == .clusterAuthorizationFailed)
        // And comes back by the settings.
        let open = try bench.restarted { $0.superUsers = ["User:ANONYMOUS"] }
        #expect(try open.ask(DeleteACLsRequest(filters: [ACLFilter()])).results[0].matches.count == 1)
        let again = try open.restarted()
        #expect(try again.ask(try again.fetchRequest("t"), from: stranger).topics[0].partitions[0].errorCode == .none)
    }

    @Test func `with allow_everyone_if_no_acl_found, rules close only what they are about`() throws {
        func isReadable(_ topic: String, _ bench: AdminBench) throws -> Bool {
            let answer = try bench.ask(try bench.fetchRequest(topic), from: stranger)
            return answer.topics[0].partitions[0].errorCode == .none
        }
        let bench = try AdminBench { $0.allowsEveryoneWithoutRule = true }
        for topic in ["a", "b.1", "c"] { try bench.create(topic) }
        // The first closes a topic to all but who is at "bench", the second one those of a prefix to who is there.
        try add([allow(.read, .topic, "a", host: "bench")], to: bench, from: stranger)
        try add([allow(.read, .topic, "b.", .prefixed, host: "bench", .deny)], to: bench, from: stranger)
        #expect(try !isReadable("a", bench))
        #expect(try !isReadable("b.1", bench))
        #expect(try isReadable("c", bench))
        #expect(try bench.ask(InitProducerIDRequest(), from: stranger).errorCode == .none)
        try add([allow(.read, .topic, "*", host: "bench")], to: bench, from: stranger)
        #expect(try !isReadable("c", bench))
        // The cluster has no rule yet, and with the first one is closed as well.
        try add([allow(.alter, .cluster, "kafka-cluster", host: "bench")], to: bench, from: stranger)
        let refused = try bench.ask(CreateACLsRequest(creations: [allow(.read, .topic, "a")]), from: stranger)
        #expect(refused.results[0].errorCode == .clusterAuthorizationFailed)
        bench.broker.stop()
    }

    @Test func `every request about a topic asks for its operation, and tells nothing of what may not be seen`() throws
    {
        let bench = try guarded()
        for name in ["logs.a", "absent"] {
            #expect(try codes(name, bench) == Array(repeating: .topicAuthorizationFailed, count: 12), "\(name)")
        }
        #expect(try bench.ask(MetadataRequest(topics: nil), from: stranger).topics.isEmpty)
        #expect(try bench.ask(DescribeTopicPartitionsRequest(), from: stranger).topics.isEmpty)
        #expect(
            try bench.ask(InitProducerIDRequest(), from: stranger).errorCode == .clusterAuthorizationFailed)
        // Nothing of it happened.
        #expect(Set(bench.broker.topics.map(\.name)) == ["logs.a", "other"])
        #expect(
            try bench.ask(try bench.fetchRequest("logs.a"), from: master).topics[0].partitions[0].highWatermark
                == Offset(1))
    }

    /// What a stranger gets for each request about a topic.
    private func codes(_ name: String, _ bench: AdminBench) throws -> [ErrorCode] {
        func ask<Request: KafkaRequest>(_ request: Request) throws -> Request.Response {
            try bench.ask(request, from: stranger)
        }
        let topic = name
        return [
            try ask(ProduceRequest(topics: [.init(name: topic, partitions: [.init(index: 0, records: nil)])])).topics[0]
                .partitions[0].errorCode,
            try ask(ListOffsetsRequest(topics: [.init(name: topic, partitions: [.init(index: 0, timestamp: .none)])]))
                .topics[0].partitions[0].errorCode,
            try ask(MetadataRequest(topics: [.init(name: topic)])).topics[0].errorCode,
            try ask(CreateTopicsRequest(topics: [.init(name: topic)])).topics[0].errorCode,
            try ask(DeleteTopicsRequest(topics: [.init(name: topic)])).topics[0].errorCode,
            try ask(CreatePartitionsRequest(topics: [.init(name: topic, partitionCount: 9)])).topics[0].errorCode,
            try ask(DeleteRecordsRequest(topics: [.init(name: topic, partitions: [.init(index: 0, offset: .zero)])]))
                .topics[0].partitions[0].errorCode,
            try ask(DescribeProducersRequest(topics: [.init(name: topic, partitions: [0])])).topics[0].partitions[0]
                .errorCode,
            try ask(DescribeConfigsRequest(resources: [.init(type: .topic, name: topic)])).results[0].errorCode,
            try ask(IncrementalAlterConfigsRequest(resources: [.init(type: .topic, name: topic, configs: [])])).results[
                0
            ]
            .errorCode,
            try ask(DescribeTopicPartitionsRequest(topics: [.init(name: topic)])).topics[0].errorCode,
            try ask(
                OffsetForLeaderEpochRequest(topics: [
                    .init(name: topic, partitions: [.init(index: 0, leaderEpoch: LeaderEpoch(0))])
                ])
            ).topics[0].partitions[0].errorCode,
        ]
    }

    @Test func `requests about the cluster are refused as a whole`() throws {
        let bench = try guarded()
        func ask<Request: KafkaRequest>(_ request: Request) throws -> Request.Response {
            try bench.ask(request, from: stranger)
        }
        let codes = [
            try ask(DescribeACLsRequest()).errorCode,
            try ask(DeleteACLsRequest(filters: [ACLFilter()])).results[0].errorCode,
            try ask(DescribeLogDirsRequest()).errorCode,
            try ask(ElectLeadersRequest()).errorCode,
            try ask(AlterPartitionReassignmentsRequest()).errorCode,
            try ask(ListPartitionReassignmentsRequest()).errorCode,
            try ask(DescribeClientQuotasRequest()).errorCode,
            try ask(AlterClientQuotasRequest(entries: [.init(entity: [.init(type: "user", name: nil)])])).entries[0]
                .errorCode,
            try ask(DescribeConfigsRequest(resources: [.init(type: .broker, name: "1")])).results[0].errorCode,
            try ask(DescribeConfigsRequest(resources: [.init(type: .brokerLogger, name: "1")])).results[0].errorCode,
            try ask(DescribeConfigsRequest(resources: [.init(type: .clientMetrics, name: "m")])).results[0].errorCode,
            try ask(AlterConfigsRequest(resources: [.init(type: .broker, name: "1", configs: [])])).results[0]
                .errorCode,
            try ask(DescribeUserSCRAMCredentialsRequest(users: [.init(name: "a")])).errorCode,
            try ask(
                AlterUserSCRAMCredentialsRequest(deletions: [.init(name: "a", mechanism: .sha256)])
            ).results[0].errorCode,
            try ask(
                AlterReplicaLogDirsRequest(directories: [
                    .init(path: "/x", topics: [.init(name: "logs.a", partitions: [0])])
                ])
            ).topics[0].partitions[0].errorCode,
            try ask(DescribeQuorumRequest()).errorCode,
            try ask(UpdateFeaturesRequest()).errorCode,
            try ask(UnregisterBrokerRequest(brokerID: 9)).errorCode,
            try ask(ListConfigResourcesRequest()).errorCode,
            try ask(Self.marker("logs.a", 0)).markers[0].topics[0].partitions[0].errorCode,
            try ask(IncrementalAlterConfigsRequest(resources: [.init(type: .broker, name: "1", configs: [])])).results[
                0
            ]
            .errorCode,
        ]
        #expect(codes == Array(repeating: .clusterAuthorizationFailed, count: codes.count))
        #expect(
            try ask(DescribeClusterRequest(includeClusterAuthorizedOperations: true)).clusterAuthorizedOperations == 0)
        #expect(try bench.ask(DescribeACLsRequest(), from: master).resources.count == 3)
    }

    private static func marker(_ topic: String, _ partition: Int32) -> WriteTxnMarkersRequest {
        WriteTxnMarkersRequest(markers: [
            .init(
                producerID: ProducerID(7), producerEpoch: ProducerEpoch(0), isCommit: false,
                topics: [.init(name: topic, partitions: [partition])])
        ])
    }

    @Test func `a transaction is ended by who may alter the cluster, or act as one of its brokers`() throws {
        for operation in [ACLOperation.alter, .clusterAction] {
            let bench = try guarded([allow(operation, .cluster, "kafka-cluster")])
            let answer = try bench.ask(Self.marker("logs.a", 0), from: stranger)
            #expect(answer.markers[0].topics[0].partitions[0].errorCode == .invalidTxnState)
            bench.broker.stop()
        }
    }

    @Test func `a group's settings and a transaction ask for their own operations`() throws {
        let bench = try guarded([
            allow(.alterConfigs, .group, "mine"), allow(.describe, .transactionalID, "mine"),
            allow(.write, .transactionalID, "written"),
        ])
        for (group, code) in [("mine", ErrorCode.none), ("other", .groupAuthorizationFailed)] {
            let described = try bench.ask(
                DescribeConfigsRequest(resources: [.init(type: .group, name: group)]), from: stranger)
            let altered = try bench.ask(
                IncrementalAlterConfigsRequest(resources: [.init(type: .group, name: group, configs: [])]),
                from: stranger)
            let replaced = try bench.ask(
                AlterConfigsRequest(resources: [.init(type: .group, name: group, configs: [])]), from: stranger)
            #expect(described.results.map(\.errorCode) + altered.results.map(\.errorCode) == [code, code])
            #expect(replaced.results.map(\.errorCode) == [code])
        }
        let transactions = try bench.ask(
            DescribeTransactionsRequest(transactionalIDs: ["mine", "written", "other"]), from: stranger)
        #expect(
            transactions.states.map(\.errorCode) == [
                .transactionalIDNotFound, .transactionalIDNotFound, .transactionalIDAuthorizationFailed,
            ])
        let coordinators = try bench.ask(
            FindCoordinatorRequest(keyType: .transaction, keys: ["mine", "other"]), from: stranger
        ).coordinators
        #expect(coordinators.map(\.errorCode) == [.none, .transactionalIDAuthorizationFailed])
        // Asks for nothing, and shows only what may be described: nothing at all.
        #expect(try bench.ask(ListTransactionsRequest(), from: stranger) == ListTransactionsResponse())
    }

    /// What a stranger gets for each request about the group `g` and the topic `other`.
    private func groupCodes(_ bench: AdminBench) throws -> [String: ErrorCode] {
        func ask<Request: KafkaRequest>(_ request: Request) throws -> Request.Response {
            try bench.ask(request, from: stranger)
        }
        let fetched = try ask(
            OffsetFetchRequest(groups: [.init(groupID: "g", topics: [.init(name: "other", partitions: [0])])])
        ).groups[0]
        let left = try ask(LeaveGroupRequest(groupID: "g", members: [.init(memberID: "m")]))
        // Asked before, since the group goes with the last of its offsets.
        let described = try ask(DescribeGroupsRequest(groups: ["g"])).groups[0].errorCode
        let deleted = try ask(OffsetDeleteRequest(groupID: "g", topics: [.init(name: "other", partitions: [0])]))
        let join = JoinGroupRequest(
            groupID: "g", sessionTimeoutMilliseconds: 6000, rebalanceTimeoutMilliseconds: 6000,
            protocolType: "consumer", protocols: [.init(name: "range", metadata: ByteBuffer())])
        let commit = OffsetCommitRequest(
            groupID: "g", topics: [.init(name: "other", partitions: [.init(index: 0, offset: .zero)])])
        var codes: [String: ErrorCode] = [:]
        codes["find"] = try ask(FindCoordinatorRequest(keys: ["g"])).coordinators[0].errorCode
        codes["join"] = try ask(join).errorCode
        codes["sync"] = try ask(SyncGroupRequest(groupID: "g", generationID: 1, memberID: "m")).errorCode
        codes["heartbeat"] = try ask(HeartbeatRequest(groupID: "g", generationID: 1, memberID: "m")).errorCode
        codes["leave"] = left.errorCode == .none ? left.members[0].errorCode : left.errorCode
        codes["commit"] = try ask(commit).topics[0].partitions[0].errorCode
        codes["fetch"] = fetched.errorCode == .none ? fetched.topics[0].partitions[0].errorCode : fetched.errorCode
        codes["delete offsets"] =
            deleted.errorCode == .none ? deleted.topics[0].partitions[0].errorCode : deleted.errorCode
        codes["describe"] = described
        codes["delete"] = try ask(DeleteGroupsRequest(groups: ["g"])).results[0].errorCode
        return codes
    }

    private func commit(_ bench: AdminBench) throws {
        let commit = OffsetCommitRequest(
            groupID: "g", topics: [.init(name: "other", partitions: [.init(index: 0, offset: .zero)])])
        #expect(try bench.ask(commit, from: master).topics[0].partitions[0].errorCode == .none)
    }

    private func groupNames(_ bench: AdminBench) throws -> [String] {
        try bench.ask(ListGroupsRequest(), from: stranger).groups.map(\.groupID)
    }

    /// By Kafka's KafkaApis: the group is asked for first, and then what is in it.
    @Test func `every request about a group asks for its operation, on the group and then on the topics`() throws {
        let bench = try guarded()
        try commit(bench)
        #expect(try Set(groupCodes(bench).values) == [.groupAuthorizationFailed])
        #expect(try groupNames(bench).isEmpty)

        try add([allow(.describe, .group, "g")], to: bench, from: master)
        var codes = try groupCodes(bench)
        #expect(codes["find"] == ErrorCode.none && codes["describe"] == ErrorCode.none)
        // Of the topic nothing may be known.
        #expect(codes["fetch"] == .topicAuthorizationFailed)
        for name in ["join", "sync", "heartbeat", "leave", "commit", "delete offsets", "delete"] {
            #expect(codes[name] == .groupAuthorizationFailed, "\(name)")
        }
        #expect(try groupNames(bench) == ["g"])

        try add([allow(.read, .group, "g")], to: bench, from: master)
        codes = try groupCodes(bench)
        #expect(codes["join"] == .memberIDRequired)
        for name in ["sync", "heartbeat", "leave"] { #expect(codes[name] == .unknownMemberID, "\(name)") }
        for name in ["commit", "fetch"] { #expect(codes[name] == .topicAuthorizationFailed, "\(name)") }
        for name in ["delete offsets", "delete"] { #expect(codes[name] == .groupAuthorizationFailed, "\(name)") }

        try add([allow(.read, .topic, "other")], to: bench, from: master)
        codes = try groupCodes(bench)
        #expect(codes["fetch"] == ErrorCode.none)
        #expect(codes["commit"] != .topicAuthorizationFailed && codes["commit"] != .groupAuthorizationFailed)
    }

    @Test func `deleting a group and its offsets asks for Delete, and for Read of the topics`() throws {
        let bench = try guarded([allow(.delete, .group, "g")])
        try commit(bench)
        let request = OffsetDeleteRequest(groupID: "g", topics: [.init(name: "other", partitions: [0])])
        #expect(
            try bench.ask(request, from: stranger).topics[0].partitions[0].errorCode == .topicAuthorizationFailed)
        try add([allow(.read, .topic, "other")], to: bench, from: master)
        #expect(try bench.ask(request, from: stranger).topics[0].partitions[0].errorCode == .none)
        try commit(bench)
        #expect(try bench.ask(DeleteGroupsRequest(groups: ["g"]), from: stranger).results[0].errorCode == .none)
        let beat = HeartbeatRequest(groupID: "g", generationID: 1, memberID: "m")
        #expect(try bench.ask(beat, from: stranger).errorCode == .groupAuthorizationFailed)
    }

    @Test func `a rule that denies keeps one group out of all`() throws {
        let bench = try guarded([
            allow(.all, .group, "*"), allow(.all, .topic, "*"),
            allow(.read, .group, "g", .prefixed, host: "10.0.0.9", .deny),
        ])
        try commit(bench)
        let codes = try groupCodes(bench)
        for name in ["join", "sync", "heartbeat", "leave", "commit"] {
            #expect(codes[name] == .groupAuthorizationFailed, "\(name)")
        }
        // What may not be read may still be described and deleted.
        #expect(codes["describe"] == ErrorCode.none)
        #expect(codes["delete"] != .groupAuthorizationFailed)
        let other = HeartbeatRequest(groupID: "h", generationID: 1, memberID: "m")
        #expect(try bench.ask(other, from: stranger).errorCode == .unknownMemberID)
    }

    @Test func `a rule that denies wins, whatever its pattern, and what reads may describe`() throws {
        let bench = try guarded([
            allow(.read, .topic, "logs.", .prefixed), allow(.read, .topic, "logs.a", host: "10.0.0.8", .deny),
        ])
        func read(from host: String) throws -> ErrorCode {
            let client = ClientConnection(
                localAddress: BrokerAddress(host: "box", port: 9092), remote: host, host: host)
            return try bench.ask(try bench.fetchRequest("logs.a"), from: client).topics[0].partitions[0].errorCode
        }
        #expect(try read(from: "10.0.0.9") == .none)
        #expect(try read(from: "10.0.0.8") == .topicAuthorizationFailed)
        let seen = try bench.ask(
            MetadataRequest(topics: nil, includeTopicAuthorizedOperations: true), from: stranger
        ).topics
        #expect(seen.map(\.name) == ["logs.a"])
        #expect(
            seen[0].authorizedOperations
                == 1 << Int32(ACLOperation.read.rawValue) | 1 << Int32(ACLOperation.describe.rawValue))
        // DENY of one operation leaves the others.
        try add(
            [allow(.all, .topic, "other"), allow(.write, .topic, "*", .literal, .deny)], to: bench, from: master)
        let write = ProduceRequest(topics: [.init(name: "other", partitions: [.init(index: 0, records: nil)])])
        #expect(
            try bench.ask(write, from: stranger).topics[0].partitions[0].errorCode == .topicAuthorizationFailed)
        let look = ListOffsetsRequest(topics: [.init(name: "other", partitions: [.init(index: 0, timestamp: .none)])])
        #expect(try bench.ask(look, from: stranger).topics[0].partitions[0].errorCode == .none)
    }

    @Test func `rules hold over a restart, and a damaged file of them is refused by name`() throws {
        let bench = try guarded([allow(.read, .topic, "gruppe ü/%", .prefixed)])
        let before = try bench.ask(DescribeACLsRequest(), from: master)
        let again = try bench.restarted()
        #expect(try again.ask(DescribeACLsRequest(), from: master).resources.count == before.resources.count)
        #expect(
            try again.ask(DescribeACLsRequest(), from: stranger).errorCode == .clusterAuthorizationFailed)
        again.broker.stop()
        let whole = try again.files.readWhole("/data/acls")
        var damaged = (0..<whole.count).map { Array(whole[..<$0]) }
        damaged += whole.indices.map { index in
            var bytes = whole
            bytes[index] ^= 0x20
            return bytes
        }
        for bytes in damaged where bytes != whole {
            again.files.restart(after: .kill)
            try again.files.replace("/data/acls", with: bytes.rawBytes)
            let error = #expect(throws: (any Error).self) { _ = try AdminBench(again.files) }
            #expect("\(try #require(error))".contains("/data/acls"))
        }
        again.files.restart(after: .kill)
        try again.files.replace("/data/acls", with: whole.rawBytes)
        let repaired = try AdminBench(again.files)
        #expect(try repaired.ask(DescribeACLsRequest(), from: master).errorCode == .none)
    }

    @Test func `rules that make no sense are refused, each by itself`() throws {
        let bench = try AdminBench()
        var bad = [
            allow(.all, .any, "t"), allow(.all, .topic, ""), allow(.all, .topic, "t", .match), allow(.any, .topic, "t"),
            allow(.all, .cluster, "elsewhere"), allow(.all, .topic, "t", .literal, .any),
        ]
        bad.append(allow(.all, .topic, "t"))
        bad[bad.count - 1].principal = "alice"
        let results = try bench.ask(CreateACLsRequest(creations: bad + [allow(.all, .topic, "t", host: "bench")]))
            .results
        #expect(results.map(\.errorCode) == Array(repeating: .invalidRequest, count: bad.count) + [.none])
        #expect(results.dropLast().allSatisfy { $0.errorMessage?.isEmpty == false })
        #expect(
            try bench.ask(DescribeACLsRequest(filter: ACLFilter(resourceType: .unknown)), from: master).errorCode
                == .clusterAuthorizationFailed)
    }

    @Test func `filters find rules by name, by prefix and by what they are matched with`() throws {
        let bench = try guarded([
            allow(.read, .topic, "logs.", .prefixed), allow(.read, .topic, "logs.a"), allow(.read, .topic, "logs.b"),
        ])
        func found(_ name: String?, _ pattern: ACLPatternType) throws -> Set<String> {
            let filter = ACLFilter(resourceType: .topic, resourceName: name, patternType: pattern)
            return Set(try bench.ask(DescribeACLsRequest(filter: filter), from: master).resources.map(\.name))
        }
        #expect(try found("logs.a", .match) == ["logs.a", "logs.", "*"])
        #expect(try found("logs.a", .literal) == ["logs.a"])
        #expect(try found("logs.", .any) == ["logs."])
        #expect(try found(nil, .prefixed) == ["logs."])
        let gone = try bench.ask(
            DeleteACLsRequest(filters: [ACLFilter(resourceType: .topic, resourceName: "logs.", patternType: .any)]),
            from: master)
        #expect(gone.results[0].matches.map(\.binding.resourceName) == ["logs."])
        #expect(try found(nil, .prefixed) == [])
    }

    @Test func `rules that cannot be stored are not in force`() throws {
        let bench = try AdminBench()
        bench.files.capacity = 1
        let result = try bench.ask(CreateACLsRequest(creations: [allow(.read, .topic, "t")])).results[0]
        #expect(result.errorCode == .kafkaStorageError)
        bench.files.capacity = .max
        #expect(try bench.ask(DescribeACLsRequest()).resources.isEmpty)
    }
}
