internal import Primitives

/// Single processes: /proc/<pid>/{stat,io} and how many descriptors they hold. Off by default.
///
/// Those that the patterns choose, and of them the `ProcessSelection.limit` that used the most CPU time since the scan
/// before; so a process that sleeps may come and go, but what makes the host busy is there.
struct PerProcessCollector: Collector {
    static let kind = CollectorKind.process

    static let cpuTime = Metric(
        "process.cpu.time", .counter, unit: "s", "CPU time of the process.", source: "/proc/*/stat")
    static let memory = Metric(
        "process.memory.usage", .upDownCounter, unit: "By", "Physical memory of the process.", source: "/proc/*/stat")
    static let virtualMemory = Metric(
        "process.memory.virtual", .upDownCounter, unit: "By", "Virtual memory of the process.", source: "/proc/*/stat")
    static let threads = Metric(
        "process.thread.count", .upDownCounter, unit: "{thread}", "Threads of the process.", source: "/proc/*/stat")
    static let faults = Metric(
        "process.paging.faults", .counter, unit: "{fault}", "Page faults of the process.", source: "/proc/*/stat")
    static let diskIO = Metric(
        "process.disk.io", .counter, unit: "By", "Bytes the process had read from and written to disks.",
        source: "/proc/*/io")
    static let descriptors = Metric(
        "process.unix.file_descriptor.count", .upDownCounter, unit: "{file_descriptor}",
        "Descriptors that the process holds.", source: "/proc/*/fd")
    static let metrics = [cpuTime, memory, virtualMemory, threads, faults, diskIO, descriptors]

    /// A process number is given to others later; with its start it is one process.
    private struct Identity: Hashable {
        var number: Int64
        var start: Int64
    }

    private let selection: ProcessSelection
    private var ticksBefore: [Identity: Int64] = [:]

    init(_ configuration: HostMetricsConfiguration) { selection = configuration.processes }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            var found: [(process: ProcessStat, recent: Int64)] = []
            var ticks: [Identity: Int64] = [:]
            var firstError: MetricSourceError?
            for number in try pass.reader.processes() {
                do throws(MetricSourceError) {
                    guard let text = try pass.readIfVanishing("proc/\(number)/stat") else { continue }
                    let process = try ProcessStat.parse(text)
                    guard selection.includes(process.command) else { continue }
                    let identity = Identity(number: process.number, start: process.start)
                    let sum = process.userTicks + process.systemTicks
                    ticks[identity] = sum
                    found.append((process, sum - (ticksBefore[identity] ?? 0)))
                } catch {
                    firstError = firstError ?? error
                }
            }
            ticksBefore = ticks
            pass.report(firstError)
            found.sort { ($1.recent, $0.process.number) < ($0.recent, $1.process.number) }
            for (process, _) in found.prefix(selection.limit) { add(process, to: &pass) }
        }
    }

    private func add(_ process: ProcessStat, to pass: inout SamplingPass) {
        let attributes = [
            MetricAttribute("process.pid", .integer(process.number)),
            MetricAttribute("process.executable.name", process.command),
        ]
        // What a process counts it counts since it began; that it was not among those looked at before says nothing.
        let start = pass.boot.map {
            Timestamp(milliseconds: $0.milliseconds &+ process.start &* (1000 / ticksPerSecond))
        }
        for (mode, ticks) in [("user", process.userTicks), ("system", process.systemTicks)] {
            pass.add(
                Self.cpuTime, .double(Double(ticks) / Double(ticksPerSecond)),
                attributes + [MetricAttribute("cpu.mode", mode)], countedFrom: start)
        }
        pass.add(Self.memory, process.residentPages * pageSize, attributes)
        pass.add(Self.virtualMemory, process.virtualBytes, attributes)
        pass.add(Self.threads, process.threads, attributes)
        for (type, count) in [("minor", process.minorFaults), ("major", process.majorFaults)] {
            pass.add(
                Self.faults, .integer(count), attributes + [MetricAttribute("system.paging.fault.type", type)],
                countedFrom: start)
        }
        // Other users' are for root only; that is known beforehand, and no failure to report for each process.
        pass.withOwn("proc/\(process.number)/io") { (text, pass) throws(MetricSourceError) in
            let counts = try Self.parseIO(text)
            for (direction, bytes) in [("read", counts.read), ("write", counts.written)] {
                pass.add(
                    Self.diskIO, .integer(bytes), attributes + [MetricAttribute("disk.io.direction", direction)],
                    countedFrom: start)
            }
        }
        if let count = pass.reader.count("proc/\(process.number)/fd") { pass.add(Self.descriptors, count, attributes) }
    }

    /// Lines `read_bytes: 4096`.
    static func parseIO(_ text: SourceText) throws(MetricSourceError) -> (read: Int64, written: Int64) {
        var read: Int64?
        var written: Int64?
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let name = cursor.field(upTo: UInt8(ascii: ":")) else { throw cursor.failure("a name and a colon") }
            if cursor.matches(name, "read_bytes") { read = try cursor.count() }
            if cursor.matches(name, "write_bytes") { written = try cursor.count() }
        }
        guard let read, let written else { throw text.failure("lines read_bytes and write_bytes") }
        return (read, written)
    }
}

extension SamplingPass {
    /// Reads a file that may be forbidden, which is then as if it were not there.
    fileprivate mutating func withOwn(
        _ path: String, _ use: (SourceText, inout SamplingPass) throws(MetricSourceError) -> Void
    ) {
        attempt { (pass) throws(MetricSourceError) in
            let text: SourceText?
            do throws(MetricSourceError) {
                text = try pass.readIfVanishing(path)
            } catch {
                if error.isRefusal { return }
                throw error
            }
            if let text { try use(text, &pass) }
        }
    }
}

/// One /proc/<pid>/stat (proc_pid_stat(5)).
struct ProcessStat: Equatable {
    var number: Int64
    var command: [UInt8]
    var minorFaults: Int64
    var majorFaults: Int64
    var userTicks: Int64
    var systemTicks: Int64
    var threads: Int64
    /// In ticks since boot.
    var start: Int64
    var virtualBytes: Int64
    var residentPages: Int64

    static func parse(_ text: SourceText) throws(MetricSourceError) -> ProcessStat {
        let bytes = text.bytes[..<text.count]
        // The command may hold anything, parentheses and line ends too: it ends at the last parenthesis.
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open > 1, open < close, let number = wholeNumber(text.bytes, 0..<open - 1)
        else { throw text.failure("a number, a command in parentheses and numbers") }
        let command = Array(bytes[(open + 1)..<close])
        let rest = SourceText(Array(bytes[(close + 1)...]), path: text.path)
        var cursor = LineCursor(rest)
        guard try cursor.nextLine() else { throw text.failure("numbers after the command") }
        try cursor.skipFields(7)
        let minorFaults = try cursor.count()
        try cursor.skipFields(1)
        let majorFaults = try cursor.count()
        try cursor.skipFields(1)
        let userTicks = try cursor.count(below: 1 << 58)
        let systemTicks = try cursor.count(below: 1 << 58)
        try cursor.skipFields(4)
        let threads = try cursor.count()
        try cursor.skipFields(1)
        let start = try cursor.count()
        let virtualBytes = try cursor.count()
        let residentPages = try cursor.count(below: 1 << 44)
        return ProcessStat(
            number: number, command: command, minorFaults: minorFaults, majorFaults: majorFaults,
            userTicks: userTicks, systemTicks: systemTicks, threads: threads, start: start,
            virtualBytes: virtualBytes, residentPages: residentPages)
    }
}
