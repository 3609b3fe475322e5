/// How long the host has been up: /proc/uptime, when it booted: /proc/stat, and which kernel it runs: /proc/sys/kernel.
struct UptimeCollector: Collector {
    static let kind = CollectorKind.uptime

    static let uptime = Metric(
        "system.uptime", .gauge, unit: "s", "Time since boot, with the time the host was suspended.",
        source: "/proc/uptime")
    static let bootTime = Metric(
        "system.boot.time", .gauge, unit: "s", "When the host booted, in seconds since 1970.", source: "/proc/stat")
    static let kernel = Metric(
        "system.kernel.info", .upDownCounter, unit: "1", "1, with the kernel's names as attributes (uname(2)).",
        source: "/proc/sys/kernel/{hostname,domainname,ostype,osrelease,version}, uname(2)")
    static let metrics = [uptime, bootTime, kernel]

    private static let names = [
        ("hostname", "host.name"), ("domainname", "system.kernel.domain_name"), ("ostype", "system.kernel.name"),
        ("osrelease", "system.kernel.release"), ("version", "system.kernel.version"),
    ]

    private var pace: Pace

    init(_ configuration: HostMetricsConfiguration) { pace = Pace(every: configuration.scanInterval) }

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
        guard pace.begin(&pass) else { return }
        addKernel(&pass)
        pace.end(pass)
    }

    private func addKernel(_ pass: inout SamplingPass) {
        var attributes: [MetricAttribute] = []
        pass.attempt { (pass) throws(MetricSourceError) in
            for (file, key) in Self.names {
                guard let text = try pass.readIfPresent("proc/sys/kernel/\(file)") else { return }
                let line = try wholeLine(text)
                guard !line.isEmpty else { throw text.failure("a name") }
                attributes.append(MetricAttribute(key, line))
            }
            if let machine = pass.kernel.machine() {
                attributes.append(MetricAttribute("system.kernel.machine", machine))
            }
            pass.add(Self.kernel, Int64(1), attributes)
        }
    }
}
