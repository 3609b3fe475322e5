// AlterReplicaLogDirs, key 34: versions 0 to 2, flexible from 2 (KIP-113).
//
// Version 1 changes no field.

/// Asks to move partitions to other directories of the broker.
package struct AlterReplicaLogDirsRequest: KafkaRequest, Equatable {
    package typealias Response = AlterReplicaLogDirsResponse

    package static var key: APIKey { .alterReplicaLogDirs }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var directories: [Directory]

    package init(directories: [Directory] = []) {
        self.directories = directories
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
        directories = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
        writer.messages(directories, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A directory, with what is to be in it.
    package struct Directory: KafkaMessage, Equatable {
        /// Absolute.
        package var path: String
        package var topics: [Topic]

        package init(path: String, topics: [Topic] = []) {
            self.path = path
            self.topics = topics
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            path = try reader.string(flexible: flexible)
            topics = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            writer.string(path, flexible: flexible)
            writer.messages(topics, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
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
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each partition.
package struct AlterReplicaLogDirsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
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
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode

        package init(index: Int32, errorCode: ErrorCode = .none) {
            self.index = index
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterReplicaLogDirsRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
