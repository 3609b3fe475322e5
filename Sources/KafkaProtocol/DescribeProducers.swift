// DescribeProducers, key 61: version 0, flexible (KIP-664).

package import Primitives

/// Asks which producers partitions remember.
package struct DescribeProducersRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeProducersResponse

    package static var key: APIKey { .describeProducers }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var topics: [Topic]

    package init(topics: [Topic] = []) {
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeProducersRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeProducersRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// Partitions asked about.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Int32]

        package init(name: String, partitions: [Int32] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// The producers that partitions remember.
package struct DescribeProducersResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var topics: [Topic]

    package init(throttleMilliseconds: Int32 = 0, topics: [Topic] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeProducersRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeProducersRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The producers of a topic's partitions.
    package struct Topic: KafkaMessage, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(name: String, partitions: [Partition] = []) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The producers of a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var activeProducers: [Producer]

        package init(
            index: Int32, errorCode: ErrorCode = .none, errorMessage: String? = nil, activeProducers: [Producer] = []
        ) {
            self.index = index
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.activeProducers = activeProducers
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            activeProducers = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.messages(activeProducers, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What the partition remembers of a producer.
    package struct Producer: KafkaMessage, Equatable {
        package var id: ProducerID
        package var epoch: ProducerEpoch
        package var lastSequence: SequenceNumber
        package var lastTimestamp: Timestamp
        package var coordinatorEpoch: Int32
        package var currentTransactionStartOffset: Offset

        package init(
            id: ProducerID, epoch: ProducerEpoch, lastSequence: SequenceNumber = .none,
            lastTimestamp: Timestamp = .none, coordinatorEpoch: Int32 = -1,
            currentTransactionStartOffset: Offset = Offset(-1)
        ) {
            self.id = id
            self.epoch = epoch
            self.lastSequence = lastSequence
            self.lastTimestamp = lastTimestamp
            self.coordinatorEpoch = coordinatorEpoch
            self.currentTransactionStartOffset = currentTransactionStartOffset
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            id = try reader.producerID()
            epoch = try reader.wideProducerEpoch()
            lastSequence = try reader.sequenceNumber()
            lastTimestamp = try reader.timestamp()
            coordinatorEpoch = try reader.integer()
            currentTransactionStartOffset = try reader.offset()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeProducersRequest.isFlexible(version)
            writer.producerID(id)
            writer.wideProducerEpoch(epoch)
            writer.sequenceNumber(lastSequence)
            writer.timestamp(lastTimestamp)
            writer.integer(coordinatorEpoch)
            writer.offset(currentTransactionStartOffset)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
