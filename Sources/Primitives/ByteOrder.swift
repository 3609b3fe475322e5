/// Integers in raw bytes. Kafka's formats are big-endian throughout.
///
/// Every access is checked against the span's bounds; an access outside is a bug of ours and stops the process, so
/// decoders of foreign bytes check lengths first.
extension RawSpan {
    @inlinable
    package func byte(at position: Int) -> UInt8 {
        unsafe unsafeLoad(fromUncheckedByteOffset: checked(position, 1), as: UInt8.self)
    }

    @inlinable
    package func bigEndian<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type, at position: Int) -> Integer {
        Integer(bigEndian: load(Integer.self, at: position))
    }

    @inlinable
    package func littleEndian<Integer: FixedWidthInteger & BitwiseCopyable>(
        _: Integer.Type, at position: Int
    ) -> Integer {
        Integer(littleEndian: load(Integer.self, at: position))
    }

    @inlinable
    func load<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type, at position: Int) -> Integer {
        unsafe unsafeLoadUnaligned(
            fromUncheckedByteOffset: checked(position, MemoryLayout<Integer>.size), as: Integer.self)
    }

    @inlinable
    func checked(_ position: Int, _ size: Int) -> Int {
        precondition(position >= 0 && byteCount - position >= size, "BUG: read outside of the bytes")
        return position
    }
}

extension Array where Element == UInt8 {
    package mutating func appendBigEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    package mutating func setBigEndian<Integer: FixedWidthInteger>(_ value: Integer, at position: Int) {
        let size = MemoryLayout<Integer>.size
        for index in 0..<size {
            self[position + index] = UInt8(truncatingIfNeeded: value >> ((size - 1 - index) * 8))
        }
    }

    package mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    package init(_ bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

extension Array where Element == UInt8 {
    /// The array's bytes, borrowed. (`Span.bytes` is unsafe for types with padding; a byte has none.)
    @inlinable
    package var rawBytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe span.bytes }
    }
}
