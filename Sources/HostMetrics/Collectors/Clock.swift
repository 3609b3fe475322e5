internal import SystemPackage

/// How well the host's clock is kept by ntpd, chrony or systemd-timesyncd: adjtimex(2), which changes nothing here.
///
/// The numbers of a pulse-per-second signal are left out: next to no host has one.
struct ClockCollector: Collector {
    static let kind = CollectorKind.clock

    private static let source = "adjtimex(2)"
    static let synchronized = Metric(
        "system.clock.synchronized", .upDownCounter, unit: "1", "1 where the clock is kept by another, otherwise 0.",
        source: source)
    static let offset = Metric(
        "system.clock.offset", .gauge, unit: "s", "How far the clock is from what it is kept by.", source: source)
    static let frequency = Metric(
        "system.clock.frequency.adjustment", .gauge, unit: "1",
        "By how much the clock is made to go faster: 1 is not at all.", source: source)
    static let maximumError = Metric(
        "system.clock.error.maximum", .gauge, unit: "s",
        "The most that the clock can be wrong; it grows until the clock is set right again, up to 16 s.",
        source: source)
    static let estimatedError = Metric(
        "system.clock.error.estimated", .gauge, unit: "s", "What the clock is believed to be wrong.", source: source)
    static let status = Metric(
        "system.clock.status", .gauge, unit: "1", "The kernel's status bits (STA_…) as a number.", source: source)
    static let timeConstant = Metric(
        "system.clock.time_constant", .gauge, unit: "1", "Time constant of the loop that keeps the clock.",
        source: source)
    static let tick = Metric(
        "system.clock.tick", .gauge, unit: "s", "Time between two ticks of the clock.", source: source)
    static let taiOffset = Metric(
        "system.clock.tai.offset", .gauge, unit: "s", "International atomic time minus the clock, where it was told.",
        source: source)
    static let metrics = [
        synchronized, offset, frequency, maximumError, estimatedError, status, timeConstant, tick, taiOffset,
    ]

    /// What adjtimex(2) returns for a clock that is not synchronised (TIME_ERROR).
    private static let errorState: Int64 = 5
    /// Status bit: the offset is in nanoseconds (STA_NANO).
    private static let nanoseconds: Int64 = 0x2000

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        let found: ClockDiscipline
        do throws(Errno) {
            found = try pass.kernel.discipline()
        } catch {
            pass.report(MetricSourceError(path: "adjtimex(2)", problem: .unreadable(error)))
            return
        }
        let isFine = found.status & Self.nanoseconds != 0
        pass.add(Self.synchronized, Int64(found.state == Self.errorState ? 0 : 1))
        pass.add(Self.offset, Double(found.offset) / (isFine ? 1e9 : 1e6))
        pass.add(Self.frequency, 1 + Double(found.frequency) / 65_536e6)
        pass.add(Self.maximumError, Double(found.maximumError) / 1e6)
        pass.add(Self.estimatedError, Double(found.estimatedError) / 1e6)
        pass.add(Self.status, Double(found.status))
        pass.add(Self.timeConstant, Double(found.timeConstant))
        pass.add(Self.tick, Double(found.tick) / 1e6)
        pass.add(Self.taiOffset, Double(found.taiOffset))
    }
}
