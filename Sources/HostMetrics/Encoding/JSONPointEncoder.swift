internal import Primitives

/// Writes points as JSON, one compact object per point:
///
///     {"name":"system.cpu.time","value":156.52,"unit":"s","kind":"counter","start":1795259284000,
///     "timestamp":1795263231000,"host":"web-1","attributes":{"cpu.mode":"user","cpu.logical_number":0}}
///
/// Why per point and not per collector and interval: a record is then a row. A consumer filters by name without taking
/// anything apart (`jq 'select(.name == "system.cpu.time")'`), a database's connector writes one record as one row of
/// one fixed schema, and a point that has been filtered out of a topic still says all about itself. It costs little: the
/// 380 points of the fixture `vm` are 72 KB as points and 63 KB as one object per collector, and with lz4, as a batch
/// is shipped, 7.3 KB and 7.6 KB.
///
/// - `value` is a number, shortest that reads back as the same; a double has always a point or an exponent, so that
///   a database that guesses column types does not take 12.0 for an integer. There is no NaN and no infinity in JSON:
///   such a point is left out.
/// - `timestamp` is in milliseconds since 1970.
/// - `start`, in milliseconds since 1970 too, is from when a counter or a delta counts: the boot of the host, or when it
///   began anew. Whoever sees it change need not compare values.
/// - `reset` is there, and true, only where a counter began anew since the sample before.
/// - `attributes` is always there. Bytes that are not UTF-8 are replaced by U+FFFD.
package struct JSONPointEncoder: PointEncoder {
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
    package mutating func encode(_ points: [MetricPoint], into records: inout [[UInt8]]) -> Int {
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
        json.append(point.value)
        json.append(literal: ",\"unit\":")
        json.append(jsonString: point.unit.utf8)
        json.append(literal: ",\"kind\":")
        json.append(jsonString: point.kind.rawValue.utf8)
        if let start = point.start {
            json.append(literal: ",\"start\":")
            json.append(number: start.milliseconds)
        }
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
