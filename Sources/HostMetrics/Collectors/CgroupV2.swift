/// A group of cgroup version 2. A file is there only where its controller is enabled for the group.
enum CgroupV2 {
    private static let memoryParts = [
        "anon", "file", "kernel", "shmem", "slab", "sock", "active_anon", "inactive_anon", "active_file",
        "inactive_file", "unevictable",
    ]

    static func collect(_ group: CgroupDirectory, _ pass: inout SamplingPass) {
        let attributes = group.attributes
        pass.withFile(group.file("cpu.stat"), namedCounts) { counts, pass in
            for (name, mode) in [("user_usec", "user"), ("system_usec", "system")] {
                guard let microseconds = counts[name] else { continue }
                pass.add(
                    CgroupMetrics.cpuTime, Double(microseconds) / 1e6,
                    attributes + [MetricAttribute("cpu.mode", mode)])
            }
            if let periods = counts["nr_periods"] { pass.add(CgroupMetrics.cpuPeriods, periods, attributes) }
            if let periods = counts["nr_throttled"] { pass.add(CgroupMetrics.cpuThrottledPeriods, periods, attributes) }
            if let microseconds = counts["throttled_usec"] {
                pass.add(CgroupMetrics.cpuThrottledTime, Double(microseconds) / 1e6, attributes)
            }
        }
        for (file, metric) in [
            ("memory.current", CgroupMetrics.memoryUsage), ("memory.max", CgroupMetrics.memoryLimit),
            ("memory.swap.current", CgroupMetrics.swapUsage), ("pids.current", CgroupMetrics.tasks),
            ("pids.max", CgroupMetrics.taskLimit),
        ] {
            pass.withFile(group.file(file), limit) { count, pass in
                if let count { pass.add(metric, count, attributes) }
            }
        }
        pass.withFile(group.file("memory.stat"), namedCounts) { counts, pass in
            for part in memoryParts {
                guard let bytes = counts[part] else { continue }
                pass.add(
                    CgroupMetrics.memoryDetail, bytes,
                    attributes + [MetricAttribute("system.linux.cgroup.memory.part", part)])
            }
        }
        pass.withFile(group.file("memory.events"), namedCounts) { counts, pass in
            if let kills = counts["oom_kill"] { pass.add(CgroupMetrics.outOfMemoryKills, kills, attributes) }
        }
        pass.withFile(group.file("io.stat"), parseIO) { work, pass in add(work, attributes, &pass) }
        for resource in ["cpu", "memory", "io"] {
            pass.withFile(group.file("\(resource).pressure"), Stall.parse) { stalls, pass in
                for stall in stalls {
                    pass.add(
                        CgroupMetrics.pressure, Double(stall.microseconds) / 1e6,
                        attributes + [
                            MetricAttribute("system.linux.pressure.resource", resource),
                            MetricAttribute("system.linux.pressure.stall_type", stall.type),
                        ])
                }
            }
        }
    }

    /// Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`; a device that did nothing may have no more than its
    /// number. Other controllers add fields of their own. The file is empty where nothing was done.
    static func parseIO(_ text: SourceText) throws(MetricSourceError) -> CgroupWork {
        var work = CgroupWork()
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            _ = try cursor.requiredField("a device")
            while let field = cursor.field() {
                guard let name = fields.first(where: { cursor.starts(field, with: $0) }) else { continue }
                let number = field.lowerBound + name.utf8.count..<field.upperBound
                guard let count = cursor.number(in: number), count < 1 << 58 else {
                    throw cursor.failure("\(name) and a whole number")
                }
                switch name {
                case "rbytes=": work.readBytes &+= count
                case "wbytes=": work.writtenBytes &+= count
                case "rios=": work.reads &+= count
                default: work.writes &+= count
                }
            }
        }
        return work
    }

    private static let fields = ["rbytes=", "wbytes=", "rios=", "wios="]

    static func add(_ work: CgroupWork, _ attributes: [MetricAttribute], _ pass: inout SamplingPass) {
        let read = attributes + [MetricAttribute("disk.io.direction", "read")]
        let write = attributes + [MetricAttribute("disk.io.direction", "write")]
        pass.add(CgroupMetrics.diskIO, work.readBytes, read)
        pass.add(CgroupMetrics.diskIO, work.writtenBytes, write)
        pass.add(CgroupMetrics.diskOperations, work.reads, read)
        pass.add(CgroupMetrics.diskOperations, work.writes, write)
    }
}

/// What a group did on all devices together.
struct CgroupWork: Equatable {
    var readBytes: Int64 = 0
    var writtenBytes: Int64 = 0
    var reads: Int64 = 0
    var writes: Int64 = 0
}
