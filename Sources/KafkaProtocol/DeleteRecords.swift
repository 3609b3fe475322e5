// DeleteRecords, key 21: versions 0 to 2, flexible from 2.
//
// Versions 1 and 2 change no field.

package import Primitives

/// Deletes the oldest records of partitions.
package struct DeleteRecordsRequest: KafkaRequest, Equatable {
    package typealias Response = DeleteRecordsResponse

    package static var key: APIKey { .deleteRecords }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var topics: [Topic]
    package var timeoutMilliseconds: Int32

    package init(topics: [Topic] = [], timeoutMilliseconds: Int32 = 60_000) {
        self.topics = topics
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteRecordsRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        timeoutMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteRecordsRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.integer(timeoutMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What to delete of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// The records before this go; -1: all that consumers can see.
        package var offset: Offset

        package init(index: Int32, offset: Offset) {
            self.index = index
            self.offset = offset
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            index = try reader.integer()
            offset = try reader.offset()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            writer.integer(index)
            writer.offset(offset)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// Where partitions begin now.
package struct DeleteRecordsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DeleteRecordsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DeleteRecordsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// The first offset of all replicas' logs; -1 with an error.
        package var lowWatermark: Offset
        package var errorCode: ErrorCode

        package init(index: Int32, lowWatermark: Offset = Offset(-1), errorCode: ErrorCode = .none) {
            self.index = index
            self.lowWatermark = lowWatermark
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            index = try reader.integer()
            lowWatermark = try reader.offset()
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DeleteRecordsRequest.isFlexible(version)
            writer.integer(index)
            writer.offset(lowWatermark)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
