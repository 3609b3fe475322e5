import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

/// What clusters have and one node without passwords and transactions has not: answered as Kafka would, and never with
/// silence.
@Suite(.timeLimit(.minutes(10)))
struct WholeClusterRequestTests {
    @Test func `a partition stays where it is, and another directory is not found`() throws {
        let bench = try AdminBench()
        try bench.create("t", partitions: 2)
        let answer = try bench.ask(
            AlterReplicaLogDirsRequest(directories: [
                .init(
                    path: "/data",
                    topics: [.init(name: "t", partitions: [1, 0, 7]), .init(name: "u", partitions: [0])]),
                .init(path: "/elsewhere", topics: [.init(name: "v", partitions: [0])]),
            ]))
        let codes = answer.topics.map { topic in
            "\(topic.name) " + topic.partitions.map { "\($0.index):\($0.errorCode.rawValue)" }.joined(separator: " ")
        }
        #expect(codes == ["t 0:0 1:0 7:3", "u 0:3", "v 0:57"])
        // A partition is in one directory: the last one counts, as in Kafka.
        let twice = try bench.ask(
            AlterReplicaLogDirsRequest(directories: [
                .init(path: "/elsewhere", topics: [.init(name: "t", partitions: [0])]),
                .init(path: "/data/", topics: [.init(name: "t", partitions: [0])]),
            ]))
        #expect(twice.topics.map { $0.partitions.map(\.errorCode) } == [[.none]])
        bench.broker.stop()
    }

    @Test func `nobody has a password, and whoever sets one is told that it is not kept`() throws {
        let bench = try AdminBench()
        #expect(try bench.ask(DescribeUserSCRAMCredentialsRequest()) == DescribeUserSCRAMCredentialsResponse())
        #expect(try bench.ask(DescribeUserSCRAMCredentialsRequest(users: [])).results.isEmpty)
        let described = try bench.ask(
            DescribeUserSCRAMCredentialsRequest(users: ["a", "b", "a"].map { .init(name: $0) }))
        #expect(described.results.map(\.user) == ["a", "b"])
        #expect(described.results.map(\.errorCode) == [.duplicateResource, .resourceNotFound])
        let altered = try bench.ask(
            AlterUserSCRAMCredentialsRequest(
                deletions: [.init(name: "a", mechanism: .sha256)],
                upsertions: ["b", "a"].map {
                    .init(
                        name: $0, mechanism: .sha512, iterations: 4096, salt: ByteBuffer(string: "salt"),
                        saltedPassword: ByteBuffer(string: "secret"))
                }))
        #expect(altered.results.map(\.user) == ["a", "b"])
        #expect(altered.results.allSatisfy { $0.errorCode == .unsupportedVersion })
        #expect(altered.results.allSatisfy { $0.errorMessage?.contains("SASL") == true })
        bench.broker.stop()
    }

    @Test func `this node alone keeps the metadata`() throws {
        let bench = try AdminBench { $0.nodeID = 7 }
        func ask(_ topic: String, _ partitions: [Int32], version: Int16? = nil) throws -> DescribeQuorumResponse {
            try bench.ask(
                DescribeQuorumRequest(topics: [.init(name: topic, partitions: partitions.map { .init(index: $0) })]),
                version: version)
        }
        let quorum = try ask("__cluster_metadata", [0])
        let partition = quorum.topics[0].partitions[0]
        #expect(quorum.errorCode == .none && partition.errorCode == .none && partition.leaderID == 7)
        #expect(partition.voters.map(\.id) == [7] && partition.observers.isEmpty)
        #expect(partition.voters[0].lastCaughtUp == bench.clock.now() && partition.voters[0].lastFetch == .none)
        #expect(quorum.nodes.map(\.id) == [7])
        #expect(quorum.nodes[0].listeners.map { "\($0.host):\($0.port)" } == ["box:9092"])
        #expect(try ask("__cluster_metadata", [0], version: 0).nodes.isEmpty)
        for (topic, partitions) in [("t", [0]), ("__cluster_metadata", [1]), ("__cluster_metadata", [0, 0])] {
            let unknown = try ask(topic, partitions.map(Int32.init))
            #expect(unknown.topics[0].partitions.allSatisfy { $0.errorCode == .unknownTopicOrPartition })
            #expect(unknown.topics[0].partitions.count == partitions.count)
        }
        #expect(try bench.ask(DescribeQuorumRequest()).topics.isEmpty)
        bench.broker.stop()
    }

