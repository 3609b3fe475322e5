// Fetch, key 1: versions 4 to 18, flexible from 12.
//
//  4  the first with isolation levels and record batches of format 2
//  5  log start offsets
//  7  sessions (KIP-227)
//  9  the leader epoch that the client believes in (KIP-320)
// 11  racks and preferred replicas (KIP-392)
// 12  epoch of the last fetched record, diverging epochs and current leaders (tagged)
// 13  topics by id in place of name (KIP-516)
// 15  the replica's state as a tagged field, in place of the replica's id
// 16  where the current leaders are (tagged, KIP-951)
// 17  the replica's directory (tagged, KIP-853)
// 18  the follower's high watermark (tagged, KIP-1166), which is nothing to a consumer's server and is not kept
//
// Versions 6, 8, 10 and 14 change no field.

package import Primitives

/// Reads record batches from partitions.
package struct FetchRequest: KafkaRequest, Equatable {
    package typealias Response = FetchResponse

    package static var key: APIKey { .fetch }
    package static var versions: ClosedRange<Int16> { 4...18 }
    package static var firstFlexibleVersion: Int16? { 12 }

    /// Where given, the server refuses another cluster's.
    package var clusterID: String?
    /// The follower that asks; -1 for a consumer.
    package var replicaID: Int32
    /// The follower's incarnation, from version 15.
    package var replicaEpoch: Int64
    package var maxWaitMilliseconds: Int32
    package var minBytes: Int32
    package var maxBytes: Int32
    package var isolationLevel: IsolationLevel
    /// 0: no session yet.
    package var sessionID: Int32
    /// -1: without a session; 0: opens one; above: the next of its session.
    package var sessionEpoch: Int32
    package var topics: [Topic]
    /// Partitions to drop from the session.
    package var forgottenTopics: [ForgottenTopic]
    package var rackID: String

    package init(
        clusterID: String? = nil, replicaID: Int32 = -1, replicaEpoch: Int64 = -1, maxWaitMilliseconds: Int32,
        minBytes: Int32, maxBytes: Int32 = .max, isolationLevel: IsolationLevel = .readUncommitted,
        sessionID: Int32 = 0, sessionEpoch: Int32 = -1, topics: [Topic] = [], forgottenTopics: [ForgottenTopic] = [],
        rackID: String = ""
    ) {
        self.clusterID = clusterID
        self.replicaID = replicaID
        self.replicaEpoch = replicaEpoch
        self.maxWaitMilliseconds = maxWaitMilliseconds
        self.minBytes = minBytes
        self.maxBytes = maxBytes
        self.isolationLevel = isolationLevel
        self.sessionID = sessionID
        self.sessionEpoch = sessionEpoch
        self.topics = topics
        self.forgottenTopics = forgottenTopics
        self.rackID = rackID
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = FetchRequest.isFlexible(version)
        clusterID = nil
        replicaID = try version <= 14 ? reader.integer() : -1
        replicaEpoch = -1
        maxWaitMilliseconds = try reader.integer()
        minBytes = try reader.integer()
        maxBytes = try reader.integer()
        isolationLevel = try reader.isolationLevel()
        sessionID = try version >= 7 ? reader.integer() : 0
        sessionEpoch = try version >= 7 ? reader.integer() : -1
        topics = try reader.messages(flexible: flexible, version: version)
        forgottenTopics = try version >= 7 ? reader.messages(flexible: flexible, version: version) : []
        rackID = try version >= 11 ? reader.string(flexible: flexible) : ""
        try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
            switch tag {
            case 0: clusterID = try reader.nullableString(flexible: flexible)
            case 1 where version >= 15:
                replicaID = try reader.integer()
                replicaEpoch = try reader.integer()
                try reader.skipTaggedFields(flexible: flexible)
            default: break
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = FetchRequest.isFlexible(version)
        if version <= 14 { writer.integer(replicaID) }
        writer.integer(maxWaitMilliseconds)
        writer.integer(minBytes)
        writer.integer(maxBytes)
        writer.integer(isolationLevel.rawValue)
        if version >= 7 { writer.integer(sessionID) }
        if version >= 7 { writer.integer(sessionEpoch) }
        writer.messages(topics, flexible: flexible, version: version)
        if version >= 7 { writer.messages(forgottenTopics, flexible: flexible, version: version) }
        if version >= 11 { writer.string(rackID, flexible: flexible) }
        var tagged = TaggedFields()
        if clusterID != nil { tagged.add(0) { writer in writer.nullableString(clusterID, flexible: flexible) } }
        if version >= 15, replicaID != -1 || replicaEpoch != -1 {
            tagged.add(1) { writer in
                writer.integer(replicaID)
                writer.integer(replicaEpoch)
                writer.noTaggedFields(flexible: flexible)
            }
        }
        writer.taggedFields(flexible: flexible, tagged)
    }

    /// The partitions to read of one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Up to version 12.
        package var name: String
        /// From version 13.
        package var id: TopicID
        package var partitions: [Partition]

        package init(name: String = "", id: TopicID = .zero, partitions: [Partition] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            name = try version <= 12 ? reader.string(flexible: flexible) : ""
            id = try version >= 13 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            if version <= 12 { writer.string(name, flexible: flexible) }
            if version >= 13 { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// From where to read one partition, and how much.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var currentLeaderEpoch: LeaderEpoch
        package var fetchOffset: Offset
        package var lastFetchedEpoch: LeaderEpoch
        /// The start of a follower's log; -1 for a consumer.
        package var logStartOffset: Offset
        package var maxBytes: Int32
        package var replicaDirectoryID: TopicID

        package init(
            index: Int32, currentLeaderEpoch: LeaderEpoch = .unknown, fetchOffset: Offset,
            lastFetchedEpoch: LeaderEpoch = .unknown, logStartOffset: Offset = Offset(-1), maxBytes: Int32 = 1_048_576,
            replicaDirectoryID: TopicID = .zero
        ) {
            self.index = index
            self.currentLeaderEpoch = currentLeaderEpoch
            self.fetchOffset = fetchOffset
            self.lastFetchedEpoch = lastFetchedEpoch
            self.logStartOffset = logStartOffset
            self.maxBytes = maxBytes
            self.replicaDirectoryID = replicaDirectoryID
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            index = try reader.integer()
            currentLeaderEpoch = try version >= 9 ? reader.leaderEpoch() : .unknown
            fetchOffset = try reader.offset()
            lastFetchedEpoch = try version >= 12 ? reader.leaderEpoch() : .unknown
            logStartOffset = try version >= 5 ? reader.offset() : Offset(-1)
            maxBytes = try reader.integer()
            replicaDirectoryID = .zero
            try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
                switch tag {
                case 0 where version >= 17: replicaDirectoryID = try reader.uuid()
                default: break
                }
            }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            writer.integer(index)
            if version >= 9 { writer.leaderEpoch(currentLeaderEpoch) }
            writer.offset(fetchOffset)
            if version >= 12 { writer.leaderEpoch(lastFetchedEpoch) }
            if version >= 5 { writer.offset(logStartOffset) }
            writer.integer(maxBytes)
            var tagged = TaggedFields()
            if version >= 17, replicaDirectoryID != .zero {
                tagged.add(0) { writer in writer.uuid(replicaDirectoryID) }
            }
            writer.taggedFields(flexible: flexible, tagged)
        }
    }

    /// Partitions of one topic that a session need not hold any longer.
    package struct ForgottenTopic: KafkaMessage, Equatable {
        /// Up to version 12.
        package var name: String
        /// From version 13.
        package var id: TopicID
        package var partitions: [Int32]

        package init(name: String = "", id: TopicID = .zero, partitions: [Int32] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            name = try (7...12).contains(version) ? reader.string(flexible: flexible) : ""
            id = try version >= 13 ? reader.uuid() : .zero
            partitions = try version >= 7 ? reader.integers(flexible: flexible) : []
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            if (7...12).contains(version) { writer.string(name, flexible: flexible) }
            if version >= 13 { writer.uuid(id) }
            if version >= 7 { writer.integers(partitions, flexible: flexible) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
