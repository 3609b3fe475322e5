// ExpireDelegationToken, key 40: versions 0 to 2, flexible from 2 (KIP-48).
//
// Version 1 changes no field.

package import NIOCore

/// Asks to let a token end.
package struct ExpireDelegationTokenRequest: KafkaRequest, Equatable {
    package typealias Response = ExpireDelegationTokenResponse

    package static var key: APIKey { .expireDelegationToken }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }

    /// The token's.
    package var hmac: ByteBuffer
    /// From now on; negative: at once.
    package var expiryPeriodMilliseconds: Int64

    package init(hmac: ByteBuffer, expiryPeriodMilliseconds: Int64) {
        self.hmac = hmac
        self.expiryPeriodMilliseconds = expiryPeriodMilliseconds
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = ExpireDelegationTokenRequest.isFlexible(version)
        hmac = try reader.bytes(flexible: flexible)
        expiryPeriodMilliseconds = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = ExpireDelegationTokenRequest.isFlexible(version)
        writer.bytes(hmac, flexible: flexible)
        writer.integer(expiryPeriodMilliseconds)
        writer.noTaggedFields(flexible: flexible)
    }
}

/// When the token ends. Version by version the same bytes.
package typealias ExpireDelegationTokenResponse = RenewDelegationTokenResponse
