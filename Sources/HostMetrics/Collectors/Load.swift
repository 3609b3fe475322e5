/// Load averages: /proc/loadavg.
struct LoadCollector: Collector {
    static let kind = CollectorKind.load

    static let metrics = ["1m", "5m", "15m"].map { window in
        Metric(
            "system.cpu.load_average.\(window)", .gauge, unit: "{thread}",
            "Threads that were running or waiting to run or for a disk, on average over \(window.dropLast()) minutes.",
            source: "/proc/loadavg")
    }

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let load = try LoadAverages.parse(try pass.read("proc/loadavg"))
            for (metric, value) in zip(Self.metrics, load.averages) { pass.add(metric, value) }
        }
    }
}

struct LoadAverages: Equatable {
    /// Over 1, 5 and 15 minutes.
    var averages: [Double]

    static func parse(_ text: SourceText) throws(MetricSourceError) -> LoadAverages {
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("load averages") }
        var averages: [Double] = []
        for _ in 0..<3 { averages.append(try cursor.decimal("a load average")) }
        return LoadAverages(averages: averages)
    }
}
