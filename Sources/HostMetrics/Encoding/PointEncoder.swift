/// In which form points become the values of records.
package enum MetricFormat: String, CaseIterable, Sendable {
    /// One JSON object per point: `JSONPointEncoder`.
    case json
    /// OpenTelemetry's ExportMetricsServiceRequest as JSON: `OTLPEncoder`.
    case otlpJSON = "otlp_json"
    /// InfluxDB's line protocol, one line per point: `InfluxEncoder`.
    case influx
    /// Prometheus' text format: `PrometheusEncoder`.
    case prometheus
}

/// Turns points into the values of records.
package protocol PointEncoder: Sendable {
    /// Appends the records.
    ///
    /// - Returns: how many points were left out: those whose value is not a number, which no format takes everywhere,
    ///   and those that the format cannot tell from others.
    mutating func encode(_ points: [MetricPoint], into records: inout [[UInt8]]) -> Int
}

extension MetricFormat {
    package func encoder(for host: HostIdentity) -> any PointEncoder {
        switch self {
        case .json: JSONPointEncoder(host: host.name)
        case .otlpJSON: OTLPEncoder(host)
        case .influx: InfluxEncoder(host: host.name)
        case .prometheus: PrometheusEncoder(host: host.name)
        }
    }
}

/// Where the points come from.
package struct HostIdentity: Sendable, Equatable {
    package var name: String?
    /// What systemd gives a machine for its life (machine-id(5)), 32 hexadecimal digits.
    package var id: String?

    package init(name: String?, id: String? = nil) {
        self.name = name
        self.id = id
    }
}

/// The most bytes in a record that holds many points: far below what a broker takes, and enough to compress well.
let documentLimit = 64 << 10

/// Points of one metric together, the metrics in the order in which they first appear, which formats that say a metric
/// only once require. What is not a number is left out.
struct PointGroups {
    private(set) var groups: [[MetricPoint]] = []
    private(set) var leftOut = 0

    init(_ points: [MetricPoint]) {
        var places: [ObjectIdentifier: Int] = [:]
        for point in points {
            if !point.value.double.isFinite {
                leftOut += 1
            } else if let place = places[ObjectIdentifier(point.metric)] {
                groups[place].append(point)
            } else {
                places[ObjectIdentifier(point.metric)] = groups.count
                groups.append([point])
            }
        }
    }
}
