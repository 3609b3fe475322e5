internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

extension TopicsCommand {
    struct DescribeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "describe", abstract: "Show partitions, leaders and offsets of topics.")

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The topics' names.") var names: [String]
        @Flag(help: "Print JSON.") var json = false

        func validate() throws { _ = try cluster.addresses() }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                var text = JSONText()
                var output = StandardOutput()
                text.open("[")
                for name in names {
                    let topic = try await cluster.describe(topic: name)
                    let ends = try await offsets(of: topic, cluster)
                    if json { describe(topic, ends, &text) } else { try output.put(description(topic, ends)) }
                }
                text.close("]")
                if json {
                    try output.put(text.bytes.rawBytes)
                    output.put(UInt8(ascii: "\n"))
                }
                try output.flush()
            }
        }
    }
}

private typealias Ends = (first: Offset?, next: Offset?)

/// The ends of each partition; nil where its leader does not say.
private func offsets(of topic: TopicMetadata, _ cluster: KafkaCluster) async throws -> [Ends] {
    var ends: [Ends] = []
    for index in topic.partitions.indices {
        let place = TopicPartition(topic: topic.name, partition: Int32(index))
        guard topic.partitions[index].leader != nil else {
            ends.append((nil, nil))
            continue
        }
        ends.append(
            (
                try await cluster.listOffset(of: place, at: ListOffsetsRequest.SpecialTimestamp.earliest),
                try await cluster.listOffset(of: place, at: ListOffsetsRequest.SpecialTimestamp.latest)
            ))
    }
    return ends
}

private func description(_ topic: TopicMetadata, _ ends: [Ends]) -> String {
    let count = topic.partitionCount
    var text = "\(topic.name): \(count) partition\(count == 1 ? "" : "s")"
    if let id = topic.id { text += ", id \(base64url(id))" }
    text += "\n"
    for (index, partition) in topic.partitions.enumerated() {
        let (first, next) = ends[index]
        let leader = partition.leader.map { "leader \($0)" } ?? "no leader"
        text +=
            "  partition \(index): offsets \(first.map { "\($0)" } ?? "?")..<\(next.map { "\($0)" } ?? "?"), \(leader)"
        text += ", replicas \(partition.replicas), in sync \(partition.inSyncReplicas)\n"
    }
    return text
}

private func describe(_ topic: TopicMetadata, _ ends: [Ends], _ text: inout JSONText) {
    text.open("{")
    text.key("name")
    text.string(topic.name)
    if let id = topic.id {
        text.key("id")
        text.string(base64url(id))
    }
    text.key("partitions")
    text.open("[")
    for (index, partition) in topic.partitions.enumerated() {
        text.open("{")
        text.key("partition")
        text.number(index)
        number("leader", partition.leader, &text)
        number("first_offset", ends[index].first?.value, &text)
        number("next_offset", ends[index].next?.value, &text)
        text.key("replicas")
        text.open("[")
        for replica in partition.replicas { text.number(replica) }
        text.close("]")
        text.key("in_sync")
        text.open("[")
        for replica in partition.inSyncReplicas { text.number(replica) }
        text.close("]")
        text.close("}")
    }
    text.close("]")
    text.close("}")
}

private func number(_ name: String, _ value: (some BinaryInteger)?, _ text: inout JSONText) {
    text.key(name)
    if let value { text.number(value) } else { text.null() }
}

/// A topic id as Kafka's tools show it.
private func base64url(_ id: TopicID) -> String {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(id.high)
    bytes.appendBigEndian(id.low)
    return String(
        base64(bytes.rawBytes).compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
}
