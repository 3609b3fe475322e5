// ListOffsets, key 2: versions 1 to 11, flexible from 6.
//
//  1  one offset per partition
//  2  isolation levels
//  4  leader epochs
//  7  allows the timestamp -3: the record with the largest timestamp (KIP-734)
//  8  allows -4: the earliest offset on local storage (KIP-405)
//  9  allows -5: the latest offset on tiered storage (KIP-1005)
// 10  how long tiered storage may be waited for (KIP-1075)
// 11  allows -6: the earliest offset that tiered storage does not have yet (KIP-1023)
//
// Versions 3 and 5 change no field.

package import Primitives

/// Asks for offsets by time.
package struct ListOffsetsRequest: KafkaRequest, Equatable {
    package typealias Response = ListOffsetsResponse

    package static var key: APIKey { .listOffsets }
    package static var versions: ClosedRange<Int16> { 1...11 }
    package static var firstFlexibleVersion: Int16? { 6 }

    package var replicaID: Int32
    package var isolationLevel: IsolationLevel
    package var topics: [Topic]
    /// From version 10.
    package var timeoutMilliseconds: Int32

    package init(
        replicaID: Int32 = -1, isolationLevel: IsolationLevel = .readUncommitted, topics: [Topic] = [],
        timeoutMilliseconds: Int32 = 0
    ) {
        self.replicaID = replicaID
        self.timeoutMilliseconds = timeoutMilliseconds
        self.isolationLevel = isolationLevel
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListOffsetsRequest.isFlexible(version)
        replicaID = try reader.integer()
        isolationLevel = try version >= 2 ? reader.isolationLevel() : .readUncommitted
        topics = try reader.messages(flexible: flexible, version: version)
        timeoutMilliseconds = try version >= 10 ? reader.integer() : 0
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListOffsetsRequest.isFlexible(version)
        writer.integer(replicaID)
        if version >= 2 { writer.integer(isolationLevel.rawValue) }
        writer.messages(topics, flexible: flexible, version: version)
        if version >= 10 { writer.integer(timeoutMilliseconds) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// The timestamps with a meaning of their own.
    package enum SpecialTimestamp {
        package static let latest = Timestamp(milliseconds: -1)
        package static let earliest = Timestamp(milliseconds: -2)
        package static let maxTimestamp = Timestamp(milliseconds: -3)
        package static let earliestLocal = Timestamp(milliseconds: -4)
        package static let latestTiered = Timestamp(milliseconds: -5)
        package static let earliestPendingUpload = Timestamp(milliseconds: -6)
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
            let flexible = ListOffsetsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The question about one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var currentLeaderEpoch: LeaderEpoch
        /// The first record at or after this is sought; or one of the special values.
        package var timestamp: Timestamp

        package init(index: Int32, currentLeaderEpoch: LeaderEpoch = .unknown, timestamp: Timestamp) {
            self.index = index
            self.currentLeaderEpoch = currentLeaderEpoch
            self.timestamp = timestamp
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            index = try reader.integer()
            currentLeaderEpoch = try version >= 4 ? reader.leaderEpoch() : .unknown
            timestamp = try reader.timestamp()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            writer.integer(index)
            if version >= 4 { writer.leaderEpoch(currentLeaderEpoch) }
            writer.timestamp(timestamp)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The offsets found.
package struct ListOffsetsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListOffsetsRequest.isFlexible(version)
        throttleMilliseconds = try version >= 2 ? reader.integer() : 0
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListOffsetsRequest.isFlexible(version)
        if version >= 2 { writer.integer(throttleMilliseconds) }
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
            let flexible = ListOffsetsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The answer about one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        /// Of the record found; -1 for the special values.
        package var timestamp: Timestamp
        /// -1 where there is no such record.
        package var offset: Offset
        package var leaderEpoch: LeaderEpoch

        package init(
            index: Int32, errorCode: ErrorCode = .none, timestamp: Timestamp = .none, offset: Offset = Offset(-1),
            leaderEpoch: LeaderEpoch = .unknown
        ) {
            self.index = index
            self.errorCode = errorCode
            self.timestamp = timestamp
            self.offset = offset
            self.leaderEpoch = leaderEpoch
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            timestamp = try reader.timestamp()
            offset = try reader.offset()
            leaderEpoch = try version >= 4 ? reader.leaderEpoch() : .unknown
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListOffsetsRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.timestamp(timestamp)
            writer.offset(offset)
            if version >= 4 { writer.leaderEpoch(leaderEpoch) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
