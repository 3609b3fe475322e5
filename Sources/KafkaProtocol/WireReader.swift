package import NIOCore
internal import Primitives

/// Takes a message apart, field by field, checking every length against the bytes that are there.
package struct WireReader: Sendable {
    private var buffer: ByteBuffer
    private let start: Int
    /// How many array elements may still come, over all arrays.
    private var elementsLeft: Int

    /// - Parameter elementLimit: the most elements that the message's arrays may have together. An element of one byte
    ///   can take a hundred in memory, so the message's own size is too weak a bound for what strangers send.
    package init(_ buffer: ByteBuffer, elementLimit: Int = .max) {
        self.buffer = buffer
        self.start = buffer.readerIndex
        self.elementsLeft = elementLimit
    }

    /// How many bytes of the message have been read.
    package var position: Int { buffer.readerIndex - start }
    package var remaining: Int { buffer.readableBytes }

    package func fail(_ reason: WireError.Reason) -> WireError { WireError(reason, at: position) }

    package mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) throws(WireError)
        -> Integer
    {
        guard let value = buffer.readInteger(as: Integer.self) else { throw fail(.endOfMessage) }
        return value
    }

    package mutating func boolean() throws(WireError) -> Bool { try integer(UInt8.self) != 0 }

    package mutating func double() throws(WireError) -> Double {
        Double(bitPattern: try integer(UInt64.self))
    }

    package mutating func uuid() throws(WireError) -> TopicID {
        TopicID(high: try integer(UInt64.self), low: try integer(UInt64.self))
    }

    package mutating func unsignedVarint() throws(WireError) -> UInt32 {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 35, by: 7) {
            let byte = try integer(UInt8.self)
            if shift == 28 && byte > 0x0f { break }
            value |= UInt32(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw fail(.varintTooLong)
    }

    // MARK: Strings and bytes

    /// A string that may be null (int16 length, or compact), of at most 32767 bytes.
    package mutating func nullableString(flexible: Bool) throws(WireError) -> String? {
        guard let length = try nullableLength(flexible: flexible, short: true) else { return nil }
        guard let slice = buffer.readSlice(length: length) else { throw fail(.endOfMessage) }
        guard let text = String(validating: slice.readableBytesView, as: UTF8.self) else { throw fail(.invalidUTF8) }
        return text
    }

    package mutating func string(flexible: Bool) throws(WireError) -> String {
        guard let text = try nullableString(flexible: flexible) else { throw fail(.nullNotAllowed) }
        return text
    }

    /// Bytes that may be null (int32 length, or compact), as a slice of the message: nothing is copied.
    package mutating func nullableBytes(flexible: Bool) throws(WireError) -> ByteBuffer? {
        guard let length = try nullableLength(flexible: flexible, short: false) else { return nil }
        guard let slice = buffer.readSlice(length: length) else { throw fail(.endOfMessage) }
        return slice
    }

    package mutating func bytes(flexible: Bool) throws(WireError) -> ByteBuffer {
        guard let slice = try nullableBytes(flexible: flexible) else { throw fail(.nullNotAllowed) }
        return slice
    }

    // MARK: Arrays

    /// An array that may be null. No more elements are believed than the rest of the message could hold, at
    /// `minimumElementSize` bytes each.
    package mutating func nullableArray<Element>(
        flexible: Bool, minimumElementSize: Int = 1,
        _ element: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element]? {
        guard let count = try nullableLength(flexible: flexible, short: false) else { return nil }
        guard count <= remaining / max(1, minimumElementSize) else { throw fail(.lengthOutOfRange(Int64(count))) }
        guard count <= elementsLeft else { throw fail(.tooManyElements) }
        elementsLeft -= count
        var elements: [Element] = []
        // Growing as elements really arrive bounds the memory by the message's own size.
        elements.reserveCapacity(min(count, 1024))
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }

    package mutating func array<Element>(
        flexible: Bool, minimumElementSize: Int = 1,
        _ element: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        guard
            let elements = try nullableArray(flexible: flexible, minimumElementSize: minimumElementSize, element)
        else { throw fail(.nullNotAllowed) }
        return elements
    }

    // MARK: Tagged fields (KIP-482)

    /// Skips a section of tagged fields, known or not.
    package mutating func skipTaggedFields(flexible: Bool) throws(WireError) {
        try taggedFields(flexible: flexible) { _, _ in }
    }

    /// Reads a section of tagged fields: `field` gets each tag with a reader of just that field's bytes. What it
    /// leaves unread, of a tag that it does not know for instance, is skipped.
    package mutating func taggedFields(
        flexible: Bool, _ field: (UInt32, inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        guard flexible else { return }
        let count = try unsignedVarint()
        guard Int(count) <= remaining / 2 else { throw fail(.lengthOutOfRange(Int64(count))) }
        for _ in 0..<count {
            let tag = try unsignedVarint()
            let length = try unsignedVarint()
            guard let slice = buffer.readSlice(length: Int(length)) else { throw fail(.endOfMessage) }
            var content = WireReader(slice, elementLimit: elementsLeft)
            try field(tag, &content)
            elementsLeft = content.elementsLeft
        }
    }

    /// Throws where bytes are left: the message is longer than its layout.
    package func expectEnd() throws(WireError) {
        if remaining > 0 { throw fail(.trailingBytes(remaining)) }
    }

    private mutating func nullableLength(flexible: Bool, short: Bool) throws(WireError) -> Int? {
        let length: Int64
        if flexible {
            length = Int64(try unsignedVarint()) - 1
        } else if short {
            length = Int64(try integer(Int16.self))
        } else {
            length = Int64(try integer(Int32.self))
        }
        if length == -1 { return nil }
        // A compact length could say more, but Kafka takes no longer strings either, and one that came in a flexible
        // version may have to be answered in an older one.
        if short && length > Int64(Int16.max) { throw fail(.lengthOutOfRange(length)) }
        guard length >= 0, length <= Int64(remaining) else { throw fail(.lengthOutOfRange(length)) }
        return Int(length)
    }
}
