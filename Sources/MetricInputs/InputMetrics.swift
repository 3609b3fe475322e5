internal import HostMetrics

/// What a scrape tells of itself, by the names that Prometheus has for it.
enum ScrapeMetrics {
    static let up = Metric(
        "up", .gauge, unit: "1", "1 where the target gave a whole page in time, otherwise 0.", source: "(the scrape)")
    static let duration = Metric(
        "scrape_duration_seconds", .gauge, unit: "s", "How long the target took, connecting included.",
        source: "(the scrape)")
    static let samples = Metric(
        "scrape_samples_scraped", .gauge, unit: "{sample}", "Samples on the page.", source: "(the scrape)")
    static let dropped = Metric(
        "scrape_samples_dropped", .gauge, unit: "{sample}",
        "Samples of the page that were left out: beyond series.limit, or of a series that was there before.",
        source: "(the scrape)")
    static let notNumbers = Metric(
        "scrape_samples_not_numbers", .gauge, unit: "{sample}",
        "Samples of the page that are NaN or infinite, which no format takes everywhere, and so are left out.",
        source: "(the scrape)")
    static let malformed = Metric(
        "scrape_lines_malformed", .gauge, unit: "{line}", "Lines of the page that could not be read.",
        source: "(the scrape)")
    static let exemplars = Metric(
        "scrape_exemplars_dropped", .gauge, unit: "{exemplar}", "Exemplars on the page, which are not shipped.",
        source: "(the scrape)")
    static let bytes = Metric(
        "scrape_response_size_bytes", .gauge, unit: "By", "Size of the page.", source: "(the scrape)")
    static let all = [up, duration, samples, dropped, notNumbers, malformed, exemplars, bytes]
}

/// What the reader of StatsD tells of itself.
enum StatsDMetrics {
    private static func counter(_ name: String, _ unit: String, _ summary: String) -> Metric {
        Metric("tributary.statsd." + name, .counter, unit: unit, summary, source: "(the listener)")
    }

    static let datagrams = counter("datagrams", "{datagram}", "Datagrams that were read.")
    static let bytes = counter("io", "By", "Bytes of datagrams that were read.")
    static let samples = counter("samples", "{sample}", "Values that were taken.")
    static let malformed = counter("malformed", "{line}", "Lines that could not be read.")
    static let dropped = counter(
        "dropped", "{sample}",
        "What was left out, by reason: series_limit (values beyond series.limit), event and service_check (DogStatsD's, "
            + "which are no metrics), and truncated (datagrams longer than 64 KiB: what was cut off).")
    static let kernelDropped = counter(
        "kernel.dropped", "{datagram}",
        "Datagrams that the kernel dropped since they came faster than they were read (SO_RXQ_OVFL, socket(7)).")
    static let series = Metric(
        "tributary.statsd.series", .upDownCounter, unit: "{series}", "Series that are kept in memory.",
        source: "(the listener)")
    static let all = [datagrams, bytes, samples, malformed, dropped, kernelDropped, series]
}

/// What the reader of text files tells of itself; the first two are node_exporter's.
enum TextfileMetrics {
    static let modified = Metric(
        "node_textfile_mtime_seconds", .gauge, unit: "s", "When each file was written last, since 1970.",
        source: "(the directory)")
    static let failed = Metric(
        "node_textfile_scrape_error", .gauge, unit: "1", "1 where a file could not be read, or not all of it.",
        source: "(the directory)")
    static let dropped = Metric(
        "tributary.textfile.dropped", .counter, unit: "{sample}",
        "Samples that were left out: beyond series.limit, of a series that was there before, with a timestamp, or no "
            + "number.",
        source: "(the directory)")
    static let malformed = Metric(
        "tributary.textfile.malformed", .counter, unit: "{line}", "Lines that could not be read.",
        source: "(the directory)")
    static let all = [modified, failed, dropped, malformed]
}

/// The table of the inputs' own metrics: the module's documentation (MetricInputs.docc/Metrics.md).
package enum InputMetricTable {
    /// A page of Markdown.
    package static var markdown: String {
        var page = """
            # Metrics

            What the sources `prometheus`, `statsd` and `textfile` tell of themselves, beside what they were given. Made \
            from the code: `UPDATE_GOLDEN=1 swift test --filter MetricInputsTests` writes it anew.


            """
        for (source, metrics) in [
            ("prometheus", ScrapeMetrics.all), ("statsd", StatsDMetrics.all), ("textfile", TextfileMetrics.all),
        ] {
            page += "## `\(source)`\n\n| metric | kind | unit | what it is |\n| --- | --- | --- | --- |\n"
            for metric in metrics {
                page += "| `\(metric.name)` | \(metric.kind.rawValue) | `\(metric.unit)` | \(metric.summary) |\n"
            }
            page += "\n"
        }
        return page
    }
}
