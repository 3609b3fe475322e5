/// Where the processors' time went: /proc/stat, per logical CPU, and the share of each mode in the time of all.
///
/// As OpenTelemetry's host metrics do, a time is either told per logical CPU or, where that is switched off, for all
/// together without a `cpu.logical_number`; never both, because whoever adds up the series of a metric would count
/// everything twice. The utilisation of the whole host, which no adding up gives, is a metric of its own.
///
/// Time in guests is in `user` and `nice` already, as the kernel counts it, and is told once more by
/// `system.cpu.guest.time`.
struct CPUCollector: Collector {
    static let kind = CollectorKind.cpu

    private static let file = "/proc/stat"
    static let time = Metric(
        "system.cpu.time", .counter, unit: "s",
        "Seconds that each logical CPU, or where these are not told apart all together, spent in each mode.",
        source: file)
    static let utilization = Metric(
        "system.cpu.utilization", .gauge, unit: "1",
        "Share of the time since the sample before that each logical CPU, or all together, spent in each mode.",
        source: file)
    static let totalUtilization = Metric(
        "system.cpu.total.utilization", .gauge, unit: "1",
        "Share of the time since the sample before that all logical CPUs together spent in each mode.", source: file)
    static let guestTime = Metric(
        "system.cpu.guest.time", .counter, unit: "s",
        "Seconds spent running guests, which are part of the time in modes user and nice.", source: file)
    static let logicalCount = Metric(
        "system.cpu.logical.count", .upDownCounter, unit: "{cpu}", "Logical CPUs that are online.", source: file)
    static let metrics = [time, utilization, totalUtilization, guestTime, logicalCount]

    /// The kernel's columns, with `irq` under the conventions' name.
    static let modes = ["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"]
    private static let guestModes = ["user", "nice"]

    private let perCPU: Bool
    private var previous: [Int64?: CPUTimes] = [:]

    init(_ configuration: HostMetricsConfiguration) { perCPU = configuration.perCPU }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let found = try CPUStat.parse(try pass.readShared("proc/stat"))
            var current: [Int64?: CPUTimes] = [:]
            for var times in found.cpus where perCPU || times.number == nil {
                let before = previous[times.number]
                let restarted = before.map { times.follow($0) } ?? false
                current[times.number] = times
                if let before, !restarted { addUtilization(times, since: before, to: &pass) }
                if perCPU == (times.number != nil) { addTimes(times, to: &pass) }
            }
            previous = current
            pass.add(Self.logicalCount, Int64(found.cpus.count { $0.number != nil }))
        }
    }

    private func addTimes(_ times: CPUTimes, to pass: inout SamplingPass) {
        for (index, ticks) in times.ticks.enumerated() {
            pass.add(Self.time, seconds(ticks), attributes(Self.modes[index], times))
        }
        for (index, ticks) in times.guest.enumerated() {
            pass.add(Self.guestTime, seconds(ticks), attributes(Self.guestModes[index], times))
        }
    }

    private func addUtilization(_ times: CPUTimes, since before: CPUTimes, to pass: inout SamplingPass) {
        let elapsed = times.total - before.total
        guard elapsed > 0 else { return }
        for index in times.ticks.indices where index < before.ticks.count {
            let share = Double(times.ticks[index] - before.ticks[index]) / Double(elapsed)
            let attributes = attributes(Self.modes[index], times)
            if times.number == nil { pass.add(Self.totalUtilization, share, attributes) }
            if perCPU == (times.number != nil) { pass.add(Self.utilization, share, attributes) }
        }
    }

    private func attributes(_ mode: String, _ times: CPUTimes) -> [MetricAttribute] {
        let mode = MetricAttribute("cpu.mode", mode)
        guard let number = times.number else { return [mode] }
        return [mode, MetricAttribute("cpu.logical_number", .integer(number))]
    }

    private func seconds(_ ticks: Int64) -> Double { Double(ticks) / Double(ticksPerSecond) }
}

/// The unit in which the kernel tells times to programs (USER_HZ), 100 on every architecture that Swift runs on.
let ticksPerSecond: Int64 = 100

/// One line `cpu` of /proc/stat, in ticks.
struct CPUTimes: Equatable {
    /// nil for all CPUs together.
    var number: Int64?
    /// By `CPUCollector.modes`; old kernels have fewer.
    var ticks: [Int64]
    /// In guests of normal and of low priority.
    var guest: [Int64]

    var total: Int64 { ticks.reduce(0, +) }

    /// Holds every mode at least at what it was before. The kernel's iowait, idle and steal are known to run backwards
    /// by a little, and whoever takes differences of them sees a negative share or a wrapped, huge one.
    ///
    /// - Returns: true where the clocks began anew instead, because the CPU was taken off line and put back: then
    ///   nothing is held. The sign of it is that more than three seconds are missing from the sum.
    mutating func follow(_ before: CPUTimes) -> Bool {
        if before.total - total > 3 * ticksPerSecond { return true }
        for index in ticks.indices where index < before.ticks.count {
            ticks[index] = max(ticks[index], before.ticks[index])
        }
        for index in guest.indices where index < before.guest.count {
            guest[index] = max(guest[index], before.guest[index])
        }
        return false
    }
}

struct CPUStat: Equatable {
    var cpus: [CPUTimes] = []

    static func parse(_ text: SourceText) throws(MetricSourceError) -> CPUStat {
        var stat = CPUStat()
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            // The lines `cpu` come first; what follows (a line of a number per interrupt) can be long.
            guard let name = cursor.field(), cursor.starts(name, with: "cpu") else {
                guard stat.cpus.first?.number == nil, !stat.cpus.isEmpty else {
                    throw cursor.failure("a line \"cpu\" before all others")
                }
                return stat
            }
            var number: Int64?
            if name.count > 3 {
                number = cursor.number(in: name.lowerBound + 3..<name.upperBound)
                if number == nil { throw cursor.failure("a CPU's number") }
            }
            var times = CPUTimes(number: number, ticks: [], guest: [])
            while let ticks = try cursor.countIfPresent() {
                // A sum of ten of these must not overflow; it is three billion years.
                guard ticks < 1 << 58 else { throw cursor.failure("a time that is possible") }
                if times.ticks.count < CPUCollector.modes.count {
                    times.ticks.append(ticks)
                } else if times.guest.count < 2 {
                    times.guest.append(ticks)
                }
            }
            guard times.ticks.count >= 4 else { throw cursor.failure("at least four times") }
            stat.cpus.append(times)
        }
        throw text.failure("more than the CPUs: the text is cut off")
    }
}
