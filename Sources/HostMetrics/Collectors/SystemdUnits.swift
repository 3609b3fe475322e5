internal import CLinux
internal import Glibc
internal import SystemPackage

/// The states of systemd's units (systemd(1); `active_state_table` in its src/basic/unit-def.c).
enum UnitState: String, CaseIterable, Sendable {
    case active, reloading, inactive, failed, activating, deactivating
    /// Of mounts that have to be checked, and of units that load what they show anew; told where a unit is in it.
    case maintenance, refreshing
    /// One that a later systemd has.
    case other

    static let common: [UnitState] = [.active, .reloading, .inactive, .failed, .activating, .deactivating]
}

/// What systemd says of its units.
struct UnitListing: Sendable {
    struct Unit: Sendable {
        var name: String
        var state: UnitState
    }

    /// Those that were asked for, by name: the first of them, up to the limit.
    var units: [Unit] = []
    var isCut = false
    /// Of all units there are.
    var counts: [UnitState: Int64] = [:]
    /// `running`, `degraded`, … (`systemctl is-system-running`).
    var systemState: String?

    /// What it takes to keep the first by name of many.
    private mutating func keep(_ unit: Unit, limit: Int) {
        units.append(unit)
        if units.count >= 2 * limit { cut(to: limit) }
    }

    private mutating func cut(to limit: Int) {
        units.sort { $0.name < $1.name }
        if units.count > limit {
            units.removeLast(units.count - limit)
            isCut = true
        }
    }
}

extension UnitListing {
    /// Asks systemd, over D-Bus, by its method ListUnits (org.freedesktop.systemd1(5)). Blocks, for the deadline at most.
    ///
    /// However many units there are, no more than twice the limit are kept while they are read.
    init(_ selection: SystemdSelection, at address: String) throws(MetricSourceError) {
        var failure = tributary_systemd_failure()
        let (seconds, attoseconds) = selection.deadline.components
        let limit = UInt64(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        guard let answer = unsafe tributary_systemd_ask(address, limit, &failure) else {
            throw MetricSourceError(path: FilePath(address), problem: Self.problem(failure, selection))
        }
        defer { unsafe tributary_systemd_free(answer) }
        if let state = unsafe tributary_systemd_state(answer) { unsafe systemState = String(cString: state) }
        var unit = unsafe tributary_systemd_unit()
        while true {
            let result = unsafe tributary_systemd_next(answer, &unit)
            if result == 0 { break }
            if result < 0 {
                throw MetricSourceError(path: FilePath(address), problem: .unreadable(Errno(rawValue: -result)))
            }
            let state = unsafe UnitState(rawValue: String(cString: unit.active_state)) ?? .other
            counts[state, default: 0] += 1
            // What others need and nobody has is a unit too, to systemd.
            guard unsafe strcmp(unit.load_state, "loaded") == 0 else { continue }
            let name = unsafe String(cString: unit.name)
            if selection.includes(Array(name.utf8)) { keep(Unit(name: name, state: state), limit: selection.limit) }
        }
        cut(to: selection.limit)
    }

    private static func problem(
        _ failure: tributary_systemd_failure, _ selection: SystemdSelection
    ) -> MetricSourceError.Problem {
        switch failure.problem {
        case TRIBUTARY_SYSTEMD_NO_LIBRARY: return .noLibrary("libsystemd.so.0 is not installed")
        case TRIBUTARY_SYSTEMD_OLD_LIBRARY: return .noLibrary("libsystemd.so.0 is older than version 237")
        case TRIBUTARY_SYSTEMD_REFUSED:
            let name = unsafe withUnsafeBytes(of: failure.name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            return .refused(name)
        default:
            let number = failure.number
            return number == ETIMEDOUT ? .unanswered(within: selection.deadline) : .unreadable(Errno(rawValue: number))
        }
    }
}
