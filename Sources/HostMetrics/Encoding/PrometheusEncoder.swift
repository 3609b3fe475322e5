internal import Primitives

/// Writes points in Prometheus' text format, version 0.0.4: each record is a page with all points of a sample up to
/// `documentLimit` bytes, beyond which the next record goes on with the metric's head.
///
///     # HELP system_cpu_time_seconds_total Seconds each logical CPU spent in each mode.
///     # TYPE system_cpu_time_seconds_total counter
///     system_cpu_time_seconds_total{cpu_mode="user",cpu_logical_number="0",instance="web-1"} 156.52 1795263231000
///
/// Names in OpenTelemetry's style are translated as OpenTelemetry's specification says ("Prometheus and OpenMetrics
/// Compatibility"): see `prometheusName`. Bytes that are not UTF-8 are replaced by U+FFFD.
package struct PrometheusEncoder: PointEncoder {
    private let host: [UInt8]
    private let isScraped: Bool

    /// - Parameter isScraped: for who asks by HTTP: one page, however large, without the time of the sample.
    package init(host: String?, isScraped: Bool = false) {
        self.isScraped = isScraped
        var bytes: [UInt8] = []
        if let host { Self.append(label: "instance", host, to: &bytes) }
        self.host = bytes
    }

    package mutating func encode(_ points: [MetricPoint], into records: inout [[UInt8]]) -> Int {
        let found = PointGroups(points)
        var page: [UInt8] = []
        var leftOut = found.leftOut
        var names: Set<[UInt8]> = []
        for group in found.groups {
            guard let first = group.first else { continue }
            let name = Array(first.metric.prometheusName.utf8)
            // Two names that come to one here would be one metric of two kinds, which no reader takes.
            guard names.insert(name).inserted else {
                leftOut += group.count
                continue
            }
            Self.open(first.metric, name, in: &page)
            for point in group {
                if page.count > documentLimit && !isScraped {
                    records.append(page)
                    page.removeAll(keepingCapacity: true)
                    Self.open(first.metric, name, in: &page)
                }
                append(point, name, to: &page)
            }
        }
        if !page.isEmpty { records.append(page) }
        return leftOut
    }

    private static func open(_ metric: Metric, _ name: [UInt8], in page: inout [UInt8]) {
        page.append(literal: "# HELP ")
        page.append(contentsOf: name)
        page.append(UInt8(ascii: " "))
        append(escaping: metric.summary, to: &page, quoted: false)
        page.append(literal: "\n# TYPE ")
        page.append(contentsOf: name)
        switch metric.kind {
        case .counter: page.append(literal: " counter\n")
        case .upDownCounter, .gauge: page.append(literal: " gauge\n")
        case .delta: page.append(literal: " untyped\n")
        }
    }

    private func append(_ point: MetricPoint, _ name: [UInt8], to page: inout [UInt8]) {
        page.append(contentsOf: name)
        if !point.attributes.isEmpty || !host.isEmpty {
            let start = page.count
            for attribute in point.attributes {
                Self.append(label: attribute.key, attribute.value.text, to: &page)
            }
            // A label may be there once only: what was scraped brings its own.
            if !point.attributes.contains(where: { $0.key == "instance" }) { page.append(contentsOf: host) }
            // Each label brings a comma before it; the first has the brace in its place.
            page[start] = UInt8(ascii: "{")
            page.append(UInt8(ascii: "}"))
        }
        page.append(UInt8(ascii: " "))
        page.append(point.value)
        if !isScraped {
            page.append(UInt8(ascii: " "))
            page.append(number: point.timestamp.milliseconds)
        }
        page.append(UInt8(ascii: "\n"))
    }

    private static func append(label: String, _ value: String, to page: inout [UInt8]) {
        page.append(UInt8(ascii: ","))
        page.append(contentsOf: prometheusLabel(label).utf8)
        page.append(literal: "=\"")
        append(escaping: value, to: &page, quoted: true)
        page.append(UInt8(ascii: "\""))
    }

    private static func append(escaping text: String, to page: inout [UInt8], quoted: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): page.append(literal: "\\\\")
            case UInt8(ascii: "\n"): page.append(literal: "\\n")
            case UInt8(ascii: "\"") where quoted: page.append(literal: "\\\"")
            default: page.append(byte)
            }
        }
    }
}
