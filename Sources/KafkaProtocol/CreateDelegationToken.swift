// CreateDelegationToken, key 38: versions 0 to 3, flexible from 2 (KIP-48).
//
// 3  an owner other than who asks (KIP-373)
//
// Version 1 changes no field.

package import NIOCore
package import Primitives

/// Asks for a token that stands for a password.
package struct CreateDelegationTokenRequest: KafkaRequest, Equatable {
    package typealias Response = CreateDelegationTokenResponse

    package static var key: APIKey { .createDelegationToken }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    /// nil, or empty: who asks. From version 3.
    package var ownerType: String?
    /// From version 3.
    package var ownerName: String?
    package var renewers: [TokenPrincipal]
    /// -1: the server decides.
    package var maxLifetimeMilliseconds: Int64

    package init(
        ownerType: String? = nil, ownerName: String? = nil, renewers: [TokenPrincipal] = [],
        maxLifetimeMilliseconds: Int64 = -1
    ) {
        self.ownerType = ownerType
        self.ownerName = ownerName
        self.renewers = renewers
        self.maxLifetimeMilliseconds = maxLifetimeMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        ownerType = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
        ownerName = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
        renewers = try reader.messages(flexible: flexible, version: version)
        maxLifetimeMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        if version >= 3 { writer.nullableString(ownerType, flexible: flexible) }
        if version >= 3 { writer.nullableString(ownerName, flexible: flexible) }
        writer.messages(renewers, flexible: flexible, version: version)
        writer.integer(maxLifetimeMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The token.
package struct CreateDelegationTokenResponse: KafkaMessage, Equatable {
    package var errorCode: ErrorCode
    package var ownerType: String
    package var ownerName: String
    /// From version 3.
    package var requesterType: String
    /// From version 3.
    package var requesterName: String
    package var issued: Timestamp
    package var expiry: Timestamp
    package var maxExpiry: Timestamp
    package var tokenID: String
    package var hmac: ByteBuffer
    package var throttleMilliseconds: Int32

    package init(
        errorCode: ErrorCode = .none, ownerType: String, ownerName: String, requesterType: String = "",
        requesterName: String = "", issued: Timestamp = .none, expiry: Timestamp = .none, maxExpiry: Timestamp = .none,
        tokenID: String = "", hmac: ByteBuffer = ByteBuffer(), throttleMilliseconds: Int32 = 0
    ) {
        self.errorCode = errorCode
        self.ownerType = ownerType
        self.ownerName = ownerName
        self.requesterType = requesterType
        self.requesterName = requesterName
        self.issued = issued
        self.expiry = expiry
        self.maxExpiry = maxExpiry
        self.tokenID = tokenID
        self.hmac = hmac
        self.throttleMilliseconds = throttleMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        errorCode = try reader.errorCode()
        ownerType = try reader.string(flexible: flexible)
        ownerName = try reader.string(flexible: flexible)
        requesterType = try version >= 3 ? reader.string(flexible: flexible) : ""
        requesterName = try version >= 3 ? reader.string(flexible: flexible) : ""
        issued = try reader.timestamp()
        expiry = try reader.timestamp()
        maxExpiry = try reader.timestamp()
        tokenID = try reader.string(flexible: flexible)
        hmac = try reader.bytes(flexible: flexible)
        throttleMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        writer.errorCode(errorCode)
        writer.string(ownerType, flexible: flexible)
        writer.string(ownerName, flexible: flexible)
        if version >= 3 { writer.string(requesterType, flexible: flexible) }
        if version >= 3 { writer.string(requesterName, flexible: flexible) }
        writer.timestamp(issued)
        writer.timestamp(expiry)
        writer.timestamp(maxExpiry)
        writer.string(tokenID, flexible: flexible)
        writer.bytes(hmac, flexible: flexible)
        writer.integer(throttleMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// Whom a token is about, in CreateDelegationToken and DescribeDelegationToken, whose versions are the same.
package struct TokenPrincipal: KafkaMessage, Equatable {
    package var type: String
    package var name: String

    package init(type: String, name: String) {
        self.type = type
        self.name = name
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        type = try reader.string(flexible: flexible)
        name = try reader.string(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = CreateDelegationTokenRequest.isFlexible(version)
        writer.string(type, flexible: flexible)
        writer.string(name, flexible: flexible)
        writer.noTaggedFields(flexible: flexible)
    }
}
