// DescribeUserScramCredentials, key 50: version 0, flexible (KIP-554).

/// Asks which passwords users have: their kinds, not the passwords.
package struct DescribeUserSCRAMCredentialsRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeUserSCRAMCredentialsResponse

    package static var key: APIKey { .describeUserSCRAMCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }

    /// nil or empty: all.
    package var users: [User]?

    package init(users: [User]? = nil) {
        self.users = users
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
        users = try reader.nullableMessages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
        writer.nullableMessages(users, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A user asked about.
    package struct User: KafkaMessage, Equatable {
        package var name: String

        package init(name: String) {
            self.name = name
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            name = try reader.string(flexible: flexible)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            writer.string(name, flexible: flexible)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// Which passwords users have.
package struct DescribeUserSCRAMCredentialsResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var results: [Result]

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil,
        results: [Result] = []
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        results = try reader.messages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        writer.messages(results, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }

    /// The passwords of one user.
    package struct Result: KafkaMessage, Equatable {
        package var user: String
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var credentials: [Credential]

        package init(
            user: String, errorCode: ErrorCode = .none, errorMessage: String? = nil, credentials: [Credential] = []
        ) {
            self.user = user
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.credentials = credentials
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            user = try reader.string(flexible: flexible)
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString(flexible: flexible)
            credentials = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            writer.string(user, flexible: flexible)
            writer.errorCode(errorCode)
            writer.message(errorMessage, flexible: flexible)
            writer.messages(credentials, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }

    /// A password.
    package struct Credential: KafkaMessage, Equatable {
        package var mechanism: SCRAMMechanism
        package var iterations: Int32

        package init(mechanism: SCRAMMechanism, iterations: Int32) {
            self.mechanism = mechanism
            self.iterations = iterations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            mechanism = try SCRAMMechanism(rawValue: reader.integer())
            iterations = try reader.integer()
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeUserSCRAMCredentialsRequest.isFlexible(version)
            writer.integer(mechanism.rawValue)
            writer.integer(iterations)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}

/// How a password is proven (RFC 5802, RFC 7677). A value that is not among the named ones is kept as it came.
package struct SCRAMMechanism: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int8

    package init(rawValue: Int8) { self.rawValue = rawValue }

    package static let unknown = SCRAMMechanism(rawValue: 0)
    package static let sha256 = SCRAMMechanism(rawValue: 1)
    package static let sha512 = SCRAMMechanism(rawValue: 2)
}