    @Test func `there are no features to choose, in any version of the request`() throws {
        let bench = try AdminBench()
        #expect(try bench.ask(UpdateFeaturesRequest()) == UpdateFeaturesResponse())
        for version in UpdateFeaturesRequest.versions {
            for level in [Int16(-1), 0, 21] {
                let refused = try bench.ask(
                    UpdateFeaturesRequest(updates: [.init(feature: "metadata.version", maxVersionLevel: level)]),
                    version: version)
                #expect(refused.errorCode == .invalidUpdateVersion && refused.results.isEmpty)
                #expect(refused.errorMessage?.contains("metadata.version") == true)
            }
        }
        let odd = try bench.ask(
            UpdateFeaturesRequest(
                updates: [.init(feature: "f", maxVersionLevel: 1, upgradeType: .init(rawValue: 9))],
                validateOnly: true))
        #expect(odd.errorCode == .invalidUpdateVersion && odd.errorMessage?.contains("kind 9") == true)
        #expect(try bench.ask(ApiVersionsRequest()).supportedFeatures.isEmpty)
        bench.broker.stop()
    }

    @Test func `the only broker cannot be taken out, and no other is there`() throws {
        let bench = try AdminBench { $0.nodeID = 7 }
        #expect(try bench.ask(UnregisterBrokerRequest(brokerID: 8)).errorCode == .brokerIDNotRegistered)
        #expect(try bench.ask(UnregisterBrokerRequest(brokerID: 7)).errorCode == .invalidRequest)
        #expect(try bench.ask(DescribeClusterRequest()).brokers.map(\.nodeID) == [7])
        bench.broker.stop()
    }

    @Test func `there are no transactions, and a state that is none is told`() throws {
        let bench = try AdminBench()
        let described = try bench.ask(DescribeTransactionsRequest(transactionalIDs: ["tx", ""]))
        #expect(described.states.map(\.errorCode) == [.transactionalIDNotFound, .invalidRequest])
        #expect(described.states.map(\.transactionalID) == ["tx", ""])
        let listed = try bench.ask(
            ListTransactionsRequest(
                states: ["Ongoing", "ongoing", "PrepareEpochFence", "ongoing"], producerIDs: [1],
                durationMilliseconds: 5, idPattern: "tx.*"))
        #expect(listed == ListTransactionsResponse(unknownStates: ["ongoing"]))
        try bench.create("t")
        try bench.produce("x", to: "t")
        let marker = WriteTxnMarkersRequest.Marker(
            producerID: ProducerID(7), producerEpoch: ProducerEpoch(0), isCommit: false,
            topics: [.init(name: "t", partitions: [0, 1]), .init(name: "u", partitions: [0])])
        let ended = try bench.ask(WriteTxnMarkersRequest(markers: [marker])).markers
        #expect(ended.map(\.producerID) == [ProducerID(7)])
        #expect(
            ended[0].topics.map { $0.partitions.map(\.errorCode) } == [
                [.invalidTxnState, .unknownTopicOrPartition], [.unknownTopicOrPartition],
            ])
        // Nothing was written.
        #expect(try bench.fetch("t").highWatermark == Offset(1))
        bench.broker.stop()
    }

    @Test func `what has settings is listed by type, in the first version of clients' metrics only`() throws {
        let bench = try AdminBench()
        try bench.create("b")
        try bench.create("a")
        func list(_ types: [ConfigResourceType], version: Int16 = 1) throws -> [String] {
            let answer = try bench.ask(ListConfigResourcesRequest(types: types), version: version)
            if answer.errorCode != .none { return ["\(answer.errorCode)"] }
            return answer.resources.map { "\($0.type.rawValue) \($0.name)" }
        }
        #expect(try list([]) == ["8 1", "4 1", "2 a", "2 b"])
        #expect(try list([.topic]) == ["2 a", "2 b"])
        #expect(try list([.group, .clientMetrics]).isEmpty)
        #expect(try list([], version: 0).isEmpty)
        #expect(try list([.topic, .init(rawValue: 99)]) == ["UNSUPPORTED_VERSION (35)"])
        bench.broker.stop()
    }

    @Test func `who has not said who it is gets no token`() throws {
        let bench = try AdminBench()
        let own = try bench.ask(CreateDelegationTokenRequest())
        #expect(own.errorCode == .delegationTokenRequestNotAllowed && own.tokenID.isEmpty && own.issued == .none)
        #expect(own.ownerType == "User" && own.ownerName == "ANONYMOUS" && own.requesterName == "ANONYMOUS")
        let other = try bench.ask(CreateDelegationTokenRequest(ownerType: "User", ownerName: "bob"))
        #expect(other.ownerName == "bob" && other.requesterName == "ANONYMOUS")
        let hmac = ByteBuffer(string: "hmac")
        let codes = [
            other.errorCode,
            try bench.ask(RenewDelegationTokenRequest(hmac: hmac, renewPeriodMilliseconds: 1)).errorCode,
            try bench.ask(ExpireDelegationTokenRequest(hmac: hmac, expiryPeriodMilliseconds: -1)).errorCode,
            try bench.ask(DescribeDelegationTokenRequest()).errorCode,
        ]
        #expect(codes == Array(repeating: .delegationTokenRequestNotAllowed, count: 4))
        bench.broker.stop()
    }
}
