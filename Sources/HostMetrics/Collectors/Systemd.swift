internal import Glibc
internal import SystemPackage

/// In which states the units of systemd are: asked of systemd over D-Bus, on a thread of its own (`UnitProbe`). Off by
/// default.
///
/// Where the bus or libsystemd is missing, or does not answer, what the file system tells is told: systemd keeps a link
/// `invocation:<unit>` in /run/systemd/units for each unit from when it is started until it is inactive or has failed
/// (src/core/unit.c, `unit_notify`: "Make sure the cgroup and state files are always removed when we become
/// inactive"). So a unit with one is active (or about to be, or reloading), and one that is wanted by the system (the
/// directories `*.wants` and `*.requires` below /etc/systemd/system and /run/systemd/system) and has none is inactive
/// or has failed. Groups under /sys/fs/cgroup tell less, because only units with processes have one.
struct SystemdCollector: Collector {
    static let kind = CollectorKind.systemd

    private static let bus = "ListUnits of org.freedesktop.systemd1 over D-Bus"
    static let state = Metric(
        "systemd.unit.state", .upDownCounter, unit: "{unit}",
        "1 for the state in which the unit is, 0 for the others. Without D-Bus there are active and inactive only, and "
            + "what has failed is inactive.",
        source: "\(bus); else /run/systemd/units, /etc/systemd/system/*.wants")
    static let count = Metric(
        "systemd.unit.count", .upDownCounter, unit: "{unit}",
        "Units by state: all of them, also those that are not told one by one.", source: bus)
    static let running = Metric(
        "systemd.system.running", .gauge, unit: "1",
        "1 where the system is up and no unit has failed (`systemctl is-system-running`), otherwise 0.",
        source: "SystemState of org.freedesktop.systemd1 over D-Bus")
    static let metrics = [state, count, running]

    private static let units = "run/systemd/units"
    private static let link = "invocation:"

    private let selection: SystemdSelection
    private let address: String
    private var pace: Pace
    private let probe = UnitProbe()

    init(_ configuration: HostMetricsConfiguration) {
        selection = configuration.systemd
        pace = Pace(every: selection.interval)
        address = selection.busAddress ?? Self.busAddress(below: configuration.rootPath)
    }

    mutating func collect(_ pass: inout SamplingPass) {
        if probe.isAsking {
            takeLateAnswer(&pass)
            return
        }
        guard pace.begin(&pass) else { return }
        defer { pace.end(pass) }
        // Where systemd does not run there is nobody to ask.
        let active = activeUnits(&pass)
        if active.isEmpty { return }
        guard selection.asksBus else {
            addLinked(active, to: &pass)
            return
        }
        probe.ask(selection, at: address)
        if let answer = probe.answer(within: selection.patience) { add(answer, &pass) }
    }

    /// To a question of a sample before.
    private mutating func takeLateAnswer(_ pass: inout SamplingPass) {
        if let answer = probe.answer(within: .zero) {
            pace.resume(pass)
            add(answer, &pass)
            pace.end(pass)
        } else if pace.begin(&pass) {
            pass.report(MetricSourceError(path: FilePath(address), problem: .unanswered(within: selection.interval)))
            addLinked(activeUnits(&pass), to: &pass)
            pace.end(pass)
        }
    }

    private func add(_ answer: UnitProbe.Answer, _ pass: inout SamplingPass) {
        switch answer {
        case .success(let listing): add(listing, to: &pass)
        case .failure(let error):
            pass.report(error)
            addLinked(activeUnits(&pass), to: &pass)
        }
    }

    private func add(_ listing: UnitListing, to pass: inout SamplingPass) {
        if listing.isCut { reportLimit(&pass) }
        for unit in listing.units {
            let states = UnitState.common.contains(unit.state) ? UnitState.common : UnitState.common + [unit.state]
            for state in states { add(unit.name, state, state == unit.state, to: &pass) }
        }
        for state in UnitState.allCases {
            let count = listing.counts[state] ?? 0
            if count == 0, !UnitState.common.contains(state) { continue }
            pass.add(Self.count, count, [Self.attribute(state)])
        }
        if let state = listing.systemState { pass.add(Self.running, Int64(state == "running" ? 1 : 0)) }
    }

    private func reportLimit(_ pass: inout SamplingPass) {
        pass.report(
            MetricSourceError(path: pass.reader.path(Self.units), problem: .tooMany(limit: selection.limit)))
    }

    private func add(_ unit: String, _ state: UnitState, _ isOn: Bool, to pass: inout SamplingPass) {
        let type = unit.lastIndex(of: ".").map { String(unit[unit.index(after: $0)...]) } ?? ""
        pass.add(
            Self.state, Int64(isOn ? 1 : 0),
            [
                MetricAttribute("systemd.unit.name", unit), MetricAttribute("systemd.unit.type", type),
                Self.attribute(state),
            ])
    }

    private static func attribute(_ state: UnitState) -> MetricAttribute {
        MetricAttribute("systemd.unit.active_state", state.rawValue)
    }

    /// As dbus-daemon(1) has it, but for a host that is seen from a container: there the variable is the container's.
    private static func busAddress(below root: FilePath) -> String {
        if root == "/", let set = unsafe getenv("DBUS_SYSTEM_BUS_ADDRESS") { return unsafe String(cString: set) }
        return "unix:path=\(escaped(root.appending("run/dbus/system_bus_socket").string))"
    }

    /// The D-Bus specification, "Server Addresses": other bytes than these are written in hexadecimal.
    private static func escaped(_ path: String) -> String {
        path.utf8.reduce(into: "") { result, byte in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"),
                UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "*"):
                result.unicodeScalars.append(UnicodeScalar(byte))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }
}

/// What the file system tells.
extension SystemdCollector {
    private func activeUnits(_ pass: inout SamplingPass) -> Set<String> {
        Set(pass.entries(Self.units).filter { $0.hasPrefix(Self.link) }.map { String($0.dropFirst(Self.link.count)) })
    }

    private func addLinked(_ active: Set<String>, to pass: inout SamplingPass) {
        let units = active.union(wanted(&pass)).filter { selection.includes(Array($0.utf8)) }.sorted()
        if units.count > selection.limit { reportLimit(&pass) }
        for unit in units.prefix(selection.limit) {
            let isActive = active.contains(unit)
            add(unit, .active, isActive, to: &pass)
            add(unit, .inactive, !isActive, to: &pass)
        }
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
}
