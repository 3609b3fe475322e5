internal import CCRC32C

/// CRC-32C (Castagnoli), the checksum of Kafka's record batches and of our own journals.
///
/// Source: RFC 3720, appendix B.4. The CPU's instruction is used where there is one.
package struct CRC32C: Sendable {
    /// The checksum of everything fed so far.
    package private(set) var value: UInt32

    /// Starts with nothing fed, or goes on from an earlier `value`.
    package init(continuing value: UInt32 = 0) {
        self.value = value
    }

    package mutating func update(_ bytes: RawSpan) {
        value = unsafe bytes.withUnsafeBytes { unsafe tributary_crc32c(value, $0.baseAddress, $0.count) }
    }

    package static func of(_ bytes: RawSpan) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(bytes)
        return checksum.value
    }
}
