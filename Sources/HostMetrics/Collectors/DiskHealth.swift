/// What the kernel itself knows of failing disks, without asking the drive (no SMART): /sys.
struct DiskHealthCollector: Collector {
    static let kind = CollectorKind.diskHealth

    static let errors = Metric(
        "hw.errors", .counter, unit: "{error}", "Errors of the disk, or that a file system found.",
        source: "/sys/block/*/device/ioerr_cnt, iotmo_cnt, /sys/fs/ext4/*/errors_count")
    static let requests = Metric(
        "hw.physical_disk.requests", .counter, unit: "{request}", "Requests sent to the disk and answered by it.",
        source: "/sys/block/*/device/iorequest_cnt, iodone_cnt")
    static let status = Metric(
        "hw.physical_disk.status", .upDownCounter, unit: "1", "1 for the state in which the disk is.",
        source: "/sys/block/*/device/state, /sys/class/nvme/*/state")
    static let endurance = Metric(
        "hw.physical_disk.endurance_utilization", .gauge, unit: "1",
        "Share of its life that an eMMC has used, in tenths as it estimates it.",
        source: "/sys/block/*/device/life_time")
    static let metrics = [errors, requests, status, endurance]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        for disk in pass.entries("sys/block") {
            if disk.hasPrefix("loop") || disk.hasPrefix("ram") || disk.hasPrefix("zram") { continue }
            collect(disk, "sys/block/\(disk)/device", &pass)
        }
        for controller in pass.entries("sys/class/nvme") {
            addState(attributes(controller), "sys/class/nvme/\(controller)/state", &pass)
        }
        for name in pass.entries("sys/fs/ext4") {
            pass.withFile("sys/fs/ext4/\(name)/errors_count", singleCount) { count, pass in
                let attributes = [
                    MetricAttribute("hw.id", name), MetricAttribute("hw.type", "logical_disk"),
                    MetricAttribute("error.type", "filesystem"),
                ]
                pass.add(Self.errors, count, attributes)
            }
        }
    }

    private func collect(_ disk: String, _ path: String, _ pass: inout SamplingPass) {
        let attributes = attributes(disk)
        for (file, type) in [("ioerr_cnt", "io"), ("iotmo_cnt", "timeout")] {
            pass.withFile("\(path)/\(file)", Self.hexadecimalCount) { count, pass in
                pass.add(Self.errors, count, attributes + [MetricAttribute("error.type", type)])
            }
        }
        for (file, state) in [("iorequest_cnt", "sent"), ("iodone_cnt", "done")] {
            pass.withFile("\(path)/\(file)", Self.hexadecimalCount) { count, pass in
                pass.add(Self.requests, count, attributes + [MetricAttribute("hw.physical_disk.request.state", state)])
            }
        }
        // NVMe namespaces have their controller there, whose state is told by itself.
        if !disk.hasPrefix("nvme") { addState(attributes, "\(path)/state", &pass) }
        pass.withFile("\(path)/life_time", Self.lifeTime) { tenths, pass in
            for (type, tenths) in zip(["slc", "mlc"], tenths) where tenths > 0 {
                pass.add(
                    Self.endurance, Double(tenths) / 10, attributes + [MetricAttribute("hw.physical_disk.cell", type)])
            }
        }
    }

    private func attributes(_ disk: String) -> [MetricAttribute] {
        [
            MetricAttribute("hw.id", disk.replacing("!", with: "/")), MetricAttribute("hw.type", "physical_disk"),
        ]
    }

    private func addState(_ attributes: [MetricAttribute], _ path: String, _ pass: inout SamplingPass) {
        guard let state = pass.line(path) else { return }
        pass.add(Self.status, Int64(1), attributes + [MetricAttribute("hw.state", state)])
    }

    /// SCSI's counters are written as `0x1f`.
    static func hexadecimalCount(_ text: SourceText) throws(MetricSourceError) -> Int64 {
        var cursor = LineCursor(text)
        guard try cursor.nextLine(), let field = cursor.field(), cursor.starts(field, with: "0x"),
            let value = cursor.hexadecimal(in: field.lowerBound + 2..<field.upperBound)
        else { throw text.failure("a hexadecimal number") }
        return value
    }

    /// `0x01 0x02`: tenths of the life used, by kind of cell; 0 is not known, 11 is past its end (JEDEC eMMC 5.0).
    static func lifeTime(_ text: SourceText) throws(MetricSourceError) -> [Int64] {
        var tenths: [Int64] = []
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("two hexadecimal numbers") }
        while let field = cursor.field() {
            guard cursor.starts(field, with: "0x"),
                let value = cursor.hexadecimal(in: field.lowerBound + 2..<field.upperBound), value <= 11
            else { throw cursor.failure("a hexadecimal number up to 0x0b") }
            tenths.append(value)
        }
        return tenths
    }
}
