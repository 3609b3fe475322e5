// OffsetDelete, key 47: version 0, not flexible (KIP-496).

/// Deletes offsets that a group committed.
package struct OffsetDeleteRequest: KafkaRequest, Equatable {
    package typealias Response = OffsetDeleteResponse

    package static var key: APIKey { .offsetDelete }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { nil }

    package var groupID: String
    package var topics: [Topic]

    package init(groupID: String, topics: [Topic] = []) {
        self.groupID = groupID
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        groupID = try reader.string(flexible: false)
        topics = try reader.messages(flexible: false, version: version)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID, flexible: false)
        writer.messages(topics, flexible: false, version: version)
    }

    /// Partitions of one topic.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Int32]

        package init(name: String, partitions: [Int32] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            name = try reader.string(flexible: false)
            partitions = try reader.integers(flexible: false)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name, flexible: false)
            writer.integers(partitions, flexible: false)
        }
    }
}

/// What became of each offset.
package struct OffsetDeleteResponse: KafkaMessage, Equatable {
    package var errorCode: ErrorCode
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(errorCode: ErrorCode = .none, throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.errorCode = errorCode
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        errorCode = try reader.errorCode()
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: false, version: version)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: false, version: version)
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
            name = try reader.string(flexible: false)
            partitions = try reader.messages(flexible: false, version: version)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name, flexible: false)
            writer.messages(partitions, flexible: false, version: version)
        }
    }

    /// What became of the offset of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode

        package init(index: Int32, errorCode: ErrorCode = .none) {
            self.index = index
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            index = try reader.integer()
            errorCode = try reader.errorCode()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.integer(index)
            writer.errorCode(errorCode)
        }
    }
}
