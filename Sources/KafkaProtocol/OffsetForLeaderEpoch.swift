// OffsetForLeaderEpoch, key 23: versions 2 to 4, flexible from 4.
//
// 3  the replica's id
//
// Version 4 changes no field. KIP-101, KIP-320.

package import Primitives

/// Asks where the terms of leaders ended, to see whether a log was cut.
package struct OffsetForLeaderEpochRequest: KafkaRequest, Equatable {
    package typealias Response = OffsetForLeaderEpochResponse

    package static var key: APIKey { .offsetForLeaderEpoch }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static var firstFlexibleVersion: Int16? { 4 }

    /// -1 from a consumer; -2, that of version 2, may see what is behind the high watermark.
    package var replicaID: Int32
    package var topics: [Topic]

    package init(replicaID: Int32 = -1, topics: [Topic] = []) {
        self.replicaID = replicaID
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
        replicaID = try version >= 3 ? reader.integer() : -2
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
        if version >= 3 { writer.integer(replicaID) }
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The questions about one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The question about one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// What the client takes for the present epoch.
        package var currentLeaderEpoch: LeaderEpoch
        /// The epoch asked about.
        package var leaderEpoch: LeaderEpoch

        package init(index: Int32, currentLeaderEpoch: LeaderEpoch = .unknown, leaderEpoch: LeaderEpoch) {
            self.index = index
            self.currentLeaderEpoch = currentLeaderEpoch
            self.leaderEpoch = leaderEpoch
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            index = try reader.integer()
            currentLeaderEpoch = try reader.leaderEpoch()
            leaderEpoch = try reader.leaderEpoch()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            writer.integer(index)
            writer.leaderEpoch(currentLeaderEpoch)
            writer.leaderEpoch(leaderEpoch)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// Where the terms of leaders ended.
package struct OffsetForLeaderEpochResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The answers about one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The answer about one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var index: Int32
        /// The last epoch that is not above the one asked about.
        package var leaderEpoch: LeaderEpoch
        /// Behind the last record of `leaderEpoch`.
        package var endOffset: Offset

        package init(
            errorCode: ErrorCode = .none, index: Int32, leaderEpoch: LeaderEpoch = .unknown,
            endOffset: Offset = Offset(-1)
        ) {
            self.errorCode = errorCode
            self.index = index
            self.leaderEpoch = leaderEpoch
            self.endOffset = endOffset
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            index = try reader.integer()
            leaderEpoch = try reader.leaderEpoch()
            endOffset = try reader.offset()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = OffsetForLeaderEpochRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.integer(index)
            writer.leaderEpoch(leaderEpoch)
            writer.offset(endOffset)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
