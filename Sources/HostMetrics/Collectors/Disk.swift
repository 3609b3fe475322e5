internal import Primitives

/// What block devices did: /proc/diskstats, and their size from /sys.
struct DiskCollector: Collector {
    static let kind = CollectorKind.disk

    private static let file = "/proc/diskstats"
    static let io = Metric("system.disk.io", .counter, unit: "By", "Bytes transferred.", source: file)
    static let operations = Metric(
        "system.disk.operations", .counter, unit: "{operation}", "Operations completed.", source: file)
    static let merged = Metric(
        "system.disk.merged", .counter, unit: "{operation}", "Operations that were merged into others.", source: file)
    static let operationTime = Metric(
        "system.disk.operation_time", .counter, unit: "s", "Sum of the time that each operation took.", source: file)
    static let ioTime = Metric(
        "system.disk.io_time", .counter, unit: "s", "Time in which the device was busy.", source: file)
    static let weightedTime = Metric(
        "system.disk.weighted_io_time", .counter, unit: "s", "Time busy multiplied by the operations in flight.",
        source: file)
    static let pending = Metric(
        "system.disk.pending_operations", .upDownCounter, unit: "{operation}", "Operations in flight.", source: file)
    static let limit = Metric(
        "system.disk.limit", .upDownCounter, unit: "By", "Size of the device.", source: "/sys/class/block/*/size")
    static let info = Metric(
        "system.disk.info", .upDownCounter, unit: "1", "1, with what the device is as attributes.",
        source: "/run/udev/data/b*, /sys/class/block/*/queue/rotational")
    static let metrics = [io, operations, merged, operationTime, ioTime, weightedTime, pending, limit, info]

    private let selection: DiskSelection
    private var pace: Pace

    init(_ configuration: HostMetricsConfiguration) {
        selection = configuration.disks
        pace = Pace(every: configuration.scanInterval)
    }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let found = DiskActivity.parse(try pass.read("proc/diskstats"))
            pass.report(found.firstError)
            let disks = found.rows.filter { selection.includes($0.name) }
            for disk in disks { add(disk, to: &pass) }
            guard pace.begin(&pass) else { return }
            for disk in disks { addInfo(disk, to: &pass) }
            pace.end(pass)
        }
    }

    private func add(_ disk: DiskActivity, to pass: inout SamplingPass) {
        let device = [MetricAttribute("system.device", disk.name)]
        for (direction, work) in [("read", disk.reads), ("write", disk.writes), ("discard", disk.discards)] {
            guard let work else { continue }
            let attributes = device + [MetricAttribute("disk.io.direction", direction)]
            pass.add(Self.io, work.bytes, attributes)
            pass.add(Self.operations, work.operations, attributes)
            pass.add(Self.merged, work.merged, attributes)
            pass.add(Self.operationTime, seconds(work.milliseconds), attributes)
        }
        if let flushes = disk.flushes {
            let attributes = device + [MetricAttribute("disk.io.direction", "flush")]
            pass.add(Self.operations, flushes.operations, attributes)
            pass.add(Self.operationTime, seconds(flushes.milliseconds), attributes)
        }
        pass.add(Self.ioTime, seconds(disk.busyMilliseconds), device)
        pass.add(Self.weightedTime, seconds(disk.weightedMilliseconds), device)
        pass.add(Self.pending, disk.pending, device)
        pass.attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readIfPresent("sys/class/block/\(disk.directory)/size") else { return }
            let sectors = try singleCount(text)
            guard sectors < 1 << 53 else { throw text.failure("a size that is possible") }
            pass.add(Self.limit, sectors * DiskActivity.sectorSize, device)
        }
    }

    /// What udev found out of the device (its database has no documented form, but node_exporter and lsblk read it too),
    /// and what the kernel knows.
    private func addInfo(_ disk: DiskActivity, to pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            var attributes = [
                MetricAttribute("system.device", disk.name), MetricAttribute("system.disk.major", .integer(disk.major)),
                MetricAttribute("system.disk.minor", .integer(disk.minor)),
            ]
            if let text = try pass.readIfPresent("run/udev/data/b\(disk.major):\(disk.minor)") {
                attributes += try DeviceProperties.parse(text).attributes
            }
            if let text = try pass.readIfVanishing("sys/class/block/\(disk.directory)/queue/rotational") {
                attributes.append(MetricAttribute("system.disk.rotational", .integer(try singleCount(text))))
            }
            pass.add(Self.info, Int64(1), attributes)
        }
    }

    private func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1000 }
}

