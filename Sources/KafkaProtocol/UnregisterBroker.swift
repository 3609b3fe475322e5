// UnregisterBroker, key 64: version 0, flexible (KIP-500).

/// Takes a broker out of the cluster for good.
package struct UnregisterBrokerRequest: KafkaRequest, Equatable {
    package typealias Response = UnregisterBrokerResponse

    package static var key: APIKey { .unregisterBroker }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var brokerID: Int32

    package init(brokerID: Int32) {
        self.brokerID = brokerID
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = UnregisterBrokerRequest.isFlexible(version)
        brokerID = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = UnregisterBrokerRequest.isFlexible(version)
        writer.integer(brokerID)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// What became of that.
package struct UnregisterBrokerResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?

    package init(throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = UnregisterBrokerRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = UnregisterBrokerRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}
