/// The lines of /proc/stat below those of the CPUs.
struct KernelActivity: Equatable {
    var forks: Int64
    var running: Int64?
    var blocked: Int64?
    var contextSwitches: Int64
    var interrupts: Int64
    /// Seconds since 1970.
    var bootTime: Int64
    /// By `softInterrupts`.
    var softInterrupts: [Int64]

    /// The kernel's order (include/linux/interrupt.h), which it has never changed but at the end.
    static let softInterrupts = [
        "hi", "timer", "net_tx", "net_rx", "block", "irq_poll", "tasklet", "sched", "hrtimer", "rcu",
    ]

    static func parse(_ text: SourceText) throws(MetricSourceError) -> KernelActivity {
        var found = KernelActivity(forks: -1, contextSwitches: -1, interrupts: -1, bootTime: -1, softInterrupts: [])
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let name = cursor.field() else { throw cursor.failure("a name and numbers") }
            if cursor.starts(name, with: "cpu") { continue }
            if cursor.matches(name, "intr") {
                found.interrupts = try cursor.count()
            } else if cursor.matches(name, "ctxt") {
                found.contextSwitches = try cursor.count()
            } else if cursor.matches(name, "btime") {
                found.bootTime = try cursor.count()
            } else if cursor.matches(name, "processes") {
                found.forks = try cursor.count()
            } else if cursor.matches(name, "procs_running") {
                found.running = try cursor.count()
            } else if cursor.matches(name, "procs_blocked") {
                found.blocked = try cursor.count()
            } else if cursor.matches(name, "softirq") {
                _ = try cursor.count()
                while let count = try cursor.countIfPresent() { found.softInterrupts.append(count) }
            }
        }
        guard found.forks >= 0, found.contextSwitches >= 0, found.interrupts >= 0, found.bootTime >= 0 else {
            throw text.failure("lines intr, ctxt, btime and processes")
        }
        return found
    }
}