/// One line of /proc/diskstats (kernel: Documentation/admin-guide/iostats.rst).
struct DiskActivity: Equatable {
    struct Work: Equatable {
        var operations: Int64
        var merged: Int64
        var bytes: Int64
        var milliseconds: Int64
    }

    struct Flushes: Equatable {
        var operations: Int64
        var milliseconds: Int64
    }

    /// Of this file, whatever the device's own sectors are.
    static let sectorSize: Int64 = 512

    var major: Int64
    var minor: Int64
    var name: [UInt8]
    var reads: Work?
    var writes: Work?
    var pending: Int64
    var busyMilliseconds: Int64
    var weightedMilliseconds: Int64
    /// Since kernel 4.18.
    var discards: Work?
    /// Since kernel 5.5.
    var flushes: Flushes?

    /// In a path of /sys a slash of the device's name is an exclamation mark (cciss!c0d0).
    var directory: String {
        String(decoding: name.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "!") : $0 }, as: UTF8.self)
    }

    static func parse(_ text: SourceText) -> Rows<DiskActivity> {
        Rows(text) { (cursor) throws(MetricSourceError) in
            let major = try cursor.count("a device's major number")
            let minor = try cursor.count("a device's minor number")
            let name = cursor.bytes(try cursor.requiredField("a device's name"))
            let reads = try work(&cursor)
            let writes = try work(&cursor)
            var disk = DiskActivity(
                major: major, minor: minor, name: name, reads: reads, writes: writes, pending: try cursor.count(),
                busyMilliseconds: try cursor.count(), weightedMilliseconds: try cursor.count())
            if cursor.isAtLineEnd { return disk }
            disk.discards = try work(&cursor)
            if cursor.isAtLineEnd { return disk }
            disk.flushes = Flushes(operations: try cursor.count(), milliseconds: try cursor.count())
            return disk
        }
    }

    private static func work(_ cursor: inout LineCursor) throws(MetricSourceError) -> Work {
        let operations = try cursor.count()
        let merged = try cursor.count()
        let sectors = try cursor.count()
        guard sectors < 1 << 53 else { throw cursor.failure("a number of sectors that is possible") }
        return Work(
            operations: operations, merged: merged, bytes: sectors * sectorSize, milliseconds: try cursor.count())
    }
}

/// Lines `E:ID_MODEL=Samsung_SSD` of udev's database; the others are of no interest.
struct DeviceProperties: Equatable {
    private var values: [String: [UInt8]] = [:]

    /// The first of the names that the device has is taken.
    private static let keys: [(attribute: String, names: [String])] = [
        ("system.disk.path", ["ID_PATH"]), ("system.disk.wwn", ["ID_WWN"]), ("hw.model", ["ID_MODEL"]),
        ("hw.serial_number", ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"]),
        ("hw.firmware_version", ["ID_REVISION"]),
    ]

    var attributes: [MetricAttribute] {
        Self.keys.compactMap { key in
            key.names.lazy.compactMap { values[$0] }.first.map { MetricAttribute(key.attribute, $0) }
        }
    }

    static func parse(_ text: SourceText) throws(MetricSourceError) -> DeviceProperties {
        var properties = DeviceProperties()
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let name = cursor.field(upTo: UInt8(ascii: "=")), cursor.starts(name, with: "E:") else { continue }
            let key = String(decoding: cursor.bytes(name).dropFirst(2), as: UTF8.self)
            // A value is not to be told at any length.
            if keys.contains(where: { $0.names.contains(key) }), 1...256 ~= cursor.rest.count {
                properties.values[key] = cursor.bytes(cursor.rest)
            }
        }
        return properties
    }
}
