/// What makes points of different times one series: the same declaration, which is kept while the key is, and the same
/// attributes in the same order.
package struct SeriesKey: Hashable, Sendable {
    private let metric: Metric
    private let attributes: [MetricAttribute]

    package init(_ point: MetricPoint) {
        metric = point.metric
        attributes = point.attributes
    }

    package static func == (left: SeriesKey, right: SeriesKey) -> Bool {
        left.metric === right.metric && left.attributes == right.attributes
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(metric))
        hasher.combine(attributes)
    }
}

extension MetricValue {
    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        }
    }

    /// Of two values of one series, which are of one type; as doubles where they are not.
    static func + (left: MetricValue, right: MetricValue) -> MetricValue {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return .integer(sum) }
        }
        return .double(left.double + right.double)
    }

    static func - (left: MetricValue, right: MetricValue) -> MetricValue {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (difference, overflow) = left.subtractingReportingOverflow(right)
            if !overflow { return .integer(difference) }
        }
        return .double(left.double - right.double)
    }

    static func < (left: MetricValue, right: MetricValue) -> Bool {
        if case .integer(let left) = left, case .integer(let right) = right { return left < right }
        return left.double < right.double
    }
}
