package import NIOCore
internal import Primitives

/// Puts a message together, field by field.
package struct WireWriter {
    package private(set) var buffer: ByteBuffer

    package init(_ buffer: ByteBuffer = ByteBuffer()) {
        self.buffer = buffer
    }

    package mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) { buffer.writeInteger(value) }

    package mutating func boolean(_ value: Bool) { buffer.writeInteger(UInt8(value ? 1 : 0)) }

    package mutating func double(_ value: Double) { buffer.writeInteger(value.bitPattern) }

    package mutating func uuid(_ id: TopicID) {
        buffer.writeInteger(id.high)
        buffer.writeInteger(id.low)
    }

    package mutating func unsignedVarint(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }

    /// A string of at most 32767 bytes of UTF-8 where the length is an int16.
    package mutating func nullableString(_ value: String?, flexible: Bool) {
        guard let value else { return null(flexible: flexible, short: true) }
        length(value.utf8.count, flexible: flexible, short: true)
        buffer.writeString(value)
    }

    package mutating func string(_ value: String, flexible: Bool) { nullableString(value, flexible: flexible) }

    package mutating func nullableBytes(_ value: ByteBuffer?, flexible: Bool) {
        guard let value else { return null(flexible: flexible, short: false) }
        length(value.readableBytes, flexible: flexible, short: false)
        buffer.writeImmutableBuffer(value)
    }

    package mutating func bytes(_ value: ByteBuffer, flexible: Bool) { nullableBytes(value, flexible: flexible) }

    package mutating func nullableArray<Element>(
        _ elements: [Element]?, flexible: Bool, _ write: (inout WireWriter, Element) -> Void
    ) {
        guard let elements else { return null(flexible: flexible, short: false) }
        length(elements.count, flexible: flexible, short: false)
        for element in elements { write(&self, element) }
    }

    package mutating func array<Element>(
        _ elements: [Element], flexible: Bool, _ write: (inout WireWriter, Element) -> Void
    ) {
        nullableArray(elements, flexible: flexible, write)
    }

    /// An empty section of tagged fields.
    package mutating func noTaggedFields(flexible: Bool) {
        if flexible { unsignedVarint(0) }
    }

    package mutating func taggedFields(flexible: Bool, _ section: TaggedFields) {
        guard flexible else { return }
        unsignedVarint(UInt32(section.fields.count))
        for field in section.fields {
            unsignedVarint(field.tag)
            unsignedVarint(UInt32(field.content.buffer.readableBytes))
            buffer.writeImmutableBuffer(field.content.buffer)
        }
    }

    private mutating func length(_ count: Int, flexible: Bool, short: Bool) {
        if flexible {
            unsignedVarint(UInt32(count) + 1)
        } else if short {
            precondition(count <= Int16.max, "BUG: a string of \(count) bytes does not fit its length field")
            integer(Int16(count))
        } else {
            integer(Int32(count))
        }
    }

    private mutating func null(flexible: Bool, short: Bool) {
        if flexible {
            unsignedVarint(0)
        } else if short {
            integer(Int16(-1))
        } else {
            integer(Int32(-1))
        }
    }
}
