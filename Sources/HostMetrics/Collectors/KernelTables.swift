/// Tables of the kernel that can run full: open files (/proc/sys/fs), entropy (/proc/sys/kernel/random) and tracked
/// connections (/proc/sys/net/netfilter, /proc/<pid>/net/stat/nf_conntrack).
struct FileHandlesCollector: Collector {
    static let kind = CollectorKind.fileHandles

    private static let file = "/proc/sys/fs/file-nr"
    static let count = Metric(
        "system.linux.file_handle.count", .upDownCounter, unit: "{file_handle}",
        "Open files of all processes; a file opened twice counts twice.", source: file)
    static let limit = Metric(
        "system.linux.file_handle.limit", .upDownCounter, unit: "{file_handle}",
        "The most files that can be open.", source: file)
    static let metrics = [count, limit]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let text = try pass.read("proc/sys/fs/file-nr")
            var cursor = LineCursor(text)
            guard try cursor.nextLine() else { throw text.failure("counts of open files") }
            let allocated = try cursor.count("the files allocated")
            let free = try cursor.count("the files allocated and not in use")
            let limit = try cursor.count("the limit of open files")
            pass.add(Self.count, max(0, allocated - free))
            pass.add(Self.limit, limit)
        }
    }
}

struct EntropyCollector: Collector {
    static let kind = CollectorKind.entropy

    static let available = Metric(
        "system.linux.entropy.available", .upDownCounter, unit: "bit",
        "Entropy in the kernel's pool. Since kernel 5.18 it stays at the pool's size.",
        source: "/proc/sys/kernel/random/entropy_avail")
    static let limit = Metric(
        "system.linux.entropy.limit", .upDownCounter, unit: "bit", "Size of the kernel's entropy pool.",
        source: "/proc/sys/kernel/random/poolsize")
    static let metrics = [available, limit]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        for (file, metric) in [("entropy_avail", Self.available), ("poolsize", Self.limit)] {
            pass.attempt { (pass) throws(MetricSourceError) in
                guard let text = try pass.readIfPresent("proc/sys/kernel/random/\(file)") else { return }
                pass.add(metric, try singleCount(text))
            }
        }
    }
}

struct ConntrackCollector: Collector {
    static let kind = CollectorKind.conntrack

    static let count = Metric(
        "system.network.conntrack.count", .upDownCounter, unit: "{connection}", "Connections that netfilter tracks.",
        source: "/proc/sys/net/netfilter/nf_conntrack_count")
    static let limit = Metric(
        "system.network.conntrack.limit", .upDownCounter, unit: "{connection}",
        "The most connections that netfilter can track; beyond it packets are dropped.",
        source: "/proc/sys/net/netfilter/nf_conntrack_max")
    static let events = Metric(
        "system.network.conntrack.events", .counter, unit: "{event}",
        "What became of packets in the table of connections, on all CPUs.", source: "/proc/net/stat/nf_conntrack")
    static let metrics = [count, limit, events]

    static let columns = [
        "found", "invalid", "ignore", "insert", "insert_failed", "drop", "early_drop", "search_restart",
    ]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        // Without the kernel module none of these is there.
        for (file, metric) in [("count", Self.count), ("max", Self.limit)] {
            pass.attempt { (pass) throws(MetricSourceError) in
                guard let text = try pass.readIfPresent("proc/sys/net/netfilter/nf_conntrack_\(file)") else { return }
                pass.add(metric, try singleCount(text))
            }
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readOfHostIfPresent("net/stat/nf_conntrack") else { return }
            let sums = try Self.parse(text)
            for column in Self.columns {
                guard let sum = sums[column] else { continue }
                pass.add(Self.events, sum, [MetricAttribute("system.network.conntrack.event", column)])
            }
        }
    }

    /// Sums of the columns; a line of names, then a line of hexadecimal numbers per CPU.
    static func parse(_ text: SourceText) throws(MetricSourceError) -> [String: Int64] {
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("a line of names") }
        var names: [String] = []
        while let name = cursor.field() { names.append(String(decoding: cursor.bytes(name), as: UTF8.self)) }
        var sums: [String: Int64] = [:]
        while try cursor.nextLine() {
            for name in names {
                guard let value = cursor.hexadecimal(in: try cursor.requiredField("as many numbers as names")) else {
                    throw cursor.failure("a hexadecimal number")
                }
                guard value < 1 << 40 else { throw cursor.failure("a number that is possible") }
                sums[name, default: 0] += value
            }
        }
        guard !sums.isEmpty else { throw text.failure("a line of numbers") }
        return sums
    }
}
