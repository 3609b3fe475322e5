/// By whose names metrics and attributes go.
package enum MetricNames: String, CaseIterable, Sendable {
    /// OpenTelemetry's semantic conventions.
    case openTelemetry = "opentelemetry"
    /// node_exporter's, and what it does not have in Prometheus' style.
    case prometheus

    /// Gives points these names, once; a stream keeps its own translator.
    package func translate(_ points: inout [MetricPoint]) {
        var translator = translator
        translator?.translate(&points)
    }

    var translator: MetricTranslator? {
        switch self {
        case .openTelemetry: nil
        case .prometheus: MetricTranslator()
        }
    }
}

/// Gives points the names and labels that node_exporter has for them.
///
/// What it has in another cut is added up: its `node_filesystem_free_bytes` is what is free for users and what is
/// reserved. What it does not have gets a name in its style (`Metric.prometheusName`); what it leaves to the query
/// (utilisation, for instance) is not translated and goes the same way.
struct MetricTranslator: Sendable {
    private var others: [ObjectIdentifier: Metric] = [:]

    mutating func translate(_ points: inout [MetricPoint]) {
        var result: [MetricPoint] = []
        result.reserveCapacity(points.count)
        var sums: [SeriesKey: Int] = [:]
        for point in points {
            guard let rules = NodeExporterNames.rules[ObjectIdentifier(point.metric)] else {
                result.append(inStyle(point))
                continue
            }
            for rule in rules where rule.applies(to: point) {
                let translated = rule.translate(point)
                guard rule.isSum else {
                    result.append(translated)
                    continue
                }
                let key = SeriesKey(translated)
                if let place = sums[key] {
                    result[place].add(translated)
                } else {
                    sums[key] = result.count
                    result.append(translated)
                }
            }
        }
        points = result
    }

    private mutating func inStyle(_ point: MetricPoint) -> MetricPoint {
        var point = point
        let id = ObjectIdentifier(point.metric)
        let metric = point.metric
        point.metric =
            others[id]
            ?? Metric(
                metric.prometheusName, metric.kind, unit: metric.unit, metric.summary, source: metric.source)
        others[id] = point.metric
        for index in point.attributes.indices {
            point.attributes[index].key = prometheusCharacters(point.attributes[index].key)
            if case .integer(let value) = point.attributes[index].value {
                point.attributes[index].value = .text(value.description)
            }
        }
        return point
    }
}

extension MetricPoint {
    /// Adds a point that is part of the same series.
    fileprivate mutating func add(_ other: MetricPoint) {
        value = value + other.value
        isReset = isReset || other.isReset
        start = [start, other.start].compactMap(\.self).max()
        guard var sum = increase, let more = other.increase else {
            increase = nil
            return
        }
        sum.value = sum.value + more.value
        increase = sum
    }
}
