/// Swap and page faults: /proc/swaps and /proc/vmstat.
struct PagingCollector: Collector {
    static let kind = CollectorKind.paging

    static let usage = Metric(
        "system.paging.usage", .upDownCounter, unit: "By", "Swap space by state.", source: "/proc/swaps")
    static let utilization = Metric(
        "system.paging.utilization", .gauge, unit: "1", "Share of the swap space by state.", source: "/proc/swaps")
    static let faults = Metric(
        "system.paging.faults", .counter, unit: "{fault}",
        "Page faults: major ones waited for a disk, minor ones did not.", source: "/proc/vmstat")
    static let operations = Metric(
        "system.paging.operations", .counter, unit: "{operation}", "Pages swapped in and out.",
        source: "/proc/vmstat")
    static let diskIO = Metric(
        "system.paging.linux.disk.io", .counter, unit: "By", "Bytes of pages read from and written to disks.",
        source: "/proc/vmstat")
    static let outOfMemoryKills = Metric(
        "system.memory.linux.oom_kills", .counter, unit: "{process}",
        "Processes the kernel killed because memory ran out.", source: "/proc/vmstat")
    static let metrics = [usage, utilization, faults, operations, diskIO, outOfMemoryKills]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            // A kernel without swap has no such file.
            guard let text = try pass.readIfPresent("proc/swaps") else { return }
            let swaps = SwapArea.parse(text)
            pass.report(swaps.firstError)
            for area in swaps.rows { add(area, to: &pass) }
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            add(try VirtualMemoryEvents.parse(try pass.read("proc/vmstat")), to: &pass)
        }
    }

    private func add(_ area: SwapArea, to pass: inout SamplingPass) {
        let device = MetricAttribute("system.device", area.name)
        for (state, bytes) in [("used", area.used), ("free", area.size - area.used)] {
            let attributes = [device, MetricAttribute("system.paging.state", state)]
            pass.add(Self.usage, bytes, attributes)
            if area.size > 0 { pass.add(Self.utilization, Double(bytes) / Double(area.size), attributes) }
        }
    }

    private func add(_ events: VirtualMemoryEvents, to pass: inout SamplingPass) {
        let type = "system.paging.fault.type"
        pass.add(Self.faults, events.majorFaults, [MetricAttribute(type, "major")])
        pass.add(Self.faults, events.minorFaults, [MetricAttribute(type, "minor")])
        let direction = "system.paging.direction"
        for (name, pages, kibibytes) in [
            ("in", events.swappedIn, events.kibibytesIn), ("out", events.swappedOut, events.kibibytesOut),
        ] {
            if let pages { pass.add(Self.operations, pages, [MetricAttribute(direction, name)]) }
            if let kibibytes { pass.add(Self.diskIO, kibibytes * 1024, [MetricAttribute(direction, name)]) }
        }
        if let kills = events.outOfMemoryKills { pass.add(Self.outOfMemoryKills, kills) }
    }
}

/// One line of /proc/swaps.
struct SwapArea: Equatable {
    var name: [UInt8]
    var size: Int64
    var used: Int64

    static func parse(_ text: SourceText) -> Rows<SwapArea> {
        Rows(text, headings: 1, mayBeEmpty: true) { (cursor) throws(MetricSourceError) in
            let name = try cursor.requiredField("a swap area's name")
            _ = try cursor.requiredField("a swap area's type")
            let size = try cursor.count("a size")
            let used = try cursor.count("a size")
            guard size < 1 << 50, used <= size else { throw cursor.failure("sizes that are possible") }
            return SwapArea(name: unescaped(cursor.bytes(name)), size: size * 1024, used: used * 1024)
        }
    }
}

/// The lines of /proc/vmstat that are looked at.
struct VirtualMemoryEvents: Equatable {
    var minorFaults: Int64
    var majorFaults: Int64
    var swappedIn: Int64?
    var swappedOut: Int64?
    var kibibytesIn: Int64?
    var kibibytesOut: Int64?
    /// Since kernel 4.13.
    var outOfMemoryKills: Int64?

    static func parse(_ text: SourceText) throws(MetricSourceError) -> VirtualMemoryEvents {
        var events = VirtualMemoryEvents(minorFaults: 0, majorFaults: 0)
        var faults: Int64?
        var majorFaults: Int64?
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let name = cursor.field() else { throw cursor.failure("a name and a number") }
            // The file has some 200 lines; most differ from all of these in their first bytes.
            guard cursor.starts(name, with: "p") || cursor.starts(name, with: "oom_") else { continue }
            if cursor.matches(name, "pgfault") {
                faults = try cursor.count()
            } else if cursor.matches(name, "pgmajfault") {
                majorFaults = try cursor.count()
            } else if cursor.matches(name, "pswpin") {
                events.swappedIn = try cursor.count()
            } else if cursor.matches(name, "pswpout") {
                events.swappedOut = try cursor.count()
            } else if cursor.matches(name, "pgpgin") {
                events.kibibytesIn = try cursor.count(below: 1 << 53)
            } else if cursor.matches(name, "pgpgout") {
                events.kibibytesOut = try cursor.count(below: 1 << 53)
            } else if cursor.matches(name, "oom_kill") {
                events.outOfMemoryKills = try cursor.count()
            }
        }
        guard let faults, let majorFaults, faults >= majorFaults else {
            throw text.failure("lines pgfault and pgmajfault")
        }
        // The kernel's pgfault counts the major ones too.
        events.minorFaults = faults - majorFaults
        events.majorFaults = majorFaults
        return events
    }
}
