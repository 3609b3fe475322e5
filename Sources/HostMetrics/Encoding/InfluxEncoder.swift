internal import Primitives

/// Writes points in InfluxDB's line protocol, one line, and so one record, per point:
///
///     system.cpu.time,cpu.mode=user,cpu.logical_number=0,host=web-1 value=156.52 1795263231000000000
///
/// - The measurement is the metric's name, the tags are its attributes and the host, and the one field is `value`: an
///   integer with an `i` behind it where the metric is one, otherwise a float.
/// - A counter that began anew since the sample before has a field `reset=true` besides.
/// - What the protocol has no way to say is left out or replaced: empty tags, backslashes at a tag's end, control
///   characters (by a blank), bytes that are not UTF-8 (by U+FFFD).
///
/// The rules: InfluxDB v2 documentation, "Line protocol".
package struct InfluxEncoder: PointEncoder {
    private let host: [UInt8]

    package init(host: String?) {
        var bytes: [UInt8] = []
        if let host { Self.append(tag: "host", host, to: &bytes) }
        self.host = bytes
    }

    package mutating func encode(_ points: [MetricPoint], into records: inout [[UInt8]]) -> Int {
        records.reserveCapacity(records.count + points.count)
        var leftOut = 0
        for point in points {
            if !point.value.double.isFinite {
                leftOut += 1
                continue
            }
            records.append(line(point))
        }
        return leftOut
    }

    private func line(_ point: MetricPoint) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(160)
        Self.append(point.name, escaping: [UInt8(ascii: ","), UInt8(ascii: " ")], to: &line)
        for attribute in point.attributes { Self.append(tag: attribute.key, attribute.value.text, to: &line) }
        // A tag may be there once only, and what was measured knows better whose it is.
        if !point.attributes.contains(where: { $0.key == "host" }) { line.append(contentsOf: host) }
        line.append(literal: " value=")
        line.append(point.value)
        if case .integer = point.value { line.append(UInt8(ascii: "i")) }
        if point.isReset { line.append(literal: ",reset=true") }
        line.append(UInt8(ascii: " "))
        line.append(number: point.timestamp.milliseconds)
        line.append(literal: "000000")
        return line
    }

    private static func append(tag key: String, _ value: String, to line: inout [UInt8]) {
        let text = value.utf8.reversed().drop { $0 == UInt8(ascii: "\\") }.reversed()
        if text.isEmpty { return }
        line.append(UInt8(ascii: ","))
        append(key, escaping: special, to: &line)
        line.append(UInt8(ascii: "="))
        append(String(decoding: text, as: UTF8.self), escaping: special, to: &line)
    }

    private static let special = [UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: " ")]

    private static func append(_ text: String, escaping special: [UInt8], to line: inout [UInt8]) {
        for byte in text.utf8 {
            let byte = byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte
            if special.contains(byte) { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        }
    }
}
