/// The two text formats that exporters speak.
package enum ExpositionDialect: String, Sendable, CaseIterable {
    /// Prometheus' text format, version 0.0.4 (prometheus.io, "Exposition formats").
    case text
    /// OpenMetrics 1.0 (prometheus/OpenMetrics, specification/OpenMetrics.md).
    case openMetrics

    /// The one that a server's answer is in; nil for something that is no page of metrics. A server that does not say
    /// is taken to speak the text format.
    package init?(contentType: String?) {
        guard let contentType else {
            self = .text
            return
        }
        switch contentType.prefix(while: { $0 != ";" }).lowercased().filter({ $0 != " " }) {
        case "application/openmetrics-text": self = .openMetrics
        case "text/plain", "": self = .text
        default: return nil
        }
    }
}

/// What a page has said a metric is.
enum FamilyType: String {
    case counter, gauge, histogram, summary, info, unknown, untyped
    case gaugeHistogram = "gaugehistogram"
    case stateSet = "stateset"
}

/// How much of a page is taken.
package struct ExpositionLimits: Sendable, Equatable {
    /// The most series. Names, labels and metadata together may take 1 KiB for each of them.
    package var series: Int
    /// The longest line, in bytes.
    package var lineBytes = 64 << 10

    package init(series: Int) { self.series = series }

    /// The most bytes that the points of a page and what is known of its metrics take.
    var bytes: Int { series << 10 }
}

/// What was wrong with a line.
struct ExpositionError: Error, Equatable {
    /// A noun phrase.
    var expected: String

    init(_ expected: String) { self.expected = expected }
}
