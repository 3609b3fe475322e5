internal import Primitives

/// Writes points as OTLP/JSON: each record is one ExportMetricsServiceRequest with one resource, this host, and one
/// scope, and holds all points of a sample up to `documentLimit` bytes, beyond which the next record goes on.
///
/// So a consumer hands a record's value as it is to any receiver of OTLP (`POST /v1/metrics`), and the OpenTelemetry
/// collector's Kafka receiver reads it with `encoding: otlp_json`.
///
/// The rules are those of the OTLP specification ("JSON Protobuf Encoding"): keys in lowerCamelCase, enumerations as
/// numbers, 64-bit integers as strings of digits. A counter is a monotonic cumulative sum with the time from which it
/// counts, an updowncounter a sum that is not monotonic, a delta a monotonic sum of deltas.
package struct OTLPEncoder: PointEncoder {
    /// All before the first metric, and all behind the last.
    private let opening: [UInt8]
    private static let closing = Array("]}]}]}".utf8)

    package init(_ host: HostIdentity) {
        var bytes: [UInt8] = []
        bytes.append(literal: #"{"resourceMetrics":[{"resource":{"attributes":["#)
        var attributes = [MetricAttribute("os.type", "linux"), MetricAttribute("host.arch", architecture)]
        if let name = host.name { attributes.insert(MetricAttribute("host.name", name), at: 0) }
        if let id = host.id { attributes.append(MetricAttribute("host.id", id)) }
        Self.append(attributes, to: &bytes)
        bytes.append(literal: #"]},"scopeMetrics":[{"scope":{"name":"tributary.host_metrics"},"metrics":["#)
        opening = bytes
    }

    package mutating func encode(_ points: [MetricPoint], into records: inout [[UInt8]]) -> Int {
        let found = PointGroups(points)
        var json: [UInt8] = []
        for group in found.groups {
            guard let first = group.first else { continue }
            if json.isEmpty { json = opening } else { json.append(UInt8(ascii: ",")) }
            Self.open(first, in: &json)
            var isFirst = true
            for point in group {
                if json.count > documentLimit {
                    Self.closeMetric(&json)
                    records.append(json + Self.closing)
                    json = opening
                    Self.open(first, in: &json)
                    isFirst = true
                }
                if !isFirst { json.append(UInt8(ascii: ",")) }
                isFirst = false
                Self.append(point, to: &json)
            }
            Self.closeMetric(&json)
        }
        if !json.isEmpty { records.append(json + Self.closing) }
        return found.leftOut
    }

    private static func open(_ point: MetricPoint, in json: inout [UInt8]) {
        json.append(literal: #"{"name":"#)
        json.append(jsonString: point.name.utf8)
        json.append(literal: #","unit":"#)
        json.append(jsonString: point.unit.utf8)
        // AggregationTemporality: 1 is delta, 2 cumulative.
        switch point.kind {
        case .counter: json.append(literal: #","sum":{"aggregationTemporality":2,"isMonotonic":true,"#)
        case .delta: json.append(literal: #","sum":{"aggregationTemporality":1,"isMonotonic":true,"#)
        case .upDownCounter: json.append(literal: #","sum":{"aggregationTemporality":2,"#)
        case .gauge: json.append(literal: #","gauge":{"#)
        }
        json.append(literal: #""dataPoints":["#)
    }

    private static func closeMetric(_ json: inout [UInt8]) { json.append(literal: "]}}") }

    private static func append(_ point: MetricPoint, to json: inout [UInt8]) {
        json.append(literal: #"{"attributes":["#)
        append(point.attributes, to: &json)
        json.append(literal: "]")
        if let start = point.start { append(start, as: #","startTimeUnixNano":""#, to: &json) }
        append(point.timestamp, as: #","timeUnixNano":""#, to: &json)
        switch point.value {
        case .integer(let value):
            json.append(literal: #","asInt":""#)
            json.append(number: value)
            json.append(literal: #""}"#)
        case .double:
            json.append(literal: #","asDouble":"#)
            json.append(point.value)
            json.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ time: Timestamp, as key: String, to json: inout [UInt8]) {
        json.append(literal: key)
        json.append(number: time.milliseconds)
        json.append(literal: #"000000""#)
    }

    private static func append(_ attributes: [MetricAttribute], to json: inout [UInt8]) {
        for (index, attribute) in attributes.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.append(literal: #"{"key":"#)
            json.append(jsonString: attribute.key.utf8)
            switch attribute.value {
            case .text(let text):
                json.append(literal: #","value":{"stringValue":"#)
                json.append(jsonString: text.utf8)
            case .bytes(let bytes):
                json.append(literal: #","value":{"stringValue":"#)
                json.append(jsonString: bytes)
            case .integer(let value):
                json.append(literal: #","value":{"intValue":""#)
                json.append(number: value)
                json.append(UInt8(ascii: "\""))
            }
            json.append(literal: "}}")
        }
    }
}

/// By the conventions' names (host.arch).
private let architecture: String = {
    #if arch(x86_64)
        "amd64"
    #elseif arch(arm64)
        "arm64"
    #elseif arch(arm)
        "arm32"
    #else
        "other"
    #endif
}()
