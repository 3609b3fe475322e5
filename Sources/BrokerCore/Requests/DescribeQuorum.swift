// DescribeQuorum, versions 0 to 2: the nodes that keep the cluster's metadata, which is this one. It leads since there are
// no others, so that there was never an election, and there is no log of metadata whose offsets could be told.
//
// Source: Apache Kafka, `KafkaRaftClient.handleDescribeQuorumRequest`; KIP-595, KIP-836, KIP-853.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    /// The topic that Kafka's controllers keep their metadata in.
    private static let metadataTopic = "__cluster_metadata"

    func describeQuorum(
        _ request: DescribeQuorumRequest, _ client: ClientConnection, _ answer: (DescribeQuorumResponse) -> Void
    ) {
        typealias Described = DescribeQuorumResponse
        guard authorize(.describe, on: .cluster, for: client) else {
            return answer(
                Described(
                    errorCode: .clusterAuthorizationFailed, errorMessage: "only who may describe the cluster"))
        }
        let asked = request.topics.map { ($0.name, $0.partitions.map(\.index)) }
        guard asked.count == 1, asked[0] == (Self.metadataTopic, [0]) else {
            let unknown = request.topics.map { topic in
                Described.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        Described.Partition(
                            index: $0.index, errorCode: .unknownTopicOrPartition,
                            errorMessage: "there is a quorum of \(Self.metadataTopic)-0 only", leaderID: 0,
                            leaderEpoch: LeaderEpoch(0), highWatermark: .zero)
                    })
            }
            return answer(Described(topics: unknown))
        }
        let this = Described.Replica(id: configuration.nodeID, logEndOffset: Offset(-1), lastCaughtUp: clock.now())
        let partition = Described.Partition(
            index: 0, leaderID: configuration.nodeID, leaderEpoch: LeaderEpoch(0), highWatermark: Offset(-1),
            voters: [this])
        let address = configuration.advertised ?? client.localAddress
        let listener = Described.Listener(
            name: "PLAINTEXT", host: address.host, port: UInt16(clamping: address.port))
        answer(
            Described(
                topics: [Described.Topic(name: Self.metadataTopic, partitions: [partition])],
                nodes: [Described.Node(id: configuration.nodeID, listeners: [listener])]))
    }
}
