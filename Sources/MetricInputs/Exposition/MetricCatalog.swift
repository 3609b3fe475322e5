internal import HostMetrics

/// The declarations of metrics that others name, each made once, so that what is remembered of a series finds it again.
/// It is as large as the page before: what that did not have is forgotten.
package struct MetricCatalog: Sendable {
    private struct Key: Hashable {
        var name: String
        var kind: MetricKind
    }

    private let source: String
    private var known: [Key: Metric] = [:]
    private var used: [Key: Metric] = [:]

    /// - Parameter source: where the metrics come from, as `Metric` has it.
    package init(source: String) { self.source = source }

    /// A page begins, or a round of pages: what the one before it did not use is forgotten.
    mutating func begin() {
        known = used
        used = [:]
    }

    mutating func metric(_ name: String, _ meaning: PageFamilies.Meaning) -> Metric {
        let key = Key(name: name, kind: meaning.kind)
        if let metric = used[key] { return metric }
        let metric =
            known[key] ?? Metric(name, meaning.kind, unit: meaning.unit, meaning.summary, source: source)
        used[key] = metric
        return metric
    }
}
