package import SystemPackage

/// Where StatsD's datagrams are received, and what becomes of them.
package struct StatsDConfiguration: Sendable, Equatable {
    /// How counters, and the counts and sums of timers, are shipped.
    package enum Counters: String, CaseIterable, Sendable {
        /// What was counted in the interval.
        case delta
        /// What was counted since the series was first seen, or since `expiry` without a value.
        case cumulative
    }

    /// A host and a port for UDP; nil: none.
    package var listen: (host: String, port: Int)? = ("127.0.0.1", 8125)
    /// A Unix socket for datagrams; it is made, and what is there is replaced if it is a socket that nobody listens on.
    package var socket: FilePath?
    /// How often what came is put together and shipped.
    package var interval: Duration = .seconds(10)
    /// The most series; all that is kept of them together takes at most 1 KiB for each.
    package var seriesLimit = 4_000
    package var counters = Counters.delta
    /// Gauges, and counters that are cumulative, are remembered for so long after their last value.
    package var expiry: Duration = .seconds(3600)
    /// What is told of timers, histograms and distributions besides count, sum, least and most: from 0 to 1, ascending.
    package var quantiles = [0.5, 0.95, 0.99]
    /// Whether tags are given names that Prometheus takes, each once.
    package var hasPrometheusLabels = false

    package init() {}

    package static func == (left: StatsDConfiguration, right: StatsDConfiguration) -> Bool {
        left.listen?.host == right.listen?.host && left.listen?.port == right.listen?.port
            && left.socket == right.socket && left.interval == right.interval && left.seriesLimit == right.seriesLimit
            && left.counters == right.counters && left.expiry == right.expiry && left.quantiles == right.quantiles
            && left.hasPrometheusLabels == right.hasPrometheusLabels
    }
}
