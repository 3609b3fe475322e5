// AlterUserScramCredentials, key 51: version 0, flexible (KIP-554).

package import NIOCore

/// Sets and takes away passwords of users.
package struct AlterUserSCRAMCredentialsRequest: KafkaRequest, Equatable {
    package typealias Response = AlterUserSCRAMCredentialsResponse

    package static var key: APIKey { .alterUserSCRAMCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    /// librdkafka (2.16 is one) ends it with two empty sections of tagged fields; Kafka looks at no byte behind the first.
    package static var strayBytes: Int { 1 }

    package var deletions: [Deletion]
    package var upsertions: [Upsertion]

    package init(deletions: [Deletion] = [], upsertions: [Upsertion] = []) {
        self.deletions = deletions
        self.upsertions = upsertions
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
        deletions = try reader.messages(flexible: flexible, version: version)
        upsertions = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
        writer.messages(deletions, flexible: flexible, version: version)
        writer.messages(upsertions, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A password to take away.
    package struct Deletion: KafkaMessage, Equatable {
        package var name: String
        package var mechanism: SCRAMMechanism

        package init(name: String, mechanism: SCRAMMechanism) {
            self.name = name
            self.mechanism = mechanism
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            mechanism = try SCRAMMechanism(rawValue: reader.integer())
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(mechanism.rawValue)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A password to set. The client salts and hashes it; itself it never comes over the wire.
    package struct Upsertion: KafkaMessage, Equatable {
        package var name: String
        package var mechanism: SCRAMMechanism
        package var iterations: Int32
        package var salt: ByteBuffer
        package var saltedPassword: ByteBuffer

        package init(
            name: String, mechanism: SCRAMMechanism, iterations: Int32, salt: ByteBuffer, saltedPassword: ByteBuffer
        ) {
            self.name = name
            self.mechanism = mechanism
            self.iterations = iterations
            self.salt = salt
            self.saltedPassword = saltedPassword
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            mechanism = try SCRAMMechanism(rawValue: reader.integer())
            iterations = try reader.integer()
            salt = try reader.bytes(flexible: flexible)
            saltedPassword = try reader.bytes(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.integer(mechanism.rawValue)
            writer.integer(iterations)
            writer.bytes(salt, flexible: flexible)
            writer.bytes(saltedPassword, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each user's.
package struct AlterUserSCRAMCredentialsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var results: [Result]

    package init(throttleMilliseconds: Int32 = 0, results: [Result] = []) {
        self.throttleMilliseconds = throttleMilliseconds
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// What became of one user's.
    package struct Result: KafkaMessage, Equatable {
        package var user: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(user: String, errorCode: ErrorCode = .none, errorMessage: String? = nil) {
            self.user = user
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            user = try reader.string(flexible: flexible)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = AlterUserSCRAMCredentialsRequest.isFlexible(version)
            writer.string(user, flexible: flexible)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
