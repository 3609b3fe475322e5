// WriteTxnMarkers, key 27: versions 1 and 2, flexible from 1 (KIP-98; for administrators KIP-664).
//
// 2  the kind of transaction (KIP-1228)

package import Primitives

/// Ends transactions in partitions.
package struct WriteTxnMarkersRequest: KafkaRequest, Equatable {
    package typealias Response = WriteTxnMarkersResponse

    package static var key: APIKey { .writeTxnMarkers }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 1 }

    package var markers: [Marker]

    package init(markers: [Marker] = []) {
        self.markers = markers
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = WriteTxnMarkersRequest.isFlexible(version)
        markers = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = WriteTxnMarkersRequest.isFlexible(version)
        writer.messages(markers, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The end of a transaction.
    package struct Marker: KafkaMessage, Equatable {
        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        /// Else it is aborted.
        package var isCommit: Bool
        package var topics: [Topic]
        /// -1 from an administrator.
        package var coordinatorEpoch: Int32
        /// From version 2.
        package var transactionVersion: Int8

        package init(
            producerID: ProducerID, producerEpoch: ProducerEpoch, isCommit: Bool, topics: [Topic] = [],
            coordinatorEpoch: Int32 = -1, transactionVersion: Int8 = 0
        ) {
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.isCommit = isCommit
            self.topics = topics
            self.coordinatorEpoch = coordinatorEpoch
            self.transactionVersion = transactionVersion
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            producerID = try reader.producerID()
            producerEpoch = try reader.producerEpoch()
            isCommit = try reader.boolean()
            topics = try reader.messages(flexible: flexible, version: version)
            coordinatorEpoch = try reader.integer()
            transactionVersion = try version >= 2 ? reader.integer() : 0
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            writer.producerID(producerID)
            writer.producerEpoch(producerEpoch)
            writer.boolean(isCommit)
            writer.messages(topics, flexible: flexible, version: version)
            writer.integer(coordinatorEpoch)
            if version >= 2 { writer.integer(transactionVersion) }
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
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each marker.
package struct WriteTxnMarkersResponse: KafkaMessage, Equatable {
    package var markers: [Marker]

    package init(markers: [Marker] = []) {
        self.markers = markers
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = WriteTxnMarkersRequest.isFlexible(version)
        markers = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = WriteTxnMarkersRequest.isFlexible(version)
        writer.messages(markers, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of a marker.
    package struct Marker: KafkaMessage, Equatable {
        package var producerID: ProducerID
        package var topics: [Topic]

        package init(producerID: ProducerID, topics: [Topic] = []) {
            self.producerID = producerID
            self.topics = topics
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            producerID = try reader.producerID()
            topics = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            writer.producerID(producerID)
            writer.messages(topics, flexible: flexible, version: version)
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
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of it in a partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode

        package init(index: Int32, errorCode: ErrorCode = .none) {
            self.index = index
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = WriteTxnMarkersRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
