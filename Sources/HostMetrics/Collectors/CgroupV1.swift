/// A controller's hierarchy of cgroup version 1, where each controller has groups of its own.
enum CgroupV1: CaseIterable {
    case cpuAccounting, cpu, memory, pids, blkio

    static var hierarchies: [CgroupV1] { allCases }

    /// Where it may be mounted below /sys/fs/cgroup; controllers can share a hierarchy.
    var names: [String] {
        switch self {
        case .cpuAccounting: ["cpu,cpuacct", "cpuacct,cpu", "cpuacct"]
        case .cpu: ["cpu,cpuacct", "cpuacct,cpu", "cpu"]
        case .memory: ["memory"]
        case .pids: ["pids"]
        case .blkio: ["blkio"]
        }
    }

    func collect(_ group: CgroupDirectory, _ pass: inout SamplingPass) {
        let attributes = group.attributes
        switch self {
        case .cpuAccounting: collectCPUTime(group, attributes, &pass)
        case .cpu: collectThrottling(group, attributes, &pass)
        case .memory: collectMemory(group, attributes, &pass)
        case .pids:
            for (file, metric) in [("pids.current", CgroupMetrics.tasks), ("pids.max", CgroupMetrics.taskLimit)] {
                pass.withFile(group.file(file), limit) { count, pass in
                    if let count { pass.add(metric, count, attributes) }
                }
            }
        case .blkio: collectDisks(group, attributes, &pass)
        }
    }

    private func collectCPUTime(
        _ group: CgroupDirectory, _ attributes: [MetricAttribute], _ pass: inout SamplingPass
    ) {
        pass.withFile(group.file("cpuacct.stat"), namedCounts) { counts, pass in
            for mode in ["user", "system"] {
                guard let ticks = counts[mode] else { continue }
                pass.add(
                    CgroupMetrics.cpuTime, Double(ticks) / Double(ticksPerSecond),
                    attributes + [MetricAttribute("cpu.mode", mode)])
            }
        }
    }

    private func collectThrottling(
        _ group: CgroupDirectory, _ attributes: [MetricAttribute], _ pass: inout SamplingPass
    ) {
        pass.withFile(group.file("cpu.stat"), namedCounts) { counts, pass in
            if let periods = counts["nr_periods"] { pass.add(CgroupMetrics.cpuPeriods, periods, attributes) }
            if let periods = counts["nr_throttled"] { pass.add(CgroupMetrics.cpuThrottledPeriods, periods, attributes) }
            if let nanoseconds = counts["throttled_time"] {
                pass.add(CgroupMetrics.cpuThrottledTime, Double(nanoseconds) / 1e9, attributes)
            }
        }
    }

    private func collectMemory(
        _ group: CgroupDirectory, _ attributes: [MetricAttribute], _ pass: inout SamplingPass
    ) {
        pass.withFile(group.file("memory.usage_in_bytes"), singleCount) { bytes, pass in
            pass.add(CgroupMetrics.memoryUsage, bytes, attributes)
        }
        pass.withFile(group.file("memory.limit_in_bytes"), singleCount) { bytes, pass in
            // No limit is written as the largest number of whole pages.
            if bytes < 1 << 60 { pass.add(CgroupMetrics.memoryLimit, bytes, attributes) }
        }
        pass.withFile(group.file("memory.stat"), namedCounts) { counts, pass in
            let parts = [
                ("total_rss", "anon"), ("total_cache", "file"), ("total_shmem", "shmem"),
                ("total_active_anon", "active_anon"), ("total_inactive_anon", "inactive_anon"),
                ("total_active_file", "active_file"), ("total_inactive_file", "inactive_file"),
                ("total_unevictable", "unevictable"),
            ]
            for (name, part) in parts {
                guard let bytes = counts[name] else { continue }
                pass.add(
                    CgroupMetrics.memoryDetail, bytes,
                    attributes + [MetricAttribute("system.linux.cgroup.memory.part", part)])
            }
            if let bytes = counts["total_swap"] { pass.add(CgroupMetrics.swapUsage, bytes, attributes) }
        }
        pass.withFile(group.file("memory.oom_control"), namedCounts) { counts, pass in
            if let kills = counts["oom_kill"] { pass.add(CgroupMetrics.outOfMemoryKills, kills, attributes) }
        }
    }

    private func collectDisks(
        _ group: CgroupDirectory, _ attributes: [MetricAttribute], _ pass: inout SamplingPass
    ) {
        let metrics = [
            ("blkio.throttle.io_service_bytes", CgroupMetrics.diskIO),
            ("blkio.throttle.io_serviced", CgroupMetrics.diskOperations),
        ]
        for (file, metric) in metrics {
            pass.withFile(group.file(file), Self.parseDisks) { sums, pass in
                for (direction, sum) in [("read", sums.read), ("write", sums.write)] {
                    pass.add(metric, sum, attributes + [MetricAttribute("disk.io.direction", direction)])
                }
            }
        }
    }

    /// Lines `8:0 Read 4096`, and `Total 4096` at the end.
    static func parseDisks(_ text: SourceText) throws(MetricSourceError) -> (read: Int64, write: Int64) {
        var sums: (read: Int64, write: Int64) = (0, 0)
        var isComplete = false
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            let device = try cursor.requiredField("a device")
            if cursor.matches(device, "Total") {
                isComplete = true
                continue
            }
            let kind = try cursor.requiredField("a kind of operation")
            if cursor.matches(kind, "Read") {
                sums.read = sums.read &+ (try cursor.count(below: 1 << 58))
            } else if cursor.matches(kind, "Write") {
                sums.write = sums.write &+ (try cursor.count(below: 1 << 58))
            }
        }
        guard isComplete else { throw text.failure("a line Total") }
        return sums
    }
}
