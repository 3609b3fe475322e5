import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore

@Suite struct GroupDurabilityTests {
    @Test(arguments: [FlushPolicy.commit, .os])
    func `what was committed is there after the power is gone, whatever the flush policy`(flush: FlushPolicy) throws {
        let bench = try GroupBench { $0.flush = flush }
        #expect(try bench.create("t", partitions: 3) == .none)
        #expect(try bench.commit(5, metadata: "mine") == .none)
        #expect(try bench.commit(6, "t", 2) == .none)
        #expect(try bench.commit(7) == .none)
        let next = try bench.restarted(after: .powerLoss) { $0.flush = flush }
        #expect(try next.committed() == 7)
        #expect(try next.committed("t", 2) == 6)
        #expect(try next.committed("t", 1) == -1)
        next.broker.stop()
    }

    @Test func `a stop after any file operation loses no commit that was acknowledged`() throws {
        var stop = 1
        while true {
            let bench = try GroupBench()
            #expect(try bench.create("t") == .none)
            bench.files.stop(atOperation: bench.files.operationCount + stop, midway: stop % 2 == 0, seed: UInt64(stop))
            var acknowledged: Int64 = -1
            for offset in 0..<4 as Range<Int64> where try bench.commit(offset) == .none { acknowledged = offset }
            let isOver = !bench.files.hasStopped
            bench.broker.stop()
            bench.files.restart(after: .powerLoss, seed: UInt64(stop))
            let next = try GroupBench(bench.files)
            try blockUntil("groups are loaded") { try next.ask(ListGroupsRequest()).errorCode == .none }
            #expect(try next.committed() >= acknowledged, "stopped after \(stop)")
            #expect(try next.commit(9) == .none, "stopped after \(stop)")
            next.broker.stop()
            if isOver { break }
            stop += 1
        }
        #expect(stop > 5)
    }

    @Test(arguments: [nil, SimulatedFileSystem.Crash.kill, .powerLoss])
    func `members go on in their generation after a restart`(crash: SimulatedFileSystem.Crash?) throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        let (member, generation) = try bench.loneMember()
        #expect(try bench.commit(3, member: member, generation: generation) == .none)
        let next = try bench.restarted(after: crash)
        #expect(try next.heartbeat(member, generation) == .none)
        #expect(try next.commit(4, member: member, generation: generation) == .none)
        let described = try next.ask(DescribeGroupsRequest(groups: ["g"])).groups[0]
        #expect(described.state == "Stable" && described.members.map(\.memberID) == [member])
        #expect(described.members[0].assignment == ByteBuffer(string: "all"))
        #expect(described.members[0].clientID == "test" && described.members[0].clientHost == "/10.0.0.2")
        // It leads: a new join is a new generation.
        #expect(try next.ask(next.joinRequest(member)).generationID == generation + 1)
        next.broker.stop()
    }

    @Test func `damage in the log costs what is damaged, and no more`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t", partitions: 3) == .none)
        for partition in 0..<3 as Range<Int32> { #expect(try bench.commit(5, "t", partition) == .none) }
        bench.broker.stop()
        let path: FilePath = "/data/__consumer_offsets-0/00000000000000000000.log"
        let file = try bench.files.open(path, .update)
        let bytes = try bench.files.readWhole(path)
        let first = try RecordBatchHeader(parsing: bytes.rawBytes).totalBytes
        try file.write([0xff, 0xff].rawBytes, at: Int64(first + RecordBatchHeader.byteCount + 12))
        bench.files.restart(after: .kill)
        let next = try GroupBench(bench.files)
        try blockUntil("groups are loaded") { try next.ask(ListGroupsRequest()).errorCode == .none }
        #expect(try next.committed("t", 0) == 5)
        #expect(try next.committed("t", 1) == -1)
        #expect(try next.committed("t", 2) == 5)
        #expect(try next.commit(6, "t", 1) == .none)
        next.broker.stop()
    }

    @Test func `while the log is read, requests are told so, and heartbeats believed`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        bench.broker.groups.submit { $0.unavailable = .coordinatorLoadInProgress }
        #expect(try bench.commit(1) == .coordinatorLoadInProgress)
        #expect(try bench.ask(bench.joinRequest()).errorCode == .coordinatorLoadInProgress)
        #expect(try bench.heartbeat("m", 1) == .none)
        let group = OffsetFetchRequest.Group(groupID: "g", topics: [.init(name: "t", partitions: [0])])
        for version in OffsetFetchRequest.versions {
            let answer = try bench.ask(OffsetFetchRequest(groups: [group]), version: version).groups[0]
            let code = version == 1 ? answer.topics[0].partitions[0].errorCode : answer.errorCode
            #expect(code == .coordinatorLoadInProgress)
        }
        #expect(try bench.ask(ListGroupsRequest()).errorCode == .coordinatorLoadInProgress)
        bench.broker.stop()
    }

    @Test func `a disk without room refuses commits with an error that clients try again after`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        #expect(try bench.commit(1) == .none)
        let next = try bench.restarted { $0.minimumFreeBytes = .max / 2 }
        #expect(try next.commit(2) == .notCoordinator)
        #expect(try next.committed() == 1)
        next.broker.stop()
    }
}

