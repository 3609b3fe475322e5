internal import Primitives

/// Writes points as JSON, one compact object per point:
///
///     {"name":"system.cpu.time","value":156.52,"unit":"s","kind":"counter","timestamp":1795263231000,"host":"web-1",
///     "attributes":{"cpu.mode":"user","cpu.logical_number":0}}
///
/// Why per point and not per collector and interval: a record is then a row. A consumer filters by name without taking
/// anything apart (`jq 'select(.name == "system.cpu.time")'`), a database's connector writes one record as one row of
/// one fixed schema, and a point that has been filtered out of a topic still says all about itself. It costs little: the
/// 360 points of the fixture `vm` are 63 KB as points and 55 KB as one object per collector, and with lz4, as a batch
/// is shipped, 6.8 KB and 7.0 KB.
///
/// - `value` is a number, shortest that reads back as the same; a double has always a point or an exponent, so that
///   a database that guesses column types does not take 12.0 for an integer. There is no NaN and no infinity in JSON:
///   such a point is left out.
/// - `timestamp` is in milliseconds since 1970.
/// - `reset` is there, and true, only where a counter began anew.
/// - `attributes` is always there. Bytes that are not UTF-8 are replaced by U+FFFD.
package struct JSONPointEncoder: Sendable {
    /// What is the same in all records: from `,"host":` on, or nothing.
    private let host: [UInt8]
    private var sizeExpected = 192

    /// - Parameter host: told in every record, because a record that has left its topic has lost its key.
    package init(host: String?) {
        var bytes: [UInt8] = []
        if let host {
            bytes.append(literal: ",\"host\":")
            bytes.append(jsonString: host.utf8)
        }
        self.host = bytes
    }

    /// Appends one record for each point.
    ///
    /// - Returns: how many points were left out because their value is not a number.
    package mutating func encode(_ points: some Collection<MetricPoint>, into records: inout [[UInt8]]) -> Int {
        records.reserveCapacity(records.count + points.count)
        var leftOut = 0
        for point in points {
            if case .double(let value) = point.value, !value.isFinite {
                leftOut += 1
                continue
            }
            records.append(record(point))
        }
        return leftOut
    }

    private mutating func record(_ point: MetricPoint) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(sizeExpected)
        json.append(literal: "{\"name\":")
        json.append(jsonString: point.name.utf8)
        json.append(literal: ",\"value\":")
        switch point.value {
        case .integer(let value): json.append(number: value)
        case .double(let value): json.append(contentsOf: value.description.utf8)
        }
        json.append(literal: ",\"unit\":")
        json.append(jsonString: point.unit.utf8)
        json.append(literal: ",\"kind\":")
        json.append(jsonString: point.kind.rawValue.utf8)
        if point.isReset { json.append(literal: ",\"reset\":true") }
        json.append(literal: ",\"timestamp\":")
        json.append(number: point.timestamp.milliseconds)
        json.append(contentsOf: host)
        json.append(literal: ",\"attributes\":{")
        append(point.attributes, to: &json)
        json.append(literal: "}}")
        sizeExpected = max(sizeExpected, min(json.count, 1024))
        return json
    }

    private func append(_ attributes: [MetricAttribute], to json: inout [UInt8]) {
        for (index, attribute) in attributes.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.append(jsonString: attribute.key.utf8)
            json.append(UInt8(ascii: ":"))
            switch attribute.value {
            case .text(let text): json.append(jsonString: text.utf8)
            case .bytes(let bytes): json.append(jsonString: bytes)
            case .integer(let value): json.append(number: value)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(literal text: String) { append(contentsOf: text.utf8) }

    fileprivate mutating func append(number: Int64) {
        append(contentsOf: number.description.utf8)
    }

    /// Appends bytes as a string of JSON (RFC 8259, section 7).
    fileprivate mutating func append(jsonString bytes: some Collection<UInt8>) {
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
