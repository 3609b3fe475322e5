/// Pressure stall information: /proc/pressure (kernel: Documentation/accounting/psi.rst), named as OpenTelemetry's
/// proposal for it does (semantic-conventions, pull request 3528).
struct PressureCollector: Collector {
    static let kind = CollectorKind.pressure

    struct Resource: Sendable {
        var name: String
        var windows: [Metric]
        var total: Metric

        var metrics: [Metric] { windows + [total] }
    }

    static let resources = ["cpu", "memory", "io", "irq"].map { name in
        Resource(
            name: name,
            windows: ["10s", "1m", "5m"].map { window in
                Metric(
                    "system.\(name).linux.pressure.\(window)", .gauge, unit: "1",
                    "Share of the last \(window) in which some or all tasks waited for \(name).",
                    source: "/proc/pressure/\(name)")
            },
            total: Metric(
                "system.\(name).linux.pressure.total", .counter, unit: "s",
                "Time in which some or all tasks waited for \(name).", source: "/proc/pressure/\(name)"))
    }
    static let metrics = resources.flatMap(\.metrics)

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        for resource in Self.resources {
            pass.attempt { (pass) throws(MetricSourceError) in
                guard let text = try pass.readPressure("proc/pressure/\(resource.name)") else { return }
                for stall in try Stall.parse(text) {
                    let attributes = [MetricAttribute("system.linux.pressure.stall_type", stall.type)]
                    for (metric, share) in zip(resource.windows, stall.shares) { pass.add(metric, share, attributes) }
                    pass.add(resource.total, Double(stall.microseconds) / 1e6, attributes)
                }
            }
        }
    }
}

extension SamplingPass {
    /// Reads a file of PSI. A kernel that was built with it but started without (psi=0) has the files and refuses to
    /// read them: that is absence too.
    mutating func readPressure(_ path: String) throws(MetricSourceError) -> SourceText? {
        do throws(MetricSourceError) {
            return try readIfPresent(path)
        } catch {
            if error.isUnsupported { return nil }
            throw error
        }
    }
}

/// One line of a pressure file: `some avg10=1.56 avg60=4.99 avg300=4.22 total=39970447`.
struct Stall: Equatable {
    /// `some` or `full`.
    var type: String
    /// Over 10, 60 and 300 seconds, from 0 to 1.
    var shares: [Double]
    var microseconds: Int64

    static func parse(_ text: SourceText) throws(MetricSourceError) -> [Stall] {
        var stalls: [Stall] = []
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            let type = try cursor.requiredField("some or full")
            guard cursor.matches(type, "some") || cursor.matches(type, "full") else {
                throw cursor.failure("some or full")
            }
            var shares: [Double] = []
            for name in ["avg10=", "avg60=", "avg300="] {
                let percent = cursor.decimal(in: try value(of: name, &cursor))
                guard let percent, percent <= 100 else { throw cursor.failure("\(name) and a percentage") }
                shares.append(percent / 100)
            }
            guard let total = cursor.number(in: try value(of: "total=", &cursor)) else {
                throw cursor.failure("total= and a whole number")
            }
            stalls.append(
                Stall(type: cursor.matches(type, "some") ? "some" : "full", shares: shares, microseconds: total))
        }
        guard !stalls.isEmpty else { throw text.failure("a line some or full") }
        return stalls
    }

    private static func value(of name: String, _ cursor: inout LineCursor) throws(MetricSourceError) -> Range<Int> {
        let field = try cursor.requiredField(name)
        guard cursor.starts(field, with: name) else { throw cursor.failure(name) }
        return field.lowerBound + name.utf8.count..<field.upperBound
    }
}
