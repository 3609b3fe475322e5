// InitProducerId, key 22: versions 0 to 5, flexible from 2.
//
// 3  the producer's id and epoch, to go on with (KIP-360)
//
// Versions 1, 4 and 5 change no field: they promise that the client knows more error codes.

package import Primitives

/// Asks for a producer id (KIP-98).
package struct InitProducerIDRequest: KafkaRequest, Equatable {
    package typealias Response = InitProducerIDResponse

    package static var key: APIKey { .initProducerID }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 2 }

    package var transactionalID: String?
    package var transactionTimeoutMilliseconds: Int32
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch

    package init(
        transactionalID: String? = nil, transactionTimeoutMilliseconds: Int32 = .max, producerID: ProducerID = .none,
        producerEpoch: ProducerEpoch = .none
    ) {
        self.transactionalID = transactionalID
        self.transactionTimeoutMilliseconds = transactionTimeoutMilliseconds
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = InitProducerIDRequest.isFlexible(version)
        transactionalID = try reader.nullableString(flexible: flexible)
        transactionTimeoutMilliseconds = try reader.integer()
        producerID = try version >= 3 ? reader.producerID() : .none
        producerEpoch = try version >= 3 ? reader.producerEpoch() : .none
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = InitProducerIDRequest.isFlexible(version)
        writer.nullableString(transactionalID, flexible: flexible)
        writer.integer(transactionTimeoutMilliseconds)
        if version >= 3 { writer.producerID(producerID) }
        if version >= 3 { writer.producerEpoch(producerEpoch) }
        writer.noTaggedFields(flexible: flexible)
    }
}

/// A producer id.
package struct InitProducerIDResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, producerID: ProducerID = .none,
        producerEpoch: ProducerEpoch = .none
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = InitProducerIDRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        producerID = try reader.producerID()
        producerEpoch = try reader.producerEpoch()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = InitProducerIDRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.producerID(producerID)
        writer.producerEpoch(producerEpoch)
        writer.noTaggedFields(flexible: flexible)
    }
}
