import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ClusterRequestTests {
    @Test func `the cluster is this node, and an endpoint of another kind is told apart`() throws {
        let bench = try AdminBench { $0.nodeID = 7 }
        let cluster = try bench.ask(DescribeClusterRequest(includeClusterAuthorizedOperations: true))
        #expect(cluster.brokers.map(\.nodeID) == [7] && cluster.controllerID == 7)
        let known = try bench.ask(MetadataRequest(topics: [])).clusterID
        #expect(cluster.clusterID == known)
        // CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE.
        #expect(cluster.clusterAuthorizedOperations == [5, 7, 8, 9, 10, 11, 12].reduce(0) { $0 | 1 << $1 })
        #expect(try bench.ask(DescribeClusterRequest(endpointType: .controllers)).errorCode == .mismatchedEndpointType)
        #expect(
            try bench.ask(DescribeClusterRequest(endpointType: .init(rawValue: 9))).errorCode
                == .unsupportedEndpointType)
    }

    @Test func `topics are described page by page, in the order of their names, each partition once`() throws {
        let bench = try AdminBench()
        for (name, partitions) in [("c", Int32(4)), ("a", 3), ("b", 1)] {
            try bench.create(name, partitions: partitions)
        }
        var seen: [String] = []
        var cursor: DescribeTopicPartitionsRequest.Cursor?
        var pages = 0
        repeat {
            let page = try bench.ask(DescribeTopicPartitionsRequest(responsePartitionLimit: 2, cursor: cursor))
            let described = page.topics.flatMap { topic in topic.partitions.map { "\(topic.name ?? "")-\($0.index)" } }
            #expect(described.count <= 2)
            seen += described
            cursor = page.nextCursor
            pages += 1
        } while cursor != nil && pages < 20
        #expect(seen == ["a-0", "a-1", "a-2", "b-0", "c-0", "c-1", "c-2", "c-3"])
        #expect(pages == 4)

        let some = try bench.ask(
            DescribeTopicPartitionsRequest(topics: [.init(name: "c"), .init(name: "x"), .init(name: "a b")]))
        #expect(some.topics.map(\.errorCode) == [.invalidTopicException, .none, .unknownTopicOrPartition])
        #expect(some.topics[1].partitions.count == 4 && some.nextCursor == nil)
        #expect(some.topics[1].id != .zero)
        // A cursor at a topic that is gone goes on behind it.
        let behind = try bench.ask(
            DescribeTopicPartitionsRequest(cursor: .init(topicName: "bb", partition: 3)))
        #expect(behind.topics.map(\.name) == ["c"] && behind.topics[0].partitions.count == 4)
        let odd = try bench.ask(
            DescribeTopicPartitionsRequest(topics: [.init(name: "a")], cursor: .init(topicName: "a", partition: -1)))
        #expect(odd.topics.map(\.errorCode) == [.invalidRequest])
        let past = try bench.ask(
            DescribeTopicPartitionsRequest(topics: [.init(name: "a")], cursor: .init(topicName: "a", partition: 99)))
        #expect(past.topics[0].partitions.isEmpty && past.nextCursor == nil)
    }

    @Test func `the end of a leader epoch is told, and that of one to come is not`() throws {
        let first = try AdminBench()
        try first.create("t")
        try first.produce("x", to: "t")
        func ask(_ bench: AdminBench, _ epoch: Int32, current: Int32 = -1, topic: String = "t") throws
            -> OffsetForLeaderEpochResponse.Partition
        {
            try bench.ask(
                OffsetForLeaderEpochRequest(topics: [
                    .init(
                        name: topic,
                        partitions: [
                            .init(
                                index: 0, currentLeaderEpoch: LeaderEpoch(current), leaderEpoch: LeaderEpoch(epoch))
                        ])
                ])
            ).topics[0].partitions[0]
        }
        let epoch = try first.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0].partitions[0].leaderEpoch.value
        let end = try ask(first, epoch)
        #expect(end.leaderEpoch.value == epoch && end.endOffset == Offset(1) && end.errorCode == .none)
        let next = try ask(first, epoch + 1)
        #expect(next.leaderEpoch == .unknown && next.endOffset == Offset(-1) && next.errorCode == .none)
        #expect(try ask(first, epoch, current: epoch + 1).errorCode == .unknownLeaderEpoch)
        #expect(try ask(first, epoch, topic: "none").errorCode == .unknownTopicOrPartition)

        // A kill ends the epoch; what the old one had stays told.
        first.files.restart(after: .powerLoss)
        let second = try AdminBench(first.files)
        let later = try second.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0].partitions[0].leaderEpoch
            .value
        try second.produce("y", to: "t")
        #expect(try ask(second, later).endOffset == Offset(2))
        #expect(later > epoch)
        #expect(try ask(second, epoch).endOffset == Offset(1))
        #expect(try ask(second, later, current: later - 1).errorCode == .fencedLeaderEpoch)
    }

    @Test func `the data directory is described with the room that each partition takes`() throws {
        let bench = try AdminBench()
        bench.files.capacity = 1 << 30
        try bench.create("a", partitions: 2)
        try bench.create("b")
        try bench.produce(String(repeating: "x", count: 1000), to: "a", 1)
        let all = try bench.ask(DescribeLogDirsRequest()).results
        #expect(all.map(\.path) == ["/data"] && all[0].errorCode == .none)
        #expect(all[0].topics.map(\.name) == ["a", "b"])
        #expect(all[0].topics[0].partitions.map(\.sizeBytes)[0] == 0)
        #expect((1000...1200).contains(all[0].topics[0].partitions[1].sizeBytes))
        #expect(all[0].totalBytes > 0 && all[0].usableBytes > 0 && all[0].usableBytes <= all[0].totalBytes)
        let some = try bench.ask(
            DescribeLogDirsRequest(topics: [
                .init(name: "a", partitions: [1, 9]), .init(name: "none", partitions: [0]),
            ]))
        #expect(some.results[0].topics.map(\.name) == ["a"])
        #expect(some.results[0].topics[0].partitions.map(\.index) == [1])
    }

    @Test func `what needs many brokers is answered as one broker would`() throws {
        let bench = try AdminBench()
        try bench.create("t")
        #expect(try bench.ask(ListPartitionReassignmentsRequest()) == ListPartitionReassignmentsResponse())
        #expect(try bench.ask(ElectLeadersRequest()) == ElectLeadersResponse())
        let elected = try bench.ask(
            ElectLeadersRequest(topics: [.init(name: "t", partitions: [0, 1]), .init(name: "none", partitions: [0])]))
        #expect(
            elected.topics.flatMap { $0.partitions.map(\.errorCode) } == [
                .electionNotNeeded, .unknownTopicOrPartition, .unknownTopicOrPartition,
            ])
        #expect(try bench.ask(ElectLeadersRequest(electionType: 3)).errorCode == .invalidRequest)
        func move(_ replicas: [Int32]?, _ index: Int32 = 0) throws -> ErrorCode {
            let request = AlterPartitionReassignmentsRequest(topics: [
                .init(name: "t", partitions: [.init(index: index, replicas: replicas)])
            ])
            return try bench.ask(request).topics[0].partitions[0].errorCode
        }
        #expect(try move([1]) == .none)
        #expect(try move(nil) == .noReassignmentInProgress)
        #expect(try move([1, 2]) == .invalidReplicaAssignment)
        #expect(try move([]) == .invalidReplicaAssignment)
        #expect(try move([1], 5) == .unknownTopicOrPartition)
    }

    @Test func `the broker's settings are told under Kafka's names, and cannot be changed`() throws {
        let bench = try AdminBench {
            $0.superUsers = ["User:a", "User:b"]
            $0.fetchSessionSlots = 17
            $0.otherSettings = [("max.connections", "55")]
        }
        let result = try bench.ask(DescribeConfigsRequest(resources: [.init(type: .broker, name: "1")])).results[0]
        let values = Dictionary(uniqueKeysWithValues: result.configs.map { ($0.name, $0.value ?? "") })
        #expect(values["super.users"] == "User:a;User:b")
        #expect(values["max.incremental.fetch.session.cache.slots"] == "17")
        #expect(values["max.connections"] == "55")
        #expect(values["message.max.bytes"] == "1048588")
        #expect(result.configs.allSatisfy { $0.isReadOnly })
        #expect(result.configs.map(\.name) == result.configs.map(\.name).sorted())
    }
}
