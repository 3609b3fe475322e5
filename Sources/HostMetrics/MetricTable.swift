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
            units and attributes follow OpenTelemetry's semantic conventions where these define them. The last column \
            has what a metric is called with `names: prometheus`: node_exporter's names where these begin with `node_`.

            With `counters: rate` each counter is a gauge per second, and its name ends in `.rate`. With a `window` each \
            gauge and updowncounter has `.min`, `.max` and `.mean` besides. In Prometheus' style these are `_rate` (in \
            the place of `_total`), `_min`, `_max` and `_mean`.


            """
        for kind in CollectorKind.allCases {
            let isDefault = CollectorKind.defaults.contains(kind)
            page += "## `\(kind.rawValue)`\(isDefault ? "" : " (off by default)")\n\n" + table(kind.metrics) + "\n"
        }
        return page + "## The sampling itself\n\n" + table(SelfMetrics.metrics) + "\n## The agent itself\n\n"
            + table(AgentMetrics.metrics)
    }

    private static func table(_ metrics: [Metric]) -> String {
        metrics.reduce(
            """
            | metric | kind | unit | what it is | source | with `names: prometheus` |
            | --- | --- | --- | --- | --- | --- |

            """
        ) { table, metric in
            table + "| `\(metric.name)` | \(metric.kind.rawValue) | `\(metric.unit)` | \(metric.summary) "
                + "| `\(metric.source)` | \(prometheusNames(metric)) |\n"
        }
    }

    private static func prometheusNames(_ metric: Metric) -> String {
        var names: [String] = []
        for rule in NodeExporterNames.rules[ObjectIdentifier(metric)] ?? [] where !names.contains(rule.metric.name) {
            names.append(rule.metric.name)
        }
        if names.isEmpty { names = [metric.prometheusName] }
        return names.map { "`\($0)`" }.joined(separator: ", ")
    }
}
