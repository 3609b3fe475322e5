/// Software RAID: /proc/mdstat (kernel: Documentation/admin-guide/md.rst).
struct RAIDCollector: Collector {
    static let kind = CollectorKind.raid

    private static let file = "/proc/mdstat"
    static let disks = Metric(
        "system.linux.raid.disk.count", .upDownCounter, unit: "{disk}",
        "Disks of the array by state; `missing` are those it should have and has not.", source: file)
    static let limit = Metric(
        "system.linux.raid.limit", .upDownCounter, unit: "By", "Size of the array.", source: file)
    static let active = Metric(
        "system.linux.raid.active", .upDownCounter, unit: "1", "1 where the array runs, otherwise 0.", source: file)
    static let progress = Metric(
        "system.linux.raid.progress", .gauge, unit: "1",
        "How much of a recovery, resync, reshape or check is done; there only while it runs.", source: file)
    static let metrics = [disks, limit, active, progress]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            // Without the kernel module there is no such file.
            guard let text = try pass.readIfPresent("proc/mdstat") else { return }
            for array in try RAIDArray.parse(text) { add(array, to: &pass) }
        }
    }

    private func add(_ array: RAIDArray, to pass: inout SamplingPass) {
        let device = [MetricAttribute("system.device", array.name)]
        pass.add(Self.active, Int64(array.isActive ? 1 : 0), device)
        let missing = max(0, array.wanted - array.working)
        for (state, count) in [
            ("active", array.working), ("spare", array.spares), ("failed", array.failed), ("missing", missing),
        ] {
            pass.add(Self.disks, count, device + [MetricAttribute("system.linux.raid.disk.state", state)])
        }
        if let blocks = array.blocks { pass.add(Self.limit, blocks * 1024, device) }
        if let work = array.work {
            pass.add(Self.progress, work.share, device + [MetricAttribute("system.linux.raid.operation", work.name)])
        }
    }
}

/// One array of mdstat:
///
///     md0 : active raid1 sdb1[1] sda1[0](F)
///           3906762752 blocks super 1.2 [2/1] [_U]
///           [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
struct RAIDArray: Equatable {
    struct Work: Equatable {
        var name: String
        var share: Double
    }

    var name: [UInt8]
    var isActive: Bool
    var spares: Int64 = 0
    var failed: Int64 = 0
    /// Disks that are listed and neither spare nor failed; where the array says so itself, that.
    var working: Int64 = 0
    var wanted: Int64 = 0
    /// Of 1024 bytes.
    var blocks: Int64?
    var work: Work?

    static func parse(_ text: SourceText) throws(MetricSourceError) -> [RAIDArray] {
        var arrays: [RAIDArray] = []
        var cursor = LineCursor(text)
        guard try cursor.nextLine(), let heading = cursor.field(), cursor.matches(heading, "Personalities") else {
            throw text.failure("a line Personalities")
        }
        while try cursor.nextLine() {
            if cursor.isAtLineEnd { continue }
            let isIndented = cursor.byte(at: cursor.rest.lowerBound) == UInt8(ascii: " ")
            guard let first = cursor.field() else { continue }
            if !isIndented {
                if cursor.starts(first, with: "unused") { return arrays }
                arrays.append(try array(cursor.bytes(first), &cursor))
            } else if !arrays.isEmpty {
                try arrays[arrays.count - 1].take(first, &cursor)
            }
        }
        throw text.failure("a line \"unused devices\" at its end")
    }

    private static func array(_ name: [UInt8], _ cursor: inout LineCursor) throws(MetricSourceError) -> RAIDArray {
        guard cursor.matches(try cursor.requiredField("a colon"), ":") else { throw cursor.failure("a colon") }
        let state = try cursor.requiredField("active or inactive")
        var array = RAIDArray(name: name, isActive: cursor.matches(state, "active"))
        while let field = cursor.field() {
            // Disks are `sda1[0]`, with (S) for spare and (F) for failed; other fields are the level and modes.
            let disk = cursor.bytes(field)
            guard disk.contains(UInt8(ascii: "[")) else { continue }
            if disk.suffix(3).elementsEqual("(S)".utf8) {
                array.spares += 1
            } else if disk.suffix(3).elementsEqual("(F)".utf8) {
                array.failed += 1
            } else {
                array.working += 1
            }
        }
        array.wanted = array.working
        return array
    }

    /// Takes a line below an array's own.
    private mutating func take(_ first: Range<Int>, _ cursor: inout LineCursor) throws(MetricSourceError) {
        var previous = first
        if let count = cursor.number(in: first), blocks == nil {
            guard count < 1 << 50 else { throw cursor.failure("a number of blocks that is possible") }
            blocks = count
        }
        while let field = cursor.field() {
            let bytes = cursor.bytes(field)
            if let slash = bytes.firstIndex(of: UInt8(ascii: "/")), bytes.first == UInt8(ascii: "["),
                bytes.last == UInt8(ascii: "]"),
                let wanted = cursor.number(in: field.lowerBound + 1..<field.lowerBound + slash),
                let working = cursor.number(in: field.lowerBound + slash + 1..<field.upperBound - 1)
            {
                self.wanted = wanted
                self.working = working
            } else if cursor.matches(field, "=") {
                let percent = try cursor.requiredField("a percentage")
                guard percent.count > 1, cursor.byte(at: percent.upperBound - 1) == UInt8(ascii: "%"),
                    let value = cursor.decimal(in: percent.lowerBound..<percent.upperBound - 1), value <= 100
                else { throw cursor.failure("a percentage") }
                work = Work(name: String(decoding: cursor.bytes(previous), as: UTF8.self), share: value / 100)
            }
            previous = field
        }
    }
}
