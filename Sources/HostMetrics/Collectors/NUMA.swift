/// Memory by NUMA node: /sys/devices/system/node/node*/{meminfo,numastat}.
struct NUMACollector: Collector {
    static let kind = CollectorKind.numa

    static let usage = Metric(
        "system.numa.memory.usage", .upDownCounter, unit: "By", "Memory of the node by state.",
        source: "/sys/devices/system/node/*/meminfo")
    static let limit = Metric(
        "system.numa.memory.limit", .upDownCounter, unit: "By", "Memory of the node.",
        source: "/sys/devices/system/node/*/meminfo")
    static let allocations = Metric(
        "system.numa.allocations", .counter, unit: "{page}", "Pages allocated on the node, by how that came about.",
        source: "/sys/devices/system/node/*/numastat")
    static let metrics = [usage, limit, allocations]

    private static let top = "sys/devices/system/node"

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        for name in pass.entries(Self.top) {
            guard name.hasPrefix("node"), let number = Int64(name.dropFirst(4)) else { continue }
            let node = MetricAttribute("system.numa.node", .integer(number))
            pass.withFile("\(Self.top)/\(name)/meminfo", Self.parseMemory) { memory, pass in
                pass.add(Self.limit, memory.total, [node])
                for (state, bytes) in [("used", memory.total - memory.free), ("free", memory.free)] {
                    pass.add(Self.usage, bytes, [node, MetricAttribute("system.memory.state", state)])
                }
            }
            pass.withFile("\(Self.top)/\(name)/numastat", namedCounts) { counts, pass in
                for (kind, pages) in counts.sorted(by: { $0.key < $1.key }) {
                    pass.add(Self.allocations, pages, [node, MetricAttribute("system.numa.allocation.type", kind)])
                }
            }
        }
    }

    /// Lines as of /proc/meminfo, each with `Node 0` before it.
    static func parseMemory(_ text: SourceText) throws(MetricSourceError) -> (total: Int64, free: Int64) {
        var info = MemoryInfo()
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            try cursor.skipFields(2)
            guard let name = cursor.field(upTo: UInt8(ascii: ":")) else { throw cursor.failure("a name and a colon") }
            try info.take(name, &cursor)
        }
        guard let total = info[.total], let free = info[.free], free <= total else {
            throw text.failure("lines MemTotal and MemFree")
        }
        return (total, free)
    }
}
