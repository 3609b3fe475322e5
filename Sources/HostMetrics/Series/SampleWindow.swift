/// What of the samples of a window is told of each series that counts nothing.
package enum Aggregate: String, CaseIterable, Sendable {
    /// The last value; it keeps the metric's name, so that whoever knows nothing of windows reads what is now.
    case last
    /// As metrics of their own, whose names end in `.min`, `.max` and `.mean`: one series more under the same name
    /// would be counted twice by whoever adds them up.
    case min, max, mean
}

/// How samples are put together before they are shipped.
package struct WindowConfiguration: Sendable, Equatable {
    /// At least the interval of sampling.
    package var length: Duration
    /// At least one.
    package var aggregates: Set<Aggregate> = Set(Aggregate.allCases)

    package init(length: Duration) { self.length = length }
}

/// Puts the samples of a window together: of counters the last value is kept, deltas are added up, and of all else
/// there is what `WindowConfiguration.aggregates` says.
///
/// It is as large as one sample: each series has one entry, whatever the number of samples.
struct SampleWindow: Sendable {
    fileprivate struct Sum {
        var point: MetricPoint
        var least: Double
        var most: Double
        var sum: Double
        var count = 1
    }

    private let aggregates: [Aggregate]
    private var sums: [Sum] = []
    private var places: [SeriesKey: Int] = [:]

    init(_ configuration: WindowConfiguration) {
        aggregates = Aggregate.allCases.filter(configuration.aggregates.contains)
    }

    mutating func add(_ points: [MetricPoint]) {
        for point in points {
            let value = point.value.double
            let key = SeriesKey(point)
            guard let place = places[key] else {
                places[key] = sums.count
                sums.append(Sum(point: point, least: value, most: value, sum: value))
                continue
            }
            sums[place].take(point, value)
        }
    }

    /// What the window comes to; it is empty then.
    mutating func close(_ metrics: inout DerivedMetrics) -> [MetricPoint] {
        var points: [MetricPoint] = []
        points.reserveCapacity(sums.count)
        for sum in sums {
            switch sum.point.kind {
            case .counter, .delta: points.append(sum.point)
            case .gauge, .upDownCounter:
                for aggregate in aggregates { points.append(sum.told(as: aggregate, &metrics)) }
            }
        }
        sums.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        return points
    }
}

extension SampleWindow.Sum {
    fileprivate mutating func take(_ next: MetricPoint, _ value: Double) {
        let before = point
        point = next
        switch next.kind {
        case .counter: point.isReset = before.isReset || next.isReset
        case .delta:
            point.value = before.value + next.value
            point.start = before.start
            point.isReset = before.isReset || next.isReset
        case .gauge, .upDownCounter:
            least = Swift.min(least, value)
            most = Swift.max(most, value)
            sum += value
            count += 1
        }
    }

    fileprivate func told(as aggregate: Aggregate, _ metrics: inout DerivedMetrics) -> MetricPoint {
        let value: Double
        switch aggregate {
        case .last: return point
        case .min: value = least
        case .max: value = most
        case .mean: value = sum / Double(count)
        }
        var point = point
        point.metric = metrics.metric(point.metric, suffix: "." + aggregate.rawValue, kind: .gauge)
        // A whole number stays one where it can: the least and the most of bytes are bytes.
        if case .integer = point.value, aggregate != .mean {
            point.value = Int64(exactly: value).map(MetricValue.integer) ?? .double(value)
        } else {
            point.value = .double(value)
        }
        return point
    }
}
