package import KafkaProtocol
package import Primitives

/// A topic and a partition's index.
package struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    package var description: String { "\(topic)/\(partition)" }
}

/// What a cluster last said about a topic.
package struct TopicMetadata: Sendable {
    package struct Partition: Sendable {
        /// nil while there is none.
        package var leader: Int32?
        package var leaderEpoch: LeaderEpoch
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
    }

    package var name: String
    /// nil from brokers that have no topic ids.
    package var id: TopicID?
    package var isInternal: Bool
    /// By index, from 0.
    package var partitions: [Partition]

    package var partitionCount: Int { partitions.count }
}

extension TopicMetadata {
    init?(_ topic: MetadataResponse.Topic) {
        guard topic.errorCode == .none, let name = topic.name else { return nil }
        self.name = name
        id = topic.id == .zero ? nil : topic.id
        isInternal = topic.isInternal
        let known = topic.partitions.filter { $0.index >= 0 }.sorted { $0.index < $1.index }
        // Partitions are numbered from 0 without gaps; what is not so is left out, from the gap on.
        partitions = known.enumerated().prefix { $0.offset == Int($0.element.index) }.map { _, partition in
            Partition(
                leader: partition.leaderID >= 0 ? partition.leaderID : nil, leaderEpoch: partition.leaderEpoch,
                replicas: partition.replicas, inSyncReplicas: partition.inSyncReplicas)
        }
    }

    /// Keeps leaders that are newer than what this answer, from a broker that lags behind, says.
    mutating func keepNewerLeaders(of earlier: TopicMetadata) {
        guard earlier.id == id else { return }
        for index in partitions.indices where index < earlier.partitions.count {
            if partitions[index].leaderEpoch < earlier.partitions[index].leaderEpoch {
                partitions[index] = earlier.partitions[index]
            }
        }
    }
}

/// The brokers of a cluster, as one of them said.
package struct BrokerList: Sendable {
    package var clusterID: String?
    package var controller: Int32?
    package var addresses: [Int32: BrokerAddress]
}
