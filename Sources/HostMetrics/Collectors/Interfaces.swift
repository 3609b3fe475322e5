internal import FileAccess
internal import SystemPackage

/// What network interfaces are and in which state their links are: /sys/class/net; the neighbours that are known:
/// /proc/<pid>/net/arp; and what became of received packets before a protocol took them: /proc/<pid>/net/softnet_stat.
///
/// These are some twenty files per interface, of which some (`speed`, `duplex`, `carrier`) ask the driver and wait for a
/// lock of all of networking. So they are read on a thread of their own (`DeadlineProbe`), no more often than
/// `scanInterval`; in the samples between the points are not there.
struct InterfacesCollector: Collector {
    static let kind = CollectorKind.interfaces

    static var metrics: [Metric] { LinkMetrics.all + [neighbours] + SoftnetMetrics.all }

    static let neighbours = Metric(
        "system.network.arp.count", .upDownCounter, unit: "{entry}", "Neighbours that are known, of IPv4.",
        source: "/proc/net/arp")

    private static let links = "sys/class/net"

    private let selection: InterfaceSelection
    private let perCPU: Bool
    private var pace: Pace
    private var probe: DeadlineProbe<Link>?

    init(_ configuration: HostMetricsConfiguration) {
        selection = configuration.interfaces
        perCPU = configuration.perCPU
        pace = Pace(every: configuration.scanInterval)
    }

    mutating func collect(_ pass: inout SamplingPass) {
        guard pace.begin(&pass) else { return }
        defer { pace.end(pass) }
        collectLinks(&pass)
        pass.attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readOfHostIfPresent("net/arp") else { return }
            for (device, count) in try Self.neighbours(text) where selection.includes(device) {
                pass.add(Self.neighbours, count, [MetricAttribute("network.interface.name", device)])
            }
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readOfHostIfPresent("net/softnet_stat") else { return }
            SoftnetCounts.add(try SoftnetCounts.parse(text), perCPU: perCPU, to: &pass)
        }
    }

    private mutating func collectLinks(_ pass: inout SamplingPass) {
        let names = pass.entries(Self.links).filter { selection.includes(Array($0.utf8)) }
        if names.count > selection.limit {
            let problem = MetricSourceError.Problem.tooMany(limit: selection.limit)
            pass.report(MetricSourceError(path: pass.reader.path(Self.links), problem: problem))
        }
        let probe = self.probe ?? Self.probe(pass.fileSystem)
        self.probe = probe
        let taken = names.prefix(selection.limit)
        let paths = taken.map { pass.reader.path("\(Self.links)/\($0)") }
        for (name, answer) in zip(taken, probe.answers(for: paths, within: selection.deadline)) {
            switch answer {
            case .success(let link):
                for error in link.errors { pass.report(error) }
                link.add(to: &pass, name: name)
            case .failure(let error): pass.report(error)
            }
        }
    }

    private static func probe(_ fileSystem: any FileSystem) -> DeadlineProbe<Link> {
        DeadlineProbe { path in .success(Link(at: path, fileSystem)) }
    }

    /// Entries by interface, the last column, in the order of the interfaces' names.
    static func neighbours(_ text: SourceText) throws(MetricSourceError) -> [(device: [UInt8], count: Int64)] {
        var counts: [[UInt8]: Int64] = [:]
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("a table with headings") }
        while try cursor.nextLine() {
            try cursor.skipFields(5)
            counts[cursor.bytes(try cursor.requiredField("an interface")), default: 0] += 1
        }
        return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}
