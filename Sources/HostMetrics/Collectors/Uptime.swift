/// How long the host has been up: /proc/uptime, and when it booted: /proc/stat.
struct UptimeCollector: Collector {
    static let kind = CollectorKind.uptime

    static let uptime = Metric(
        "system.uptime", .gauge, unit: "s", "Time since boot, with the time the host was suspended.",
        source: "/proc/uptime")
    static let bootTime = Metric(
        "system.boot.time", .gauge, unit: "s", "When the host booted, in seconds since 1970.", source: "/proc/stat")
    static let metrics = [uptime, bootTime]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let text = try pass.read("proc/uptime")
            var cursor = LineCursor(text)
            guard try cursor.nextLine() else { throw text.failure("an uptime") }
            pass.add(Self.uptime, try cursor.decimal("an uptime"))
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            pass.add(Self.bootTime, try KernelActivity.parse(try pass.readShared("proc/stat")).bootTime)
        }
    }
}
