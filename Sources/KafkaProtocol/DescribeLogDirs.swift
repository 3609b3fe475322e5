// DescribeLogDirs, key 35: versions 1 to 5, flexible from 2.
//
// 3  an error of the request as a whole
// 4  the size of the volume (KIP-827)
// 5  whether the directory takes further partitions (KIP-1066)
//
// Version 2 changes no field.

/// Asks how much room partitions take.
package struct DescribeLogDirsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeLogDirsResponse

    package static var key: APIKey { .describeLogDirs }
    package static var versions: ClosedRange<Int16> { 1...5 }
    package static var firstFlexibleVersion: Int16? { 2 }

    /// nil: all.
    package var topics: [Topic]?

    package init(topics: [Topic]? = nil) {
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeLogDirsRequest.isFlexible(version)
        topics = try reader.nullableMessages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeLogDirsRequest.isFlexible(version)
        writer.nullableMessages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
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
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// How much room partitions take in each directory.
package struct DescribeLogDirsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var results: [Directory]

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, results: [Directory] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeLogDirsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try version >= 3 ? reader.errorCode() : .none
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeLogDirsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        if version >= 3 { writer.errorCode(errorCode) }
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A directory with logs.
    package struct Directory: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        /// Absolute.
        package var path: String
        package var topics: [Topic]
        /// The volume's size; -1 where it is not known.
        package var totalBytes: Int64
        /// How much of it is free for us; -1 where it is not known.
        package var usableBytes: Int64
        /// Whether no further partition is put there.
        package var isCordoned: Bool

        package init(
            errorCode: ErrorCode = .none, path: String, topics: [Topic] = [], totalBytes: Int64 = -1,
            usableBytes: Int64 = -1, isCordoned: Bool = false
        ) {
            self.errorCode = errorCode
            self.path = path
            self.topics = topics
            self.totalBytes = totalBytes
            self.usableBytes = usableBytes
            self.isCordoned = isCordoned
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            path = try reader.string(flexible: flexible)
            topics = try reader.messages(flexible: flexible, version: version)
            totalBytes = try version >= 4 ? reader.integer() : -1
            usableBytes = try version >= 4 ? reader.integer() : -1
            isCordoned = try version >= 5 ? reader.boolean() : false
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.string(path, flexible: flexible)
            writer.messages(topics, flexible: flexible, version: version)
            if version >= 4 { writer.integer(totalBytes) }
            if version >= 4 { writer.integer(usableBytes) }
            if version >= 5 { writer.boolean(isCordoned) }
            writer.noTaggedFields(flexible: flexible)
        }
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
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// How much room a partition takes.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var sizeBytes: Int64
        /// How far the log is behind the high watermark, or behind the log that it is to replace.
        package var offsetLag: Int64
        /// Whether this log is to replace one in another directory.
        package var isFuture: Bool

        package init(index: Int32, sizeBytes: Int64, offsetLag: Int64 = 0, isFuture: Bool = false) {
            self.index = index
            self.sizeBytes = sizeBytes
            self.offsetLag = offsetLag
            self.isFuture = isFuture
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            index = try reader.integer()
            sizeBytes = try reader.integer()
            offsetLag = try reader.integer()
            isFuture = try reader.boolean()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeLogDirsRequest.isFlexible(version)
            writer.integer(index)
            writer.integer(sizeBytes)
            writer.integer(offsetLag)
            writer.boolean(isFuture)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
