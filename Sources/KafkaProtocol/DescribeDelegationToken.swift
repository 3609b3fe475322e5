// DescribeDelegationToken, key 41: versions 0 to 3, flexible from 2 (KIP-48).
//
// 3  who asked for a token (KIP-373)
//
// Version 1 changes no field.

package import NIOCore
package import Primitives

/// Asks which tokens there are.
package struct DescribeDelegationTokenRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeDelegationTokenResponse

    package static var key: APIKey { .describeDelegationToken }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var firstFlexibleVersion: Int16? { 2 }

    /// nil: of anybody.
    package var owners: [TokenPrincipal]?

    package init(owners: [TokenPrincipal]? = nil) {
        self.owners = owners
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeDelegationTokenRequest.isFlexible(version)
        owners = try reader.nullableMessages(flexible: flexible, version: version)
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeDelegationTokenRequest.isFlexible(version)
        writer.nullableMessages(owners, flexible: flexible, version: version)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// The tokens.
package struct DescribeDelegationTokenResponse: KafkaMessage, Equatable {
    package var errorCode: ErrorCode
    package var tokens: [Token]
    package var throttleMilliseconds: Int32

    package init(errorCode: ErrorCode = .none, tokens: [Token] = [], throttleMilliseconds: Int32 = 0) {
        self.errorCode = errorCode
        self.tokens = tokens
        self.throttleMilliseconds = throttleMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeDelegationTokenRequest.isFlexible(version)
        errorCode = try reader.errorCode()
        tokens = try reader.messages(flexible: flexible, version: version)
        throttleMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeDelegationTokenRequest.isFlexible(version)
        writer.errorCode(errorCode)
        writer.messages(tokens, flexible: flexible, version: version)
        writer.integer(throttleMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A token.
    package struct Token: KafkaMessage, Equatable {
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
        package var renewers: [TokenPrincipal]

        package init(
            ownerType: String, ownerName: String, requesterType: String = "", requesterName: String = "",
            issued: Timestamp, expiry: Timestamp, maxExpiry: Timestamp, tokenID: String, hmac: ByteBuffer,
            renewers: [TokenPrincipal] = []
        ) {
            self.ownerType = ownerType
            self.ownerName = ownerName
            self.requesterType = requesterType
            self.requesterName = requesterName
            self.issued = issued
            self.expiry = expiry
            self.maxExpiry = maxExpiry
            self.tokenID = tokenID
            self.hmac = hmac
            self.renewers = renewers
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeDelegationTokenRequest.isFlexible(version)
            ownerType = try reader.string(flexible: flexible)
            ownerName = try reader.string(flexible: flexible)
            requesterType = try version >= 3 ? reader.string(flexible: flexible) : ""
            requesterName = try version >= 3 ? reader.string(flexible: flexible) : ""
            issued = try reader.timestamp()
            expiry = try reader.timestamp()
            maxExpiry = try reader.timestamp()
            tokenID = try reader.string(flexible: flexible)
            hmac = try reader.bytes(flexible: flexible)
            renewers = try reader.messages(flexible: flexible, version: version)
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeDelegationTokenRequest.isFlexible(version)
            writer.string(ownerType, flexible: flexible)
            writer.string(ownerName, flexible: flexible)
            if version >= 3 { writer.string(requesterType, flexible: flexible) }
            if version >= 3 { writer.string(requesterName, flexible: flexible) }
            writer.timestamp(issued)
            writer.timestamp(expiry)
            writer.timestamp(maxExpiry)
            writer.string(tokenID, flexible: flexible)
            writer.bytes(hmac, flexible: flexible)
            writer.messages(renewers, flexible: flexible, version: version)
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
