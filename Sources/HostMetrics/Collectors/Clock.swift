internal import Primitives
internal import SystemPackage

/// How well the host's clock is kept by ntpd, chrony or systemd-timesyncd: adjtimex(2), which changes nothing here.
/// With it what it tells of a signal of a pulse per second, which is all zeros on most hosts, and what the clock shows.
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
    static let time = Metric(
        "system.clock.time", .gauge, unit: "s", "What the clock shows, in seconds since 1970.",
        source: "clock_gettime(2)")
    static let pulseFrequency = Metric(
        "system.clock.pulse.frequency", .gauge, unit: "Hz",
        "Frequency of the pulse per second, off from what it is meant to be.",
        source: source)
    static let pulseJitter = Metric(
        "system.clock.pulse.jitter", .gauge, unit: "s", "Jitter of the pulse per second.", source: source)
    static let pulseShift = Metric(
        "system.clock.pulse.shift", .gauge, unit: "1",
        "Binary logarithm of the seconds between two calibrations by the pulse.", source: source)
    static let pulseStability = Metric(
        "system.clock.pulse.stability", .gauge, unit: "Hz", "How much the pulse's frequency changed of late.",
        source: source)
    static let pulseEvents = Metric(
        "system.clock.pulse.events", .counter, unit: "{event}",
        "Calibrations by the pulse, those that failed, and times that its jitter or stability was beyond the limit.",
        source: source)
    static let metrics = [
        synchronized, offset, frequency, maximumError, estimatedError, status, timeConstant, tick, taiOffset, time,
        pulseFrequency, pulseJitter, pulseShift, pulseStability, pulseEvents,
    ]

    /// What adjtimex(2) returns for a clock that is not synchronised (TIME_ERROR).
    private static let errorState: Int64 = 5
    /// The kernel's frequencies are in parts per million, times 2^16.
    private static let wholeFrequency = 65_536e6
    /// Status bit: the offset is in nanoseconds (STA_NANO).
    private static let nanoseconds: Int64 = 0x2000

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.add(Self.time, Double(pass.timestamp.milliseconds) / 1000)
        let found: ClockDiscipline
        do throws(Errno) {
            found = try pass.kernel.discipline()
        } catch {
            pass.report(MetricSourceError(path: "adjtimex(2)", problem: .unreadable(error)))
            return
        }
        let fraction = found.status & Self.nanoseconds != 0 ? 1e9 : 1e6
        pass.add(Self.synchronized, Int64(found.state == Self.errorState ? 0 : 1))
        pass.add(Self.offset, Double(found.offset) / fraction)
        pass.add(Self.frequency, 1 + Double(found.frequency) / Self.wholeFrequency)
        pass.add(Self.maximumError, Double(found.maximumError) / 1e6)
        pass.add(Self.estimatedError, Double(found.estimatedError) / 1e6)
        pass.add(Self.status, Double(found.status))
        pass.add(Self.timeConstant, Double(found.timeConstant))
        pass.add(Self.tick, Double(found.tick) / 1e6)
        pass.add(Self.taiOffset, Double(found.taiOffset))
        add(found.pulse, fraction, to: &pass)
    }

    private func add(_ pulse: PulseDiscipline, _ fraction: Double, to pass: inout SamplingPass) {
        pass.add(Self.pulseFrequency, Double(pulse.frequency) / Self.wholeFrequency)
        pass.add(Self.pulseJitter, Double(pulse.jitter) / fraction)
        pass.add(Self.pulseShift, Double(pulse.shift))
        pass.add(Self.pulseStability, Double(pulse.stability) / Self.wholeFrequency)
        for (event, count) in [
            ("calibration", pulse.calibrations), ("calibration_error", pulse.calibrationErrors),
            ("jitter_exceeded", pulse.jitterExceeded), ("stability_exceeded", pulse.stabilityExceeded),
        ] {
            pass.add(Self.pulseEvents, count, [MetricAttribute("system.clock.pulse.event", event)])
        }
    }
}
