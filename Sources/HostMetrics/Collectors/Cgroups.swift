internal import Primitives

/// Control groups, so each systemd slice and service and each container: /sys/fs/cgroup, version 2 and version 1, and
/// both where a host mounts both (kernel: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/).
///
/// Groups are found from the top down to `CgroupSelection.depth`, the first `CgroupSelection.limit` of them. Walking
/// them costs more than the rest of a sample, so that these points come no more often than
/// `CgroupSelection.interval`, and in the samples between they are not there.
struct CgroupsCollector: Collector {
    static let kind = CollectorKind.cgroups

    private let selection: CgroupSelection
    private var pace: Pace

    init(_ configuration: HostMetricsConfiguration) {
        selection = configuration.cgroups
        pace = Pace(every: selection.interval)
    }

    static var metrics: [Metric] { CgroupMetrics.all }

    mutating func collect(_ pass: inout SamplingPass) {
        guard pace.begin(&pass) else { return }
        defer { pace.end(pass) }
        let top = "sys/fs/cgroup"
        // On a host with version 2 only it is mounted at the top; beside version 1 it is in `unified`.
        for mount in [top, "\(top)/unified"] where pass.exists("\(mount)/cgroup.controllers") {
            // The host's own top has no such file; where it is there, the top is the container we are in.
            if pass.exists("\(mount)/memory.current") {
                CgroupV2.collect(CgroupDirectory(mount: mount, path: ""), &pass)
            }
            walk(mount, &pass) { CgroupV2.collect($0, &$1) }
        }
        for hierarchy in CgroupV1.hierarchies {
            guard let name = hierarchy.names.first(where: { pass.exists("\(top)/\($0)/cgroup.procs") }) else {
                continue
            }
            walk("\(top)/\(name)", &pass) { hierarchy.collect($0, &$1) }
        }
    }

    /// Visits the groups of a hierarchy, those nearer to the top first. The top itself is the host, which the other
    /// collectors tell of.
    private func walk(
        _ mount: String, _ pass: inout SamplingPass, _ visit: (CgroupDirectory, inout SamplingPass) -> Void
    ) {
        var visited = 0
        var level = [""]
        for _ in 0..<selection.depth {
            var below: [String] = []
            for parent in level {
                for name in pass.directories("\(mount)\(parent)") {
                    let path = "\(parent)/\(name)"
                    if selection.excluded.matches(Array(path.utf8)) { continue }
                    if visited == selection.limit {
                        let error = MetricSourceError.Problem.tooMany(limit: selection.limit)
                        pass.report(MetricSourceError(path: pass.reader.path(mount), problem: error))
                        return
                    }
                    below.append(path)
                    if !selection.included.matches(Array(path.utf8)) { continue }
                    visited += 1
                    visit(CgroupDirectory(mount: mount, path: path), &pass)
                }
            }
            level = below
        }
    }
}

/// One group.
struct CgroupDirectory {
    /// Its hierarchy's, below the root path.
    var mount: String
    /// In the hierarchy, with a slash at its start; empty for the top.
    var path: String

    func file(_ name: String) -> String { "\(mount)\(path)/\(name)" }

    var attributes: [MetricAttribute] {
        let path = MetricAttribute("system.linux.cgroup.path", self.path.isEmpty ? "/" : self.path)
        guard let id = containerID else { return [path] }
        return [path, MetricAttribute("container.id", String(id))]
    }

    /// The container that is in the group, by the 64 hexadecimal digits that runtimes put into its name.
    var containerID: Substring? {
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        return name.split { !$0.isHexDigit }.first { $0.utf8.count == 64 }
    }
}

