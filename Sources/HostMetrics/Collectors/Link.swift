internal import FileAccess
internal import SystemPackage

/// What /sys/class/net/<interface> tells (kernel: Documentation/ABI/testing/sysfs-class-net).
///
/// Which of these files there are depends on the kernel, and many refuse for what is no device or is down: a file that
/// has nothing to say is left out without a word, other than one that is not for us to read.
struct Link: Sendable {
    var numbers: [(metric: Metric, value: Int64)] = []
    /// Of the carrier: since kernel 4.16 by direction, before in sum only.
    var carrierChanges: [(direction: String?, count: Int64)] = []
    /// In bytes per second.
    var speed: Int64?
    /// nil where one of the words could not be read.
    var words: [MetricAttribute]?
    var operationalState: [UInt8] = []
    var errors: [MetricSourceError] = []

    init(at path: FilePath, _ fileSystem: any FileSystem) {
        var reader = LinkReader(SourceReader(fileSystem, root: path))
        for (file, metric, parse) in LinkMetrics.files {
            if let value = reader.value(file, parse) { numbers.append((metric, value)) }
        }
        for (file, direction) in [("carrier_up_count", "up"), ("carrier_down_count", "down")] {
            if let count = reader.value(file, singleCount) { carrierChanges.append((direction, count)) }
        }
        if carrierChanges.isEmpty, let count = reader.value("carrier_changes", singleCount) {
            carrierChanges = [(nil, count)]
        }
        // In millions of bits; -1, or what it is without a sign on old kernels, where it is not known.
        if let speed = reader.value("speed", singleInteger), 0..<Int64(UInt32.max) ~= speed {
            self.speed = speed * 125_000
        }
        readWords(&reader)
        errors = reader.errors
    }

    private mutating func readWords(_ reader: inout LinkReader) {
        var words: [MetricAttribute] = []
        for (file, key) in LinkMetrics.words {
            guard let word = reader.value(file, wholeLine), !word.isEmpty else { continue }
            if file == "operstate" { operationalState = word }
            words.append(MetricAttribute(key, word))
        }
        if words.isEmpty { return }
        // IFF_UP
        if let flags = numbers.first(where: { $0.metric === LinkMetrics.flags })?.value {
            words.append(MetricAttribute(LinkMetrics.adminState, flags & 1 == 1 ? "up" : "down"))
        }
        let files = LinkMetrics.words.map(\.0) + ["flags"]
        let isWhole = !reader.errors.contains { error in files.contains { error.path.lastComponent?.string == $0 } }
        if isWhole { self.words = words }
    }

    func add(to pass: inout SamplingPass, name: String) {
        let name = [MetricAttribute("network.interface.name", name)]
        for (metric, value) in numbers { pass.add(metric, value, name) }
        for (direction, count) in carrierChanges {
            let attributes = direction.map { [MetricAttribute("system.network.interface.carrier.state", $0)] } ?? []
            pass.add(LinkMetrics.carrierChanges, count, name + attributes)
        }
        if let speed { pass.add(LinkMetrics.speed, speed, name) }
        guard let words, !words.isEmpty else { return }
        pass.add(LinkMetrics.info, Int64(1), name + words)
        if operationalState.isEmpty { return }
        pass.add(LinkMetrics.up, Int64(operationalState.elementsEqual("up".utf8) ? 1 : 0), name)
    }
}

private struct LinkReader {
    private var reader: SourceReader
    var errors: [MetricSourceError] = []

    init(_ reader: SourceReader) { self.reader = reader }

    mutating func value<Value>(_ file: String, _ parse: (SourceText) throws(MetricSourceError) -> Value) -> Value? {
        do throws(MetricSourceError) {
            return try parse(try reader.read(file))
        } catch {
            if !error.isDeviceRefusal { errors.append(error) }
            return nil
        }
    }
}

enum LinkMetrics {
    private static let prefix = "system.network.interface"
    private static let directory = "/sys/class/net/*"

