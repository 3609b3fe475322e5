/// Interrupts and context switches: /proc/stat.
struct InterruptsCollector: Collector {
    static let kind = CollectorKind.interrupts

    private static let file = "/proc/stat"
    static let contextSwitches = Metric(
        "system.cpu.context_switches", .counter, unit: "{context_switch}", "Context switches of all CPUs.",
        source: file)
    static let interrupts = Metric(
        "system.cpu.interrupts", .counter, unit: "{interrupt}", "Interrupts served by all CPUs.", source: file)
    static let softInterrupts = Metric(
        "system.cpu.softirqs", .counter, unit: "{softirq}", "Deferred interrupt work by kind.", source: file)
    static let metrics = [contextSwitches, interrupts, softInterrupts]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let stat = try KernelActivity.parse(try pass.readShared("proc/stat"))
            pass.add(Self.contextSwitches, stat.contextSwitches)
            pass.add(Self.interrupts, stat.interrupts)
            for (name, count) in zip(KernelActivity.softInterrupts, stat.softInterrupts) {
                pass.add(Self.softInterrupts, count, [MetricAttribute("system.cpu.softirq.type", name)])
            }
        }
    }
}