enum CgroupMetrics {
    private static let prefix = "system.linux.cgroup"
    static let cpuTime = Metric(
        "\(prefix).cpu.time", .counter, unit: "s", "CPU time of the group.", source: "cpu.stat; v1: cpuacct.stat")
    static let cpuPeriods = Metric(
        "\(prefix).cpu.periods", .counter, unit: "{period}", "Periods in which the group's CPU quota was enforced.",
        source: "cpu.stat")
    static let cpuThrottledPeriods = Metric(
        "\(prefix).cpu.throttled.periods", .counter, unit: "{period}", "Periods in which the group used its quota up.",
        source: "cpu.stat")
    static let cpuThrottledTime = Metric(
        "\(prefix).cpu.throttled.time", .counter, unit: "s", "Time in which the group could have run and had no quota.",
        source: "cpu.stat")
    static let memoryUsage = Metric(
        "\(prefix).memory.usage", .upDownCounter, unit: "By", "Memory charged to the group, with its caches.",
        source: "memory.current; v1: memory.usage_in_bytes")
    static let memoryLimit = Metric(
        "\(prefix).memory.limit", .upDownCounter, unit: "By", "The group's memory limit, where it has one.",
        source: "memory.max; v1: memory.limit_in_bytes")
    static let memoryDetail = Metric(
        "\(prefix).memory.detail", .upDownCounter, unit: "By",
        "Parts of the group's memory. They overlap: inactive_file is in file.", source: "memory.stat")
    static let swapUsage = Metric(
        "\(prefix).paging.usage", .upDownCounter, unit: "By", "Swap space that the group uses.",
        source: "memory.swap.current")
    static let outOfMemoryKills = Metric(
        "\(prefix).memory.oom_kills", .counter, unit: "{process}",
        "Processes of the group killed because memory ran out.",
        source: "memory.events; v1: memory.oom_control")
    static let diskIO = Metric(
        "\(prefix).disk.io", .counter, unit: "By", "Bytes the group read from and wrote to all devices.",
        source: "io.stat; v1: blkio.throttle.io_service_bytes")
    static let diskOperations = Metric(
        "\(prefix).disk.operations", .counter, unit: "{operation}", "Operations of the group on all devices.",
        source: "io.stat; v1: blkio.throttle.io_serviced")
    static let tasks = Metric(
        "\(prefix).task.count", .upDownCounter, unit: "{task}", "Processes and threads in the group.",
        source: "pids.current")
    static let taskLimit = Metric(
        "\(prefix).task.limit", .upDownCounter, unit: "{task}",
        "The most tasks the group may have, where it has a limit.",
        source: "pids.max")
    static let pressure = Metric(
        "\(prefix).pressure.total", .counter, unit: "s", "Time in which some or all of the group's tasks waited.",
        source: "cpu.pressure, memory.pressure, io.pressure")

    static let all = [
        cpuTime, cpuPeriods, cpuThrottledPeriods, cpuThrottledTime, memoryUsage, memoryLimit, memoryDetail, swapUsage,
        outOfMemoryKills, diskIO, diskOperations, tasks, taskLimit, pressure,
    ]
}

/// Files of lines `name number`, which most of cgroup's are.
func namedCounts(_ text: SourceText) throws(MetricSourceError) -> [String: Int64] {
    var counts: [String: Int64] = [:]
    var cursor = LineCursor(text)
    while try cursor.nextLine() {
        let name = try cursor.requiredField("a name and a number")
        counts[String(decoding: cursor.bytes(name), as: UTF8.self)] = try cursor.count("a whole number after the name")
    }
    guard !counts.isEmpty else { throw text.failure("lines of a name and a number") }
    return counts
}

/// A file with one number, or the word `max` where there is no limit.
func limit(_ text: SourceText) throws(MetricSourceError) -> Int64? {
    if text.count == 4, text.bytes[..<4].elementsEqual("max\n".utf8) { return nil }
    return try singleCount(text)
}

extension SamplingPass {
    /// Reads a file that need not be there, and hands what a parser made of it on; a failure is reported.
    mutating func withFile<Value>(
        _ path: String, _ parse: (SourceText) throws(MetricSourceError) -> Value,
        _ use: (Value, inout SamplingPass) -> Void
    ) {
        attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readIfVanishing(path) else { return }
            use(try parse(text), &pass)
        }
    }

    /// As `readIfPresent`, for what may go while it is read: a group, a process or a device that ends.
    mutating func readIfVanishing(_ path: String) throws(MetricSourceError) -> SourceText? {
        do throws(MetricSourceError) {
            return try readPressure(path)
        } catch {
            if error.isDisappearance { return nil }
            throw error
        }
    }
}
