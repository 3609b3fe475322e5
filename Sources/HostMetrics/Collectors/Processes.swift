/// All processes in sum: /proc/stat, /proc/loadavg, and at times the state of each.
///
/// The states take a look at every process, which costs more than everything else together on a host with thousands;
/// so these points come no more often than `scanInterval`, and in the samples between they are not there.
struct ProcessesCollector: Collector {
    static let kind = CollectorKind.processes

    static let count = Metric(
        "system.process.count", .upDownCounter, unit: "{process}", "Processes by state.", source: "/proc/*/stat")
    static let created = Metric(
        "system.process.created", .counter, unit: "{process}", "Processes and threads created since boot.",
        source: "/proc/stat")
    static let limit = Metric(
        "system.process.limit", .upDownCounter, unit: "{thread}", "The most processes and threads there can be.",
        source: "/proc/sys/kernel/threads-max, pid_max")
    static let running = Metric(
        "system.thread.running", .upDownCounter, unit: "{thread}", "Threads that run or could run.",
        source: "/proc/stat")
    static let blocked = Metric(
        "system.thread.blocked", .upDownCounter, unit: "{thread}", "Threads that wait for a disk.",
        source: "/proc/stat")
    static let threads = Metric(
        "system.thread.count", .upDownCounter, unit: "{thread}", "Threads of all processes.",
        source: "/proc/loadavg")
    static let metrics = [count, created, limit, running, blocked, threads]

    /// The kernel's letters (proc_pid_stat(5)), by the conventions' names where they have one.
    private static let states: [(letter: UInt8, name: String)] = [
        (UInt8(ascii: "R"), "running"), (UInt8(ascii: "S"), "sleeping"), (UInt8(ascii: "D"), "uninterruptible"),
        (UInt8(ascii: "Z"), "defunct"), (UInt8(ascii: "T"), "stopped"), (UInt8(ascii: "t"), "traced"),
        (UInt8(ascii: "I"), "idle"),
    ]

    private var pace: Pace

    init(_ configuration: HostMetricsConfiguration) { pace = Pace(every: configuration.scanInterval) }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let stat = try KernelActivity.parse(try pass.readShared("proc/stat"))
            pass.add(Self.created, stat.forks)
            if let running = stat.running { pass.add(Self.running, running) }
            if let blocked = stat.blocked { pass.add(Self.blocked, blocked) }
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            pass.add(Self.threads, try ThreadCount.parse(try pass.read("proc/loadavg")).total)
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            var limits: [Int64] = []
            for file in ["threads-max", "pid_max"] {
                if let text = try pass.readIfPresent("proc/sys/kernel/\(file)") { limits.append(try singleCount(text)) }
            }
            if let limit = limits.min() { pass.add(Self.limit, limit) }
        }
        guard pace.begin(&pass) else { return }
        defer { pace.end(pass) }
        pass.attempt { (pass) throws(MetricSourceError) in try scan(&pass) }
    }

    private func scan(_ pass: inout SamplingPass) throws(MetricSourceError) {
        var counts = [Int64](repeating: 0, count: Self.states.count)
        var others: Int64 = 0
        var firstError: MetricSourceError?
        for process in try pass.reader.processes() {
            do throws(MetricSourceError) {
                // It may have ended since the directory was read.
                guard let text = try pass.readIfVanishing("proc/\(process)/stat") else { continue }
                let state = try ProcessState.parse(text)
                if let index = Self.states.firstIndex(where: { $0.letter == state.letter }) {
                    counts[index] += 1
                } else {
                    others += 1
                }
            } catch {
                firstError = firstError ?? error
            }
        }
        // One for all of them, which would fail in the same way.
        if let firstError { throw firstError }
        for (state, count) in zip(Self.states, counts) {
            pass.add(Self.count, count, [MetricAttribute("process.state", state.name)])
        }
        if others > 0 { pass.add(Self.count, others, [MetricAttribute("process.state", "other")]) }
    }
}

/// The fourth field of /proc/loadavg: `2/89`.
struct ThreadCount: Equatable {
    var total: Int64

    static func parse(_ text: SourceText) throws(MetricSourceError) -> ThreadCount {
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("load averages") }
        try cursor.skipFields(3)
        guard let running = cursor.field(upTo: UInt8(ascii: "/")), cursor.number(in: running) != nil else {
            throw cursor.failure("running and all threads, as 2/89")
        }
        return ThreadCount(total: try cursor.count("the number of threads"))
    }
}

/// The state in /proc/<pid>/stat. The command before it is in parentheses and may hold anything, parentheses too.
struct ProcessState: Equatable {
    var letter: UInt8

    static func parse(_ text: SourceText) throws(MetricSourceError) -> ProcessState {
        guard let end = text.bytes[..<text.count].lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count,
            text.bytes[text.count - 1] == UInt8(ascii: "\n")
        else { throw text.failure("a command in parentheses and a state") }
        return ProcessState(letter: text.bytes[end + 2])
    }
}
