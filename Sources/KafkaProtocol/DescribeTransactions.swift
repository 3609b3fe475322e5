// DescribeTransactions, key 65: version 0, flexible (KIP-664).

package import Primitives

/// Asks for the state of transactions.
package struct DescribeTransactionsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeTransactionsResponse

    package static var key: APIKey { .describeTransactions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var transactionalIDs: [String]

    package init(transactionalIDs: [String] = []) {
        self.transactionalIDs = transactionalIDs
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeTransactionsRequest.isFlexible(version)
        transactionalIDs = try reader.strings(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeTransactionsRequest.isFlexible(version)
        writer.strings(transactionalIDs, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The state of transactions.
package struct DescribeTransactionsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var states: [State]

    package init(throttleMilliseconds: Int32 = 0, states: [State] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.states = states
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeTransactionsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        states = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeTransactionsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(states, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The state of one.
    package struct State: KafkaMessage, Equatable {
        package var errorCode: ErrorCode
        package var transactionalID: String
        /// "Ongoing", for instance. Empty with an error.
        package var state: String
        package var timeoutMilliseconds: Int32
        package var start: Timestamp
        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        /// What has been written to, and has no end marker yet.
        package var topics: [Topic]

        package init(
            errorCode: ErrorCode = .none, transactionalID: String, state: String = "", timeoutMilliseconds: Int32 = 0,
            start: Timestamp = Timestamp(milliseconds: 0), producerID: ProducerID = ProducerID(0),
            producerEpoch: ProducerEpoch = ProducerEpoch(0), topics: [Topic] = []
        ) {
            self.errorCode = errorCode
            self.transactionalID = transactionalID
            self.state = state
            self.timeoutMilliseconds = timeoutMilliseconds
            self.start = start
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.topics = topics
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeTransactionsRequest.isFlexible(version)
            errorCode = try reader.errorCode()
            transactionalID = try reader.string(flexible: flexible)
            state = try reader.string(flexible: flexible)
            timeoutMilliseconds = try reader.integer()
            start = try reader.timestamp()
            producerID = try reader.producerID()
            producerEpoch = try reader.producerEpoch()
            topics = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTransactionsRequest.isFlexible(version)
            writer.errorCode(errorCode)
            writer.string(transactionalID, flexible: flexible)
            writer.string(state, flexible: flexible)
            writer.integer(timeoutMilliseconds)
            writer.timestamp(start)
            writer.producerID(producerID)
            writer.producerEpoch(producerEpoch)
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
            let flexible = DescribeTransactionsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            partitions = try reader.integers(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeTransactionsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integers(partitions, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
