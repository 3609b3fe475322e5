internal import Primitives

/// In which form the counters of a source are shipped.
package enum CounterForm: String, CaseIterable, Sendable {
    /// As the kernel has them, since the boot.
    case cumulative
    /// What was counted since the sample before; nothing in the first sample of a series.
    case delta
    /// The same per second, as a gauge whose name ends in `.rate`.
    case rate
}

/// The declarations of what is computed from other metrics, each made once.
struct DerivedMetrics: Sendable {
    private var made: [ObjectIdentifier: [String: Metric]] = [:]

    /// `metric` with what `change` makes of its declaration.
    ///
    /// - Parameter suffix: what is derived, behind a point: `.rate`. Names in Prometheus' style, which have no points,
    ///   get it behind an underscore, and lose a `_total`, which only counters may have.
    mutating func metric(
        _ metric: Metric, suffix: String, kind: MetricKind, unit: (String) -> String = { $0 }
    ) -> Metric {
        let id = ObjectIdentifier(metric)
        if let known = made[id]?[suffix] { return known }
        var name = metric.name
        if suffix.isEmpty || name.contains(".") {
            name += suffix
        } else {
            if name.hasSuffix("_total") { name.removeLast("_total".utf8.count) }
            name += "_" + suffix.dropFirst()
        }
        let derived = Metric(name, kind, unit: unit(metric.unit), metric.summary, source: metric.source)
        made[id, default: [:]][suffix] = derived
        return derived
    }
}

extension CounterForm {
    /// Gives the counters among the points this form; those of which nothing is known of before are left out of what
    /// is computed from two samples.
    func apply(to points: inout [MetricPoint], _ metrics: inout DerivedMetrics) {
        switch self {
        case .cumulative: return
        case .delta, .rate: break
        }
        var kept = 0
        for index in points.indices {
            var point = points[index]
            if point.kind == .counter {
                guard let increase = point.increase else { continue }
                switch self {
                case .cumulative: break
                case .delta:
                    point.metric = metrics.metric(point.metric, suffix: "", kind: .delta)
                    point.value = increase.value
                    point.start = increase.since
                case .rate:
                    let seconds = increase.elapsed / .seconds(1)
                    guard seconds > 0 else { continue }
                    point.metric = metrics.metric(point.metric, suffix: ".rate", kind: .gauge, unit: perSecond)
                    point.value = .double(increase.value.double / seconds)
                    point.start = nil
                }
                point.increase = nil
            }
            points[kept] = point
            kept += 1
        }
        points.removeSubrange(kept...)
    }
}

/// A unit of UCUM divided by the second.
private func perSecond(_ unit: String) -> String { unit == "s" ? "1" : unit + "/s" }