@Suite struct GroupRequestTests {
    @Test func `every version of every request about groups is answered`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        func all<Request: KafkaRequest>(_ request: Request) throws {
            for version in Request.versions { _ = try bench.ask(request, version: version) }
        }
        try all(bench.joinRequest("nobody"))
        try all(SyncGroupRequest(groupID: "g", generationID: 1, memberID: "m"))
        try all(HeartbeatRequest(groupID: "g", generationID: 1, memberID: "m"))
        try all(LeaveGroupRequest(groupID: "g", members: [.init(memberID: "m")]))
        try all(
            OffsetCommitRequest(groupID: "g", topics: [.init(name: "t", partitions: [.init(index: 0, offset: .zero)])]))
        try all(OffsetFetchRequest(groups: [.init(groupID: "g", topics: [.init(name: "t", partitions: [0])])]))
        try all(OffsetDeleteRequest(groupID: "g", topics: [.init(name: "t", partitions: [0])]))
        try all(ListGroupsRequest())
        try all(DescribeGroupsRequest(groups: ["g", "nowhere"]))
        try all(DeleteGroupsRequest(groups: ["nowhere"]))
        try all(FindCoordinatorRequest(keys: ["g"]))
        bench.broker.stop()
    }

    @Test func `the coordinator is this node, where the client came in or as advertised`() throws {
        let bench = try GroupBench()
        let found = try bench.ask(FindCoordinatorRequest(keys: ["a", "b"])).coordinators
        #expect(found.map(\.key) == ["a", "b"])
        #expect(found.allSatisfy { $0.host == "box" && $0.port == 9092 && $0.nodeID == 1 && $0.errorCode == .none })
        // For transactions too, so that their administrators hear that there are none; producers hear it next.
        let transaction = try bench.ask(FindCoordinatorRequest(keyType: .transaction, keys: ["a"])).coordinators[0]
        #expect(transaction.errorCode == .none && transaction.host == "box" && transaction.nodeID == 1)
        let producer = try bench.ask(InitProducerIDRequest(transactionalID: "a"))
        #expect(producer.errorCode == .transactionalIDAuthorizationFailed)
        let share = try bench.ask(FindCoordinatorRequest(keyType: .share, keys: ["a"])).coordinators[0]
        #expect(share.errorCode == .invalidRequest && share.errorMessage != nil)
        bench.broker.stop()
        let other = try GroupBench { $0.advertised = BrokerAddress(host: "name", port: 1) }
        #expect(try other.ask(FindCoordinatorRequest(keys: ["a"]), version: 0).coordinators[0].host == "name")
        other.broker.stop()
    }

    @Test func `an offset of an unknown partition or with too much text is refused alone`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        let partitions = [
            OffsetCommitRequest.Partition(index: 0, offset: Offset(1)),
            OffsetCommitRequest.Partition(index: 1, offset: Offset(1)),
            OffsetCommitRequest.Partition(index: 0, offset: Offset(9), metadata: String(repeating: "x", count: 4097)),
        ]
        let answer = try bench.ask(
            OffsetCommitRequest(
                groupID: "g",
                topics: [.init(name: "t", partitions: partitions), .init(name: "u", partitions: [partitions[0]])]))
        #expect(
            answer.topics.map { $0.partitions.map(\.errorCode) } == [
                [.none, .unknownTopicOrPartition, .offsetMetadataTooLarge], [.unknownTopicOrPartition],
            ])
        #expect(try bench.committed() == 1)
        bench.broker.stop()
    }

    @Test func `in version 10 topics are told by id, and what has another id is another topic`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t", partitions: 2) == .none && bench.create("u") == .none)
        let ids = Dictionary(uniqueKeysWithValues: bench.broker.topics.map { ($0.name, $0.id) })
        let (t, u) = (try #require(ids["t"]), try #require(ids["u"]))
        let nobody = TopicID(high: 1, low: 2)
        func commit(_ id: TopicID, _ index: Int32, _ offset: Int64) throws -> OffsetCommitResponse.Topic {
            let entry = OffsetCommitRequest.Partition(index: index, offset: Offset(offset))
            return try bench.ask(
                OffsetCommitRequest(groupID: "g", topics: [.init(name: "", id: id, partitions: [entry])]), version: 10
            ).topics[0]
        }
        func fetch(_ topics: [OffsetFetchRequest.Topic]?) throws -> [String] {
            try bench.ask(OffsetFetchRequest(groups: [.init(groupID: "g", topics: topics)]), version: 10).groups[0]
                .topics.map { topic in
                    let name = topic.id == t ? "t" : topic.id == u ? "u" : topic.id == nobody ? "nobody" : "?"
                    let partitions = topic.partitions.map {
                        "\($0.index):\($0.offset.value):\($0.errorCode.rawValue)"
                    }
                    return "\(name) \(partitions.joined(separator: " "))"
                }
        }
        #expect(try commit(t, 1, 5) == .init(name: "", id: t, partitions: [.init(index: 1)]))
        #expect(try commit(t, 2, 5).partitions.map(\.errorCode) == [.unknownTopicOrPartition])
        #expect(try commit(nobody, 0, 5).partitions.map(\.errorCode) == [.unknownTopicID])
        #expect(try bench.commit(8, "u") == .none)
        #expect(try bench.committed("t", 1) == 5)
        let asked: [OffsetFetchRequest.Topic] = [
            .init(name: "", id: t, partitions: [0, 1]), .init(name: "", id: nobody, partitions: [0]),
        ]
        #expect(try fetch(asked) == ["t 0:-1:0 1:5:0", "nobody 0:-1:100"])
        #expect(try fetch(nil) == ["t 1:5:0", "u 0:8:0"])
        // Made anew, it is another topic.
        #expect(try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")])).topics[0].errorCode == .none)
        #expect(try bench.create("t", partitions: 2) == .none)
        #expect(try commit(t, 1, 6).partitions.map(\.errorCode) == [.unknownTopicID])
        #expect(try fetch([asked[0]]) == ["t 0:-1:100 1:-1:100"])
        bench.broker.stop()
    }

    @Test func `groups are listed by state and type, and described as the version has it`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none)
        _ = try bench.loneMember()
        #expect(try bench.commit(1, group: "simple") == .none)
        func list(_ states: [String] = [], _ types: [String] = []) throws -> [String] {
            try bench.ask(ListGroupsRequest(states: states, types: types)).groups.map {
                "\($0.groupID) \($0.state) \($0.protocolType) \($0.type)"
            }
        }
        #expect(try list() == ["g Stable consumer classic", "simple Empty  classic"])
        #expect(try list(["empty"]).count == 1 && list(["Dead"]).isEmpty)
        #expect(try list([], ["Classic"]).count == 2 && list([], ["consumer"]).isEmpty)
        func describe(_ version: Int16) throws -> DescribeGroupsResponse.Group {
            try bench.ask(DescribeGroupsRequest(groups: ["nowhere"]), version: version).groups[0]
        }
        let missing = try describe(6)
        #expect(missing.errorCode == .groupIDNotFound && missing.errorMessage != nil && missing.state == "Dead")
        #expect(try describe(5).errorCode == .none && describe(5).state == "Dead")
        bench.broker.stop()
    }

    @Test func `a topic that is deleted takes its offsets with it`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none && bench.create("u") == .none)
        #expect(try bench.commit(1) == .none && bench.commit(2, "u") == .none)
        #expect(try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")])).topics[0].errorCode == .none)
        try blockUntil("its offsets are gone") { try bench.committed() == -1 }
        let next = try bench.restarted()
        #expect(try next.committed() == -1 && next.committed("u") == 2)
        next.broker.stop()
    }

    @Test func `offsets of a topic that was deleted just before a crash go at the start`() throws {
        let bench = try GroupBench()
        #expect(try bench.create("t") == .none && bench.create("u") == .none)
        #expect(try bench.commit(1) == .none && bench.commit(2, "u") == .none)
        // As when the deletion did not get so far.
        bench.broker.groups.submit { $0.unavailable = .coordinatorLoadInProgress }
        #expect(try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")])).topics[0].errorCode == .none)
        let next = try bench.restarted()
        try blockUntil("its offsets are gone") { try next.committed() == -1 }
        #expect(try next.committed("u") == 2)
        next.broker.stop()
    }

    @Test func `nobody but the collector touches its own topic`() throws {
        let bench = try GroupBench()
        let name = TopicName.offsets
        #expect(try bench.create(name) == .invalidTopicException)
        let asked = MetadataRequest(topics: [.init(name: name)])
        #expect(try bench.ask(asked).topics[0].errorCode == .unknownTopicOrPartition)
        #expect(try bench.create("t") == .none && bench.commit(1) == .none)
        let described = try bench.ask(asked).topics[0]
        #expect(described.isInternal && described.partitions.count == 1)
        #expect(try bench.ask(MetadataRequest()).topics.count { $0.isInternal } == 1)
        let builder = RecordBatchBuilder(limit: 1 << 20)
        _ = builder.append(key: nil, value: [1].rawBytes, timestamp: Timestamp(milliseconds: 1))
        let batch = ByteBuffer(bytes: builder.seal(with: try BatchCompressor(.none)).bytes)
        let produce = ProduceRequest(
            acknowledgements: -1, topics: [.init(name: name, partitions: [.init(index: 0, records: batch)])])
        #expect(try bench.ask(produce).topics[0].partitions[0].errorCode == .invalidTopicException)
        #expect(
            try bench.ask(DeleteTopicsRequest(topics: [.init(name: name)])).topics[0].errorCode
                == .invalidTopicException)
        let grow = CreatePartitionsRequest(topics: [.init(name: name, partitionCount: 3)])
        #expect(try bench.ask(grow).topics[0].errorCode == .invalidTopicException)
        let cut = DeleteRecordsRequest(topics: [.init(name: name, partitions: [.init(index: 0, offset: Offset(-1))])])
        #expect(try bench.ask(cut).topics[0].partitions[0].errorCode == .invalidTopicException)
        #expect(try bench.committed() == 1)
        bench.broker.stop()
    }

    @Test func `a connection that ends frees the answer that is held for it`() throws {
        let bench = try GroupBench { $0.groups.initialRebalanceDelayMilliseconds = 600_000 }
        let client = GroupBench.newClient()
        let waiting = bench.start(bench.joinRequest(), version: 3, from: client)
        // What is asked behind it is answered behind it.
        #expect(try bench.ask(ListGroupsRequest()).groups.map(\.groupID) == ["g"])
        #expect(waiting.replyCount == 0)
        client.close()
        #expect(try waiting.response().errorCode == .coordinatorNotAvailable)
        // Gone already when it asks.
        let late = bench.start(bench.joinRequest(), version: 3, from: client)
        #expect(try late.response().errorCode == .coordinatorNotAvailable)
        bench.broker.stop()
    }

    @Test func `before a stop everybody who waits is answered, and commits are still taken`() throws {
        let bench = try GroupBench { $0.groups.initialRebalanceDelayMilliseconds = 600_000 }
        #expect(try bench.create("t") == .none)
        let waiting = bench.start(bench.joinRequest(), version: 3, from: GroupBench.newClient())
        bench.broker.beginStop()
        #expect(try waiting.response().errorCode == .coordinatorNotAvailable)
        #expect(try bench.ask(bench.joinRequest()).errorCode == .coordinatorNotAvailable)
        let commit = OffsetCommitRequest(
            groupID: "h", topics: [.init(name: "t", partitions: [.init(index: 0, offset: Offset(1))])])
        let committing = bench.start(commit)
        bench.broker.stop()
        #expect(try committing.response().topics[0].partitions[0].errorCode == .none)
        #expect(try bench.commit(2) == .coordinatorNotAvailable)
    }
}
