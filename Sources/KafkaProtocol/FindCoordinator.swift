// FindCoordinator, key 10: versions 0 to 6, flexible from 3.
//
// 1  key types, throttle time and error messages
// 4  many keys at once (KIP-699)
// 6  allows keys of share groups (KIP-932)
//
// Versions 2 and 5 change no field.

/// Asks which broker coordinates groups or transactions.
package struct FindCoordinatorRequest: KafkaRequest, Equatable {
    package typealias Response = FindCoordinatorResponse

    package static var key: APIKey { .findCoordinator }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 3 }

    package var keyType: KeyType
    /// Exactly one up to version 3.
    package var keys: [String]

    package init(keyType: KeyType = .group, keys: [String] = []) {
        self.keyType = keyType
        self.keys = keys
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = FindCoordinatorRequest.isFlexible(version)
        let key = try version <= 3 ? reader.string(flexible: flexible) : nil
        keyType = try version >= 1 ? KeyType(rawValue: reader.integer()) : .group
        keys = if let key { [key] } else { try reader.strings(flexible: flexible) }
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = FindCoordinatorRequest.isFlexible(version)
        if version <= 3 {
            precondition(keys.count == 1, "BUG: version \(version) asks for one coordinator, not for \(keys.count)")
            writer.string(keys[0], flexible: flexible)
        }
        if version >= 1 { writer.integer(keyType.rawValue) }
        if version >= 4 { writer.strings(keys, flexible: flexible) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// What kind of thing is coordinated. A value that is not among the named ones is kept as it came.
    package struct KeyType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int8

        package init(rawValue: Int8) { self.rawValue = rawValue }

        package static let group = KeyType(rawValue: 0)
        package static let transaction = KeyType(rawValue: 1)
        package static let share = KeyType(rawValue: 2)
    }
}

/// Who coordinates each key.
package struct FindCoordinatorResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    /// One per key; up to version 3 there is one, and its key is empty.
    package var coordinators: [Coordinator]

    package init(throttleMilliseconds: Int32 = 0, coordinators: [Coordinator] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.coordinators = coordinators
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = FindCoordinatorRequest.isFlexible(version)
        throttleMilliseconds = try version >= 1 ? reader.integer() : 0
        coordinators =
            if version >= 4 {
                try reader.messages(flexible: flexible, version: version)
            } else {
                [try Coordinator(from: &reader, version: version)]
            }
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = FindCoordinatorRequest.isFlexible(version)
        if version >= 1 { writer.integer(throttleMilliseconds) }
        if version >= 4 {
            writer.messages(coordinators, flexible: flexible, version: version)
        } else {
            precondition(
                coordinators.count == 1, "BUG: \(coordinators.count) answers to a question for one coordinator")
            coordinators[0].write(to: &writer, version: version)
        }
        writer.noTaggedFields(flexible: flexible)
    }

    /// Who coordinates a key.
    package struct Coordinator: KafkaMessage, Equatable {
        package var key: String
        package var nodeID: Int32
        package var host: String
        package var port: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            key: String, nodeID: Int32 = -1, host: String = "", port: Int32 = -1, errorCode: ErrorCode = .none,
            errorMessage: String? = nil
        ) {
            self.key = key
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = FindCoordinatorRequest.isFlexible(version)
            guard version >= 4 else {
                // Here the fields stand in the response itself, in another order.
                key = ""
                errorCode = try reader.errorCode()
                errorMessage = try version >= 1 ? reader.nullableString(flexible: flexible) : nil
                nodeID = try reader.integer()
                host = try reader.string(flexible: flexible)
                port = try reader.integer()
                return
            }
            key = try reader.string(flexible: flexible)
            nodeID = try reader.integer()
            host = try reader.string(flexible: flexible)
            port = try reader.integer()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = FindCoordinatorRequest.isFlexible(version)
            guard version >= 4 else {
                writer.errorCode(errorCode)
                if version >= 1 { writer.message(errorMessage, flexible: flexible) }
                writer.integer(nodeID)
                writer.string(host, flexible: flexible)
                writer.integer(port)
                return
            }
            writer.string(key, flexible: flexible)
            writer.integer(nodeID)
            writer.string(host, flexible: flexible)
            writer.integer(port)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
