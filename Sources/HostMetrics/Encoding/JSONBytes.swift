extension [UInt8] {
    mutating func append(literal text: String) { append(contentsOf: text.utf8) }

    mutating func append(number: Int64) { append(contentsOf: number.description.utf8) }

    /// Appends a number as JSON has it: the shortest that reads back as the same. A double has always a point or an
    /// exponent.
    mutating func append(_ value: MetricValue) {
        switch value {
        case .integer(let value): append(number: value)
        case .double(let value): append(contentsOf: value.description.utf8)
        }
    }

    /// Appends bytes as a string of JSON (RFC 8259, section 7). What is not UTF-8 is replaced by U+FFFD.
    mutating func append(jsonString bytes: some Collection<UInt8>) {
        append(UInt8(ascii: "\""))
        let start = count
        for byte in bytes {
            guard byte < 0x80 else {
                // Begin again the way that looks at whole characters.
                removeLast(count - start)
                for byte in String(decoding: bytes, as: UTF8.self).utf8 { append(escaping: byte) }
                break
            }
            append(escaping: byte)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0x00..<0x20, 0x7f:
            append(literal: "\\u00")
            append(hexDigits[Int(byte >> 4)])
            append(hexDigits[Int(byte & 15)])
        default: append(byte)
        }
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)

extension AttributeValue {
    /// As text in UTF-8; what is not is replaced by U+FFFD.
    var text: String {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let value): value.description
        }
    }
}
