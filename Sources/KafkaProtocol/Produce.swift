// Produce, key 0: versions 3 to 13, flexible from 9.
//
//  3  the first with record batches of format 2, and with the transactional id
//  5  answers with the log's start offset
//  8  answers with errors of single records and a message
// 10  answers may carry the current leader and where it is (tagged, KIP-951)
// 13  topics by id in place of name (KIP-516)
//
// Versions 4, 6, 7, 9, 11 and 12 change no field: they promise that the client knows more error codes or codecs.

package import NIOCore
package import Primitives

/// Appends record batches to partitions.
package struct ProduceRequest: KafkaRequest, Equatable {
    package typealias Response = ProduceResponse

    package static var key: APIKey { .produce }
    package static var versions: ClosedRange<Int16> { 3...13 }
    /// Versions 0 to 2 are advertised but refused: librdkafka before 2.11.1 compresses only for brokers that seem to speak
    /// version 0 (KAFKA-18659).
    package static var advertisedVersions: ClosedRange<Int16> { 0...13 }
    package static var firstFlexibleVersion: Int16? { 9 }
    package static var lastVersionByName: Int16 { 12 }

    package var transactionalID: String?
    /// -1: all replicas in sync; 1: the leader; 0: no response at all.
    package var acknowledgements: Int16
    package var timeoutMilliseconds: Int32
    package var topics: [Topic]

    package init(
        transactionalID: String? = nil, acknowledgements: Int16 = -1, timeoutMilliseconds: Int32 = 30_000,
        topics: [Topic] = []
    ) {
        self.transactionalID = transactionalID
        self.acknowledgements = acknowledgements
        self.timeoutMilliseconds = timeoutMilliseconds
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ProduceRequest.isFlexible(version)
        transactionalID = try reader.nullableString(flexible: flexible)
        acknowledgements = try reader.integer()
        timeoutMilliseconds = try reader.integer()
        topics = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ProduceRequest.isFlexible(version)
        writer.nullableString(transactionalID, flexible: flexible)
        writer.integer(acknowledgements)
        writer.integer(timeoutMilliseconds)
        writer.messages(topics, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The batches for one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Before version 13; else empty.
        package var name: String
        /// From version 13.
        package var id: TopicID
        package var partitions: [Partition]

        package init(name: String, id: TopicID = .zero, partitions: [Partition] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ProduceRequest.isFlexible(version)
            name = try version < 13 ? reader.string(flexible: flexible) : ""
            id = try version >= 13 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ProduceRequest.isFlexible(version)
            if version < 13 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// The batch for one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        /// One or more record batches as they came over the wire, a slice of the message.
        package var records: ByteBuffer?

        package init(index: Int32, records: ByteBuffer?) {
            self.index = index
            self.records = records
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ProduceRequest.isFlexible(version)
            index = try reader.integer()
            records = try reader.nullableBytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ProduceRequest.isFlexible(version)
            writer.integer(index)
            writer.nullableBytes(records, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each batch.
package struct ProduceResponse: KafkaMessage, Equatable {
    package var topics: [Topic]
    package var throttleMilliseconds: Int32
    /// Where the leaders named in `currentLeader` are.
    package var nodeEndpoints: [NodeEndpoint]

    package init(topics: [Topic] = [], throttleMilliseconds: Int32 = 0, nodeEndpoints: [NodeEndpoint] = []) {
        self.topics = topics
        self.throttleMilliseconds = throttleMilliseconds
        self.nodeEndpoints = nodeEndpoints
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ProduceRequest.isFlexible(version)
        topics = try reader.messages(flexible: flexible, version: version)
        throttleMilliseconds = try reader.integer()
        nodeEndpoints = []
        try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
            switch tag {
            case 0 where version >= 10: nodeEndpoints = try reader.messages(flexible: flexible, version: version)
            default: break
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ProduceRequest.isFlexible(version)
        writer.messages(topics, flexible: flexible, version: version)
        writer.integer(throttleMilliseconds)
        var tagged = TaggedFields()
        if version >= 10, !nodeEndpoints.isEmpty {
            tagged.add(0) { writer in writer.messages(nodeEndpoints, flexible: flexible, version: version) }
        }
        writer.taggedFields(flexible: flexible, tagged)
    }

    /// What became of the batches for one topic.
    package struct Topic: KafkaMessage, Equatable {
        /// Before version 13; else empty.
        package var name: String
        /// From version 13.
        package var id: TopicID
        package var partitions: [Partition]

        package init(name: String, id: TopicID = .zero, partitions: [Partition] = []) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ProduceRequest.isFlexible(version)
            name = try version < 13 ? reader.string(flexible: flexible) : ""
            id = try version >= 13 ? reader.uuid() : .zero
            partitions = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ProduceRequest.isFlexible(version)
            if version < 13 { writer.string(name, flexible: flexible) } else { writer.uuid(id) }
            writer.messages(partitions, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// What became of the batch for one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        /// Of the first record; -1 with an error.
        package var baseOffset: Offset
        /// Where the topic stamps records itself; else -1.
        package var logAppendTime: Timestamp
        package var logStartOffset: Offset
        package var recordErrors: [RecordError]
        package var errorMessage: String?
        package var currentLeader: LeaderIDAndEpoch?

        package init(
            index: Int32, errorCode: ErrorCode = .none, baseOffset: Offset = Offset(-1),
            logAppendTime: Timestamp = .none, logStartOffset: Offset = Offset(-1), recordErrors: [RecordError] = [],
            errorMessage: String? = nil, currentLeader: LeaderIDAndEpoch? = nil
        ) {
            self.index = index
            self.errorCode = errorCode
            self.baseOffset = baseOffset
            self.logAppendTime = logAppendTime
            self.logStartOffset = logStartOffset
            self.recordErrors = recordErrors
            self.errorMessage = errorMessage
            self.currentLeader = currentLeader
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ProduceRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            baseOffset = try reader.offset()
            logAppendTime = try reader.timestamp()
            logStartOffset = try version >= 5 ? reader.offset() : Offset(-1)
            recordErrors = try version >= 8 ? reader.messages(flexible: flexible, version: version) : []
            errorMessage = try version >= 8 ? reader.nullableString(flexible: flexible) : nil
            currentLeader = nil
            try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
                switch tag {
                case 0 where version >= 10: currentLeader = try LeaderIDAndEpoch(from: &reader, version: version)
                default: break
                }
            }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ProduceRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.offset(baseOffset)
            writer.timestamp(logAppendTime)
            if version >= 5 { writer.offset(logStartOffset) }
            if version >= 8 { writer.messages(recordErrors, flexible: flexible, version: version) }
            if version >= 8 { writer.message(errorMessage, flexible: flexible) }
            var tagged = TaggedFields()
            if version >= 10, let currentLeader {
                tagged.add(0) { writer in currentLeader.write(to: &writer, version: version) }
            }
            writer.taggedFields(flexible: flexible, tagged)
        }
    }

    /// A record that made the whole batch be refused (KIP-467).
    package struct RecordError: KafkaMessage, Equatable {
        /// The record's position in its batch.
        package var batchIndex: Int32
        package var message: String?

        package init(batchIndex: Int32, message: String? = nil) {
            self.batchIndex = batchIndex
            self.message = message
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ProduceRequest.isFlexible(version)
            batchIndex = try reader.integer()
            message = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ProduceRequest.isFlexible(version)
            writer.integer(batchIndex)
            writer.message(message, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
