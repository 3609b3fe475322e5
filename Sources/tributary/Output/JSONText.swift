internal import Primitives

/// Builds JSON, byte by byte. The caller sees to the structure; this sees to the commas and the escapes.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    mutating func open(_ bracket: Unicode.Scalar) {
        comma()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func number(_ value: some BinaryInteger) {
        comma()
        bytes += String(value).utf8
    }

    mutating func boolean(_ value: Bool) {
        comma()
        bytes += (value ? "true" : "false").utf8
    }

    mutating func null() {
        comma()
        bytes += "null".utf8
    }

    mutating func string(_ value: String) {
        let utf8 = Array(value.utf8)
        quoted(utf8.rawBytes)
    }

    /// Bytes under a name where they are UTF-8, and as base64 under the name with `_base64` where they are not.
    mutating func member(_ name: String, _ value: RawSpan) {
        if isUTF8(value) {
            key(name)
            quoted(value)
        } else {
            key(name + "_base64")
            string(base64(value))
        }
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// - Precondition: `value` is UTF-8.
    private mutating func quoted(_ value: RawSpan) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        let hex = Array("0123456789abcdef".utf8)
        for position in 0..<value.byteCount {
            let byte = value.byte(at: position)
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
            case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
            case 0..<0x20, 0x7f: bytes += Array(#"\u00"#.utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

func isUTF8(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) != nil }
}

/// RFC 4648, with padding.
func base64(_ bytes: RawSpan) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.byteCount + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.byteCount, by: 3) {
        var group = UInt32(0)
        let count = min(3, bytes.byteCount - start)
        for index in 0..<count { group |= UInt32(bytes.byte(at: start + index)) << (16 - 8 * index) }
        for index in 0..<4 {
            text.append(index <= count ? alphabet[Int(group >> (18 - 6 * index)) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