    typealias Parse = @Sendable (SourceText) throws(MetricSourceError) -> Int64

    /// Files with one number.
    static let files: [(file: String, metric: Metric, parse: Parse)] = [
        ("mtu", number("mtu", "mtu", "By", "The most bytes of a packet."), singleCount),
        (
            "carrier", number("carrier", "carrier", "1", "1 where the link has a carrier, otherwise 0."), singleCount
        ),
        ("dormant", number("dormant", "dormant", "1", "1 where the link waits for another, otherwise 0."), singleCount),
        ("flags", flags, hexadecimal),
        ("ifindex", number("id", "ifindex", "1", "Number of the interface."), singleCount),
        ("iflink", number("link", "iflink", "1", "Number of the interface that this one sends through."), singleCount),
        ("link_mode", number("link_mode", "link_mode", "1", "0 is the default, 1 dormant."), singleCount),
        ("type", number("type", "type", "1", "What the interface is (ARPHRD_…) as a number."), singleCount),
        ("dev_id", number("device_id", "dev_id", "1", "Which of several that share an address it is."), hexadecimal),
        ("netdev_group", number("group", "netdev_group", "1", "Group of interfaces it is in."), singleCount),
        (
            "addr_assign_type",
            number("address_assign_type", "addr_assign_type", "1", "Where its address is from (NET_ADDR_…)."),
            singleCount
        ),
        (
            "name_assign_type",
            number("name_assign_type", "name_assign_type", "1", "Where its name is from (NET_NAME_…)."), singleCount
        ),
        (
            "tx_queue_len",
            number("transmit_queue.limit", "tx_queue_len", "{packet}", "The most packets that wait to be sent."),
            singleCount
        ),
        ("statistics/rx_nohandler", unhandled, singleCount),
    ]

    /// Files with a word, which are attributes of `info`.
    static let words = [
        ("address", "\(prefix).address"), ("broadcast", "\(prefix).broadcast"), ("duplex", "\(prefix).duplex"),
        ("operstate", "\(prefix).state"), ("ifalias", "\(prefix).alias"),
    ]

    /// What the interface was told to be, of its flags.
    static let adminState = "\(prefix).admin_state"
    static let flags = number("flags", "flags", "1", "The interface's flags (IFF_…) as a number.")
    static let unhandled = Metric(
        "system.network.packet.unhandled", .counter, unit: "{packet}",
        "Packets received on an inactive interface, which nobody took.",
        source: "\(directory)/statistics/rx_nohandler")
    static let carrierChanges = Metric(
        "\(prefix).carrier.changes", .counter, unit: "{change}",
        "Times that the carrier came (`up`) and went (`down`); both together before kernel 4.16.",
        source: "\(directory)/carrier_up_count, carrier_down_count, else carrier_changes")
    static let speed = Metric(
        "hw.network.bandwidth.limit", .gauge, unit: "By/s", "Speed of the link, where the device tells it.",
        source: "\(directory)/speed")
    static let up = Metric(
        "hw.network.up", .upDownCounter, unit: "1", "1 where the interface's state is `up`, otherwise 0.",
        source: "\(directory)/operstate")
    static let info = Metric(
        "\(prefix).info", .upDownCounter, unit: "1", "1, with the interface's state and addresses as attributes.",
        source: "\(directory)/{address,broadcast,duplex,operstate,ifalias}")

    static let all = files.map(\.metric) + [carrierChanges, speed, up, info]

    private static let hexadecimal: Parse = { text throws(MetricSourceError) in
        try DiskHealthCollector.hexadecimalCount(text)
    }

    private static func number(_ name: String, _ file: String, _ unit: String, _ summary: String) -> Metric {
        Metric("\(prefix).\(name)", .gauge, unit: unit, summary, source: "\(directory)/\(file)")
    }

    /// The metric of a file.
    static func metric(of file: String) -> Metric? { files.first { $0.file == file }?.metric }
}
