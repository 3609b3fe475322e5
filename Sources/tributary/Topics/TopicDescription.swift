internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// A topic with its partitions' ends, and its settings.
struct TopicDescription {
    private let topic: TopicMetadata
    /// Of the partitions that have a leader.
    private let first: [TopicPartition: Offset]
    private let next: [TopicPartition: Offset]
    /// nil: the broker does not tell.
    private let settings: [DescribeConfigsResponse.Config]?

    init(of name: String, _ cluster: KafkaCluster) async throws(KafkaClientError) {
        let topic = try await cluster.describe(topic: name)
        let led = topic.partitions.indices.filter { topic.partitions[$0].leader != nil }
            .map { TopicPartition(topic: name, partition: Int32($0)) }
        self.topic = topic
        first = try await cluster.listOffsets(of: led, at: ListOffsetsRequest.SpecialTimestamp.earliest)
        next = try await cluster.listOffsets(of: led, at: ListOffsetsRequest.SpecialTimestamp.latest)
        do throws(KafkaClientError) {
            settings = try await cluster.describeConfigs(ofTopic: name)
        } catch .apiNotSpoken, .refused(_, .topicAuthorizationFailed, _, _) {
            settings = nil
        }
    }

    func text(allSettings: Bool) -> String {
        let count = topic.partitionCount
        var text = "\(topic.name): \(count) partition\(count == 1 ? "" : "s")"
        if let id = topic.id { text += ", id \(base64url(id))" }
        text += "\n"
        for setting in settings ?? [] where allSettings || setting.isOwn {
            text += "  \(setting.name) = \(setting.value ?? "")\(setting.isOwn ? "" : " (default)")\n"
        }
        for (index, partition) in topic.partitions.enumerated() {
            let place = TopicPartition(topic: topic.name, partition: Int32(index))
            let leader = partition.leader.map { "leader \($0)" } ?? "no leader"
            let range = "\(first[place].map { "\($0)" } ?? "?")..<\(next[place].map { "\($0)" } ?? "?")"
            text += "  partition \(index): offsets \(range), \(leader)"
            text += ", replicas \(partition.replicas), in sync \(partition.inSyncReplicas)\n"
        }
        return text
    }

    func write(to text: inout JSONText) {
        text.object { text in
            text.member("name", topic.name)
            if let id = topic.id { text.member("id", base64url(id)) }
            text.key("partitions")
            text.array(topic.partitions.enumerated()) { text, entry in
                let place = TopicPartition(topic: topic.name, partition: Int32(entry.offset))
                text.object { text in
                    text.member("partition", entry.offset)
                    text.member("leader", entry.element.leader)
                    text.member("first_offset", first[place]?.value)
                    text.member("next_offset", next[place]?.value)
                    text.key("replicas")
                    text.array(entry.element.replicas) { $0.number($1) }
                    text.key("in_sync")
                    text.array(entry.element.inSyncReplicas) { $0.number($1) }
                }
            }
            text.key("settings")
            guard let settings else { return text.null() }
            text.array(settings) { text, setting in
                text.object { text in
                    text.member("name", setting.name)
                    text.member("value", setting.value)
                    text.member("own", setting.isOwn)
                }
            }
        }
    }
}

extension DescribeConfigsResponse.Config {
    /// Whether the topic has it of its own.
    fileprivate var isOwn: Bool { source == .topic }
}

/// A topic id as Kafka's tools show it.
private func base64url(_ id: TopicID) -> String {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(id.high)
    bytes.appendBigEndian(id.low)
    return String(
        base64(bytes.rawBytes).compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
}
