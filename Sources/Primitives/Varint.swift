/// Variable-length integers as Kafka's records and flexible messages use them: seven bits a byte, least significant
/// first, the top bit set on all but the last; signed ones zigzag-encoded.
///
/// Source: Apache Kafka, `org.apache.kafka.common.utils.ByteUtils`.
package enum Varint {
    /// The most bytes that a 32-bit and a 64-bit value take.
    package static let maximumLength32 = 5
    package static let maximumLength64 = 10

    @inlinable @inline(__always)
    package static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    @inlinable @inline(__always)
    package static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// How many bytes an unsigned value takes.
    @inlinable @inline(__always)
    package static func length(unsigned value: UInt64) -> Int {
        // Seven bits a byte, at least one byte: ceil(bits / 7).
        (63 - (value | 1).leadingZeroBitCount) / 7 + 1
    }

    /// How many bytes a signed value takes.
    @inlinable @inline(__always)
    package static func length(signed value: Int64) -> Int {
        length(unsigned: zigzag(value))
    }

    /// Reads an unsigned value at `position` and moves `position` behind it.
    ///
    /// - Returns: nil where the bytes end early or the value does not fit 64 bits; `position` is then unspecified.
    @inlinable
    package static func readUnsigned(_ bytes: RawSpan, at position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.byteCount {
            let byte = bytes.byte(at: position)
            position += 1
            if shift == 63 && byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }

    /// Reads a zigzag-encoded value at `position` and moves `position` behind it; nil as for `readUnsigned`.
    package static func readSigned(_ bytes: RawSpan, at position: inout Int) -> Int64? {
        readUnsigned(bytes, at: &position).map(unzigzag)
    }
}

extension Array where Element == UInt8 {
    package mutating func appendVarint(unsigned value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    package mutating func appendVarint(signed value: Int64) {
        appendVarint(unsigned: Varint.zigzag(value))
    }
}
