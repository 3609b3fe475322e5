// ListTransactions, key 66: versions 0 to 2, flexible from 0 (KIP-664).
//
// 1  by how long they have been going on (KIP-994)
// 2  by a pattern of their ids (KIP-1152)

package import Primitives

/// Asks which transactions there are.
package struct ListTransactionsRequest: KafkaRequest, Equatable {
    package typealias Response = ListTransactionsResponse

    package static var key: APIKey { .listTransactions }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }

    /// Empty: in any state.
    package var states: [String]
    /// Empty: of any producer.
    package var producerIDs: [Int64]
    /// Only those that have been going on for longer; negative: all. From version 1.
    package var durationMilliseconds: Int64
    /// A regular expression; nil or empty: all. From version 2.
    package var idPattern: String?

    package init(
        states: [String] = [], producerIDs: [Int64] = [], durationMilliseconds: Int64 = -1, idPattern: String? = nil
    ) {
        self.states = states
        self.producerIDs = producerIDs
        self.durationMilliseconds = durationMilliseconds
        self.idPattern = idPattern
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListTransactionsRequest.isFlexible(version)
        states = try reader.strings(flexible: flexible)
        producerIDs = try reader.integers(flexible: flexible)
        durationMilliseconds = try version >= 1 ? reader.integer() : -1
        idPattern = try version >= 2 ? reader.nullableString(flexible: flexible) : nil
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListTransactionsRequest.isFlexible(version)
        writer.strings(states, flexible: flexible)
        writer.integers(producerIDs, flexible: flexible)
        if version >= 1 { writer.integer(durationMilliseconds) }
        if version >= 2 { writer.nullableString(idPattern, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The transactions.
package struct ListTransactionsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    /// What was asked for and is no state.
    package var unknownStates: [String]
    package var transactions: [Transaction]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, unknownStates: [String] = [],
        transactions: [Transaction] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.unknownStates = unknownStates
        self.transactions = transactions
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ListTransactionsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        unknownStates = try reader.strings(flexible: flexible)
        transactions = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ListTransactionsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.strings(unknownStates, flexible: flexible)
        writer.messages(transactions, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// One of them.
    package struct Transaction: KafkaMessage, Equatable {
        package var transactionalID: String
        package var producerID: ProducerID
        package var state: String

        package init(transactionalID: String, producerID: ProducerID, state: String) {
            self.transactionalID = transactionalID
            self.producerID = producerID
            self.state = state
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = ListTransactionsRequest.isFlexible(version)
            transactionalID = try reader.string(flexible: flexible)
            producerID = try reader.producerID()
            state = try reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = ListTransactionsRequest.isFlexible(version)
            writer.string(transactionalID, flexible: flexible)
            writer.producerID(producerID)
            writer.string(state, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
