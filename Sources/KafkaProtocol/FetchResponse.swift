package import NIOCore
package import Primitives

/// The record batches read.
package struct FetchResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var sessionID: Int32
    package var topics: [Topic]
    /// Where the leaders named in `currentLeader` are.
    package var nodeEndpoints: [NodeEndpoint]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, sessionID: Int32 = 0, topics: [Topic] = [],
        nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.sessionID = sessionID
        self.topics = topics
        self.nodeEndpoints = nodeEndpoints
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = FetchRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try version >= 7 ? reader.errorCode() : .none
        sessionID = try version >= 7 ? reader.integer() : 0
        topics = try reader.messages(flexible: flexible, version: version)
        nodeEndpoints = []
        try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
            switch tag {
            case 0 where version >= 16: nodeEndpoints = try reader.messages(flexible: flexible, version: version)
            default: break
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = FetchRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        if version >= 7 { writer.errorCode(errorCode) }
        if version >= 7 { writer.integer(sessionID) }
        writer.messages(topics, flexible: flexible, version: version)
        var tagged = TaggedFields()
        if version >= 16, !nodeEndpoints.isEmpty {
            tagged.add(0) { writer in writer.messages(nodeEndpoints, flexible: flexible, version: version) }
        }
        writer.taggedFields(flexible: flexible, tagged)
    }

    /// What was read of one topic.
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

    /// What was read of one partition.
    package struct Partition: KafkaMessage, Equatable {
        package var index: Int32
        package var errorCode: ErrorCode
        package var highWatermark: Offset
        package var lastStableOffset: Offset
        package var logStartOffset: Offset
        /// Where the log of who asks left ours.
        package var divergingEpoch: EpochEndOffset?
        package var currentLeader: LeaderIDAndEpoch?
        package var snapshotID: SnapshotID?
        /// nil where nothing committed was asked for.
        package var abortedTransactions: [AbortedTransaction]?
        package var preferredReadReplica: Int32
        /// Whole record batches; the last may be cut short. Empty, not nil, in every answer of a broker, an error's too:
        /// librdkafka takes nil for a damaged answer, and never gets to the error.
        package var records: ByteBuffer?

        package init(
            index: Int32, errorCode: ErrorCode = .none, highWatermark: Offset = Offset(-1),
            lastStableOffset: Offset = Offset(-1), logStartOffset: Offset = Offset(-1),
            divergingEpoch: EpochEndOffset? = nil, currentLeader: LeaderIDAndEpoch? = nil,
            snapshotID: SnapshotID? = nil, abortedTransactions: [AbortedTransaction]? = nil,
            preferredReadReplica: Int32 = -1, records: ByteBuffer?
        ) {
            self.index = index
            self.errorCode = errorCode
            self.highWatermark = highWatermark
            self.lastStableOffset = lastStableOffset
            self.logStartOffset = logStartOffset
            self.divergingEpoch = divergingEpoch
            self.currentLeader = currentLeader
            self.snapshotID = snapshotID
            self.abortedTransactions = abortedTransactions
            self.preferredReadReplica = preferredReadReplica
            self.records = records
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            index = try reader.integer()
            errorCode = try reader.errorCode()
            highWatermark = try reader.offset()
            lastStableOffset = try reader.offset()
            logStartOffset = try version >= 5 ? reader.offset() : Offset(-1)
            divergingEpoch = nil
            currentLeader = nil
            snapshotID = nil
            abortedTransactions = try reader.nullableMessages(flexible: flexible, version: version)
            preferredReadReplica = try version >= 11 ? reader.integer() : -1
            records = try reader.nullableBytes(flexible: flexible)
            try reader.taggedFields(flexible: flexible) { tag, reader throws(WireError) in
                switch tag {
                case 0: divergingEpoch = try EpochEndOffset(from: &reader, version: version)
                case 1: currentLeader = try LeaderIDAndEpoch(from: &reader, version: version)
                case 2: snapshotID = try SnapshotID(from: &reader, version: version)
                default: break
                }
            }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            writer.integer(index)
            writer.errorCode(errorCode)
            writer.offset(highWatermark)
            writer.offset(lastStableOffset)
            if version >= 5 { writer.offset(logStartOffset) }
            writer.nullableMessages(abortedTransactions, flexible: flexible, version: version)
            if version >= 11 { writer.integer(preferredReadReplica) }
            writer.nullableBytes(records, flexible: flexible)
            var tagged = TaggedFields()
            if let divergingEpoch { tagged.add(0) { writer in divergingEpoch.write(to: &writer, version: version) } }
            if let currentLeader { tagged.add(1) { writer in currentLeader.write(to: &writer, version: version) } }
            if let snapshotID { tagged.add(2) { writer in snapshotID.write(to: &writer, version: version) } }
            writer.taggedFields(flexible: flexible, tagged)
        }
    }

    /// The end of a leader epoch.
    package struct EpochEndOffset: KafkaMessage, Equatable {
        package var epoch: LeaderEpoch
        package var endOffset: Offset

        package init(epoch: LeaderEpoch = .unknown, endOffset: Offset = Offset(-1)) {
            self.epoch = epoch
            self.endOffset = endOffset
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            epoch = try reader.leaderEpoch()
            endOffset = try reader.offset()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            writer.leaderEpoch(epoch)
            writer.offset(endOffset)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A snapshot to read in place of the log (KIP-630).
    package struct SnapshotID: KafkaMessage, Equatable {
        package var endOffset: Offset
        package var epoch: LeaderEpoch

        package init(endOffset: Offset = Offset(-1), epoch: LeaderEpoch = .unknown) {
            self.endOffset = endOffset
            self.epoch = epoch
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            endOffset = try reader.offset()
            epoch = try reader.leaderEpoch()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            writer.offset(endOffset)
            writer.leaderEpoch(epoch)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A transaction whose records must be skipped.
    package struct AbortedTransaction: KafkaMessage, Equatable {
        package var producerID: ProducerID
        package var firstOffset: Offset

        package init(producerID: ProducerID, firstOffset: Offset) {
            self.producerID = producerID
            self.firstOffset = firstOffset
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FetchRequest.isFlexible(version)
            producerID = try reader.producerID()
            firstOffset = try reader.offset()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FetchRequest.isFlexible(version)
            writer.producerID(producerID)
            writer.offset(firstOffset)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
