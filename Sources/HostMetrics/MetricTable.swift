/// The table of all metrics, made from their declarations: the module's documentation (HostMetrics.docc/Metrics.md).
package enum MetricTable {
    /// A page of Markdown.
    package static var markdown: String {
        var page = """
            # Metrics

            Every metric that the collectors give. Made from the code: `UPDATE_GOLDEN=1 swift test --filter \
            HostMetricsTests` writes it anew.

            Kinds: a *counter* counts up, a lower value is a restart of its source and marked as such; an \
            *updowncounter* is an amount that adds up over its attributes; a *gauge* is a reading that does not. Names, \
            units and attributes follow OpenTelemetry's semantic conventions where these define them.


            """
        for kind in CollectorKind.allCases {
            let isDefault = CollectorKind.defaults.contains(kind)
            page += "## `\(kind.rawValue)`\(isDefault ? "" : " (off by default)")\n\n" + table(kind.metrics) + "\n"
        }
        return page + "## The sampling itself\n\n" + table(SelfMetrics.metrics)
    }

    private static func table(_ metrics: [Metric]) -> String {
        metrics.reduce("| metric | kind | unit | what it is | source |\n| --- | --- | --- | --- | --- |\n") {
            table, metric in
            table + "| `\(metric.name)` | \(metric.kind.rawValue) | `\(metric.unit)` | \(metric.summary) "
                + "| `\(metric.source)` |\n"
        }
    }
}
