/// Where a page of metrics is to be had: `http://host:port/path?query`, or `host:port` for `/metrics` there.
package struct ScrapeTarget: Hashable, Sendable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package var host: String
    package var port: Int
    /// With the query; begins with a slash.
    package var path: String

    package init(host: String, port: Int, path: String = "/metrics") {
        self.host = host
        self.port = port
        self.path = path
    }

    /// As an exporter's page calls it: what Prometheus has in the label `instance`.
    package var instance: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var description: String { "http://\(instance)\(path)" }
}

/// Which targets are scraped, how often, and how much of each is taken.
package struct ScrapeConfiguration: Sendable, Equatable {
    package var targets: [ScrapeTarget]
    package var interval: Duration = .seconds(15)
    /// For all of a scrape, from connecting to the page's end. At most the interval.
    package var timeout: Duration = .seconds(10)
    /// The most bytes of a page; a longer one counts as failed.
    package var bodyLimit = 8 << 20
    /// The most series of each target.
    package var seriesLimit = 3_000
    /// The attribute `job` of every sample.
    package var job: String
    /// Whether OpenMetrics is asked for before the text format.
    package var prefersOpenMetrics = true

    package init(targets: [ScrapeTarget], job: String) {
        self.targets = targets
        self.job = job
    }
}
