/// A JSON value (RFC 8259), for the control socket's short lines. Integers only: nothing there has fractions.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONValue])
    /// In the order of writing.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONValue
    }

    package static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    // MARK: Writing

    /// In one line.
    package var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .string(let text): Self.write(text, to: &bytes)
        case .array(let values): Self.write(values, "[", "]", to: &bytes) { $0.write(to: &$1) }
        case .object(let members):
            Self.write(members, "{", "}", to: &bytes) { member, bytes in
                Self.write(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ open: Unicode.Scalar, _ close: Unicode.Scalar, to bytes: inout [UInt8],
        _ body: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            body(element, &bytes)
        }
        bytes.append(UInt8(ascii: close))
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Bytes that are no JSON.
package struct JSONError: Error, Sendable, CustomStringConvertible {
    package var position: Int
    package var reason: String

    package var description: String { "no JSON at byte \(position): \(reason)" }
}

extension JSONValue {
    /// - Throws: also where it is nested deeper than 16, or has a number that is no 64-bit integer.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.value(depth: 0)
        reader.skipSpace()
        if reader.position != bytes.count { throw reader.error("something follows") }
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    func error(_ reason: String) -> JSONError { JSONError(position: position, reason: reason) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipSpace()
        if next != UInt8(ascii: scalar) { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        if depth > 16 { throw error("it is nested too deeply") }
        if take("{") { return try members(depth) }
        if take("[") { return try elements(depth) }
        if take("\"") { return .string(try text()) }
        for (word, value) in [("null", JSONValue.null), ("true", .boolean(true)), ("false", .boolean(false))]
        where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        let digits = bytes[position...].prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
        guard let number = Int64(String(decoding: digits, as: UTF8.self)) else { throw error("expected a value") }
        position += digits.count
        return .integer(number)
    }

    private mutating func members(_ depth: Int) throws(JSONError) -> JSONValue {
        var members: [JSONValue.Member] = []
        if take("}") { return .object(members) }
        repeat {
            guard take("\"") else { throw error("expected a name") }
            let name = try text()
            guard take(":") else { throw error("expected ':'") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw error("expected ',' or '}'") }
        return .object(members)
    }

    private mutating func elements(_ depth: Int) throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw error("expected ',' or ']'") }
        return .array(elements)
    }

    /// Behind the opening quote.
    private mutating func text() throws(JSONError) -> String {
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else { throw error("a text is no UTF-8") }
                return valid
            case UInt8(ascii: "\\"): try escaped(into: &text)
            case 0..<0x20: throw error("a control character in a text")
            default: text.append(byte)
            }
        }
        throw error("a text has no end")
    }

    private mutating func escaped(into text: inout [UInt8]) throws(JSONError) {
        let plain: [UInt8: UInt8] = [
            0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09,
        ]
        guard let byte = next else { throw error("a text has no end") }
        position += 1
        if let meant = plain[byte] { return text.append(meant) }
        guard byte == UInt8(ascii: "u") else { throw error("an unknown escape") }
        var unit = UInt32(try codeUnit())
        if unit & 0xfc00 == 0xd800, bytes[position...].starts(with: [0x5c, 0x75]) {
            position += 2
            let low = UInt32(try codeUnit())
            guard low & 0xfc00 == 0xdc00 else { throw error("half a surrogate pair") }
            unit = 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff))
        }
        guard let scalar = Unicode.Scalar(unit) else { throw error("half a surrogate pair") }
        text += Array(String(scalar).utf8)
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw error("expected four hexadecimal digits")
        }
        position += 4
        return unit
    }
}
