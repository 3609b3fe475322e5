/// How a file's text is written. Positions are those of the file's own bytes in any case; lines of UTF-16 are handed out
/// as UTF-8, without a byte order mark at the file's beginning.
package enum TextEncoding: Sendable, Equatable {
    /// Handed out as they are, whatever they mean.
    case bytes
    case utf16LittleEndian
    case utf16BigEndian

    /// Bytes of one code unit, and so of a newline.
    var unit: Int { self == .bytes ? 1 : 2 }

    /// What a byte order mark at the beginning tells; nil where there is none.
    ///
    /// FF FE 00 00 is that of UTF-32, which is not decoded (The Unicode Standard, 23.8).
    init?(byteOrderMark head: UnsafeRawBufferPointer) {
        guard head.count >= 2 else { return nil }
        let first = unsafe head[0]
        let second = unsafe head[1]
        if first == 0xfe && second == 0xff {
            self = .utf16BigEndian
        } else if unsafe first == 0xff && second == 0xfe && (head.count < 4 || head[2] != 0 || head[3] != 0) {
            self = .utf16LittleEndian
        } else {
            return nil
        }
    }

    func codeUnit(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt16 {
        let first = UInt16(unsafe bytes[offset])
        let second = UInt16(unsafe bytes[offset + 1])
        return self == .utf16BigEndian ? first << 8 | second : second << 8 | first
    }

    /// Appends UTF-16 as UTF-8. A lone half of a surrogate pair, and an odd byte at the end, become U+FFFD.
    ///
    /// - Returns: how many did.
    func decode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) -> Int64 {
        var invalid: Int64 = 0
        var offset = 0
        while offset + 1 < bytes.count {
            let unit = unsafe codeUnit(bytes, at: offset)
            offset += 2
            var scalar = UInt32(unit)
            if unit & 0xf800 == 0xd800 {
                let next = offset + 1 < bytes.count ? unsafe codeUnit(bytes, at: offset) : 0
                if unit < 0xdc00 && next & 0xfc00 == 0xdc00 {
                    scalar = 0x10000 + (UInt32(unit & 0x3ff) << 10 | UInt32(next & 0x3ff))
                    offset += 2
                } else {
                    scalar = 0xfffd
                    invalid += 1
                }
            }
            Self.append(scalar, to: &text)
        }
        if offset < bytes.count {
            Self.append(0xfffd, to: &text)
            invalid += 1
        }
        return invalid
    }

    private static func append(_ scalar: UInt32, to text: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift & 0x3f)) }
        switch scalar {
        case ..<0x80: text.append(UInt8(scalar))
        case ..<0x800: text += [UInt8(0xc0 | scalar >> 6), tail(0)]
        case ..<0x10000: text += [UInt8(0xe0 | scalar >> 12), tail(6), tail(0)]
        default: text += [UInt8(0xf0 | scalar >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
