package import KafkaProtocol
package import NIOCore

// What consumers of one group tell each other through the coordinator, which does not read it. Protocol type "consumer".
//
//     subscription:  version i16 | topics [string] | user data bytes?
//                    | from 1: owned [topic string, partitions [i32]] | from 2: generation i32 | from 3: rack string?
//     assignment:    version i16 | [topic string, partitions [i32]] | user data bytes?
//
// Arrays and bytes have an i32 length, strings an i16. A reader takes what it knows of a later version, and leaves the
// rest. Source: Apache Kafka, `ConsumerProtocolSubscription.json`, `ConsumerProtocolAssignment.json`.

/// What a member wants and holds, as it says when it joins.
package struct MemberSubscription: Sendable, Equatable {
    package var topics: [String]
    /// What it does not give up by joining; empty under the eager protocol.
    package var owned: [TopicPartition]
    /// The generation in which it got them; -1 where it does not say.
    package var generation: Int32

    package init(topics: [String], owned: [TopicPartition] = [], generation: Int32 = -1) {
        self.topics = topics
        self.owned = owned
        self.generation = generation
    }

    package init(decoding bytes: ByteBuffer) throws(WireError) {
        var reader = WireReader(bytes)
        let version = try reader.integer(Int16.self)
        guard version >= 0 else { throw reader.fail(.valueOutOfRange(Int64(version))) }
        topics = try reader.strings(flexible: false)
        _ = try reader.nullableBytes(flexible: false)
        owned = try version >= 1 ? readPlaces(&reader) : []
        generation = try version >= 2 ? reader.integer() : -1
    }

    /// In version 2.
    package func encoded() -> ByteBuffer {
        var writer = WireWriter()
        writer.integer(Int16(2))
        writer.strings(topics, flexible: false)
        writer.nullableBytes(nil, flexible: false)
        writePlaces(owned, &writer)
        writer.integer(generation)
        return writer.buffer
    }
}

/// What the leader gives to a member.
package enum MemberAssignment {
    /// - Parameter bytes: empty where the leader gave nothing at all.
    package static func decode(_ bytes: ByteBuffer) throws(WireError) -> Set<TopicPartition> {
        guard bytes.readableBytes > 0 else { return [] }
        var reader = WireReader(bytes)
        let version = try reader.integer(Int16.self)
        guard version >= 0 else { throw reader.fail(.valueOutOfRange(Int64(version))) }
        return Set(try readPlaces(&reader))
    }

    package static func encode(_ places: some Sequence<TopicPartition>) -> ByteBuffer {
        var writer = WireWriter()
        writer.integer(Int16(0))
        writePlaces(places, &writer)
        writer.nullableBytes(nil, flexible: false)
        return writer.buffer
    }
}

private func readPlaces(_ reader: inout WireReader) throws(WireError) -> [TopicPartition] {
    let topics = try reader.array(flexible: false, minimumElementSize: 6) { reader throws(WireError) in
        (name: try reader.string(flexible: false), partitions: try reader.integers(Int32.self, flexible: false))
    }
    return topics.flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0) } }
}

private func writePlaces(_ places: some Sequence<TopicPartition>, _ writer: inout WireWriter) {
    let topics = places.byTopic()
    writer.array(topics, flexible: false) { writer, topic in
        writer.string(topic.name, flexible: false)
        writer.integers(topic.partitions, flexible: false)
    }
}

extension Sequence<TopicPartition> {
    /// The partitions of each topic, both in order.
    package func byTopic() -> [(name: String, partitions: [Int32])] {
        Dictionary(grouping: self, by: \.topic).sorted { $0.key < $1.key }
            .map { (name: $0.key, partitions: $0.value.map(\.partition).sorted()) }
    }
}
