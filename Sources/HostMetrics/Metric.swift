package import Primitives

/// What a series of numbers means; OpenTelemetry's instruments, as far as a host needs them.
package enum MetricKind: String, Sendable {
    /// Counts up from the source's start; a lower value is a restart of the source (OTel: monotonic cumulative sum).
    case counter
    /// An amount that adds up over its attributes (OTel: sum that is not monotonic).
    case upDownCounter = "updowncounter"
    /// A reading that does not add up.
    case gauge
    /// What a counter counted since the sample before, or within a window (OTel: monotonic delta sum).
    case delta
}

/// One metric's declaration. Collectors declare theirs as constants, so that a table of all can be made of them.
package final class Metric: Sendable {
    package let name: String
    /// In UCUM's notation: `s`, `By`, `1`, `{packet}`.
    package let unit: String
    package let kind: MetricKind
    package let summary: String
    /// The file or files it is read from.
    package let source: String

    package init(_ name: String, _ kind: MetricKind, unit: String, _ summary: String, source: String) {
        self.name = name
        self.unit = unit
        self.kind = kind
        self.summary = summary
        self.source = source
    }
}

package enum MetricValue: Hashable, Sendable {
    case integer(Int64)
    case double(Double)
}

package enum AttributeValue: Hashable, Sendable {
    /// A word of ours.
    case text(String)
    /// A name that the kernel gave, which need not be UTF-8.
    case bytes([UInt8])
    case integer(Int64)
}

package struct MetricAttribute: Hashable, Sendable {
    package var key: String
    package var value: AttributeValue

    package init(_ key: String, _ value: AttributeValue) {
        self.key = key
        self.value = value
    }

    package init(_ key: String, _ text: String) { self.init(key, .text(text)) }
    package init(_ key: String, _ bytes: [UInt8]) { self.init(key, .bytes(bytes)) }
}

/// What a counter counted since it was last seen.
package struct MetricIncrease: Hashable, Sendable {
    package var value: MetricValue
    /// When it was last seen, or began.
    package var since: Timestamp
    /// By a clock that is never set.
    package var elapsed: Duration

    package init(value: MetricValue, since: Timestamp, elapsed: Duration) {
        self.value = value
        self.since = since
        self.elapsed = elapsed
    }
}

/// One number of one series at one time.
package struct MetricPoint: Sendable {
    package var metric: Metric
    package var value: MetricValue
    package var attributes: [MetricAttribute]
    package var timestamp: Timestamp
    /// From when a counter counts, or a delta; nil where that is not known, and for what counts nothing.
    package var start: Timestamp?
    /// A counter that began anew since the sample before: the difference to its last value means nothing.
    package var isReset = false
    /// Of counters only; nil where nothing is known of before.
    package var increase: MetricIncrease?

    package init(_ metric: Metric, _ value: MetricValue, _ attributes: [MetricAttribute], at timestamp: Timestamp) {
        self.metric = metric
        self.value = value
        self.attributes = attributes
        self.timestamp = timestamp
    }

    package var name: String { metric.name }
    package var unit: String { metric.unit }
    package var kind: MetricKind { metric.kind }
}
