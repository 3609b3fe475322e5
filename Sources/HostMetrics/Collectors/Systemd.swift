internal import SystemPackage

/// Which units of systemd are active, without asking systemd: /run/systemd/units and the directories `*.wants` and
/// `*.requires` below /etc/systemd/system and /run/systemd/system. Off by default.
///
/// systemd keeps a link `invocation:<unit>` for each unit from when it is started until it is inactive or has failed
/// (src/core/unit.c, `unit_notify`: "Make sure the cgroup and state files are always removed when we become
/// inactive"). So a unit with one is active (or about to be, or reloading), and one that is wanted by the system and has
/// none is inactive or has failed. Which of the two, only systemd knows, which tells it by D-Bus alone; groups under
/// /sys/fs/cgroup tell less, because only units with processes have one.
struct SystemdCollector: Collector {
    static let kind = CollectorKind.systemd

    static let state = Metric(
        "systemd.unit.state", .upDownCounter, unit: "{unit}",
        "1 for the state in which the unit is, 0 for the other. What has failed is inactive.",
        source: "/run/systemd/units, /etc/systemd/system/*.wants")
    static let metrics = [state]

    private static let units = "run/systemd/units"
    private static let link = "invocation:"

    private let selection: SystemdSelection
    private var collected: ContinuousClock.Instant?

    init(_ configuration: HostMetricsConfiguration) { selection = configuration.systemd }

    mutating func collect(_ pass: inout SamplingPass) {
        if let collected, pass.instant - collected < selection.interval { return }
        collected = pass.instant
        let active = Set(
            pass.entries(Self.units).filter { $0.hasPrefix(Self.link) }.map { String($0.dropFirst(Self.link.count)) })
        // Where systemd does not run, nothing is wanted of it.
        if active.isEmpty { return }
        let units = active.union(wanted(&pass)).filter { selection.includes(Array($0.utf8)) }.sorted()
        if units.count > selection.limit {
            pass.report(
                MetricSourceError(
                    path: pass.reader.path(Self.units), problem: .tooMany(limit: selection.limit)))
        }
        for unit in units.prefix(selection.limit) { add(unit, isActive: active.contains(unit), to: &pass) }
    }

    /// What the system is to start, by its configuration.
    private func wanted(_ pass: inout SamplingPass) -> Set<String> {
        var units: Set<String> = []
        for directory in ["etc/systemd/system", "run/systemd/system"] {
            for name in pass.entries(directory) where name.hasSuffix(".wants") || name.hasSuffix(".requires") {
                units.formUnion(pass.entries("\(directory)/\(name)"))
            }
        }
        return units
    }

    private func add(_ unit: String, isActive: Bool, to pass: inout SamplingPass) {
        let type = unit.lastIndex(of: ".").map { String(unit[unit.index(after: $0)...]) } ?? ""
        let attributes = [MetricAttribute("systemd.unit.name", unit), MetricAttribute("systemd.unit.type", type)]
        for (state, isOn) in [("active", isActive), ("inactive", !isActive)] {
            pass.add(
                Self.state, Int64(isOn ? 1 : 0), attributes + [MetricAttribute("systemd.unit.active_state", state)])
        }
    }
}
