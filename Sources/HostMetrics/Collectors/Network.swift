internal import Primitives

/// What network interfaces carried: /proc/<pid>/net/dev.
struct NetworkCollector: Collector {
    static let kind = CollectorKind.network

    private static let file = "/proc/net/dev"
    static let io = Metric("system.network.io", .counter, unit: "By", "Bytes transferred.", source: file)
    static let packets = Metric(
        "system.network.packet.count", .counter, unit: "{packet}", "Packets transferred.", source: file)
    static let errors = Metric(
        "system.network.errors", .counter, unit: "{error}", "Packets with errors.", source: file)
    static let dropped = Metric(
        "system.network.packet.dropped", .counter, unit: "{packet}", "Packets dropped though they had no error.",
        source: file)
    static let fifo = Metric(
        "system.network.fifo_errors", .counter, unit: "{error}", "Overruns of the device's buffer.", source: file)
    static let frame = Metric(
        "system.network.frame_errors", .counter, unit: "{error}", "Frames received misaligned or cut.", source: file)
    static let compressed = Metric(
        "system.network.packet.compressed", .counter, unit: "{packet}", "Compressed packets.", source: file)
    static let multicast = Metric(
        "system.network.packet.multicast", .counter, unit: "{packet}", "Multicast packets received.", source: file)
    static let collisions = Metric(
        "system.network.collisions", .counter, unit: "{collision}", "Collisions while sending.", source: file)
    static let carrier = Metric(
        "system.network.carrier_errors", .counter, unit: "{error}", "Losses of the carrier while sending.",
        source: file)
    static let metrics = [
        io, packets, errors, dropped, fifo, frame, compressed, multicast, collisions, carrier,
    ]

    private let selection: InterfaceSelection

    init(_ configuration: HostMetricsConfiguration) { selection = configuration.interfaces }

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let found = InterfaceTraffic.parse(try pass.readOfHost("net/dev"))
            pass.report(found.firstError)
            for interface in found.rows where selection.includes(interface.name) { add(interface, to: &pass) }
        }
    }

    private func add(_ interface: InterfaceTraffic, to pass: inout SamplingPass) {
        // The conventions have `system.device` for packet.count and `network.interface.name` for its siblings; one
        // key for all is what lets a consumer put them side by side.
        let name = [MetricAttribute("network.interface.name", interface.name)]
        for (direction, traffic) in [("receive", interface.received), ("transmit", interface.sent)] {
            let attributes = name + [MetricAttribute("network.io.direction", direction)]
            pass.add(Self.io, traffic.bytes, attributes)
            pass.add(Self.packets, traffic.packets, attributes)
            pass.add(Self.errors, traffic.errors, attributes)
            pass.add(Self.dropped, traffic.dropped, attributes)
            pass.add(Self.fifo, traffic.fifo, attributes)
            pass.add(Self.compressed, traffic.compressed, attributes)
        }
        pass.add(Self.frame, interface.frame, name)
        pass.add(Self.multicast, interface.multicast, name)
        pass.add(Self.collisions, interface.collisions, name)
        pass.add(Self.carrier, interface.carrier, name)
    }
}

/// One line of /proc/net/dev.
struct InterfaceTraffic: Equatable {
    struct Direction: Equatable {
        var bytes: Int64
        var packets: Int64
        var errors: Int64
        var dropped: Int64
        var fifo: Int64
        var compressed: Int64
    }

    var name: [UInt8]
    var received: Direction
    var sent: Direction
    var frame: Int64
    var multicast: Int64
    var collisions: Int64
    var carrier: Int64

    static func parse(_ text: SourceText) -> Rows<InterfaceTraffic> {
        Rows(text, headings: 2) { (cursor) throws(MetricSourceError) in
            // An alias's name holds a colon itself, but only aliases of kernels before 2.2 have counters.
            guard let name = cursor.field(upTo: UInt8(ascii: ":")) else {
                throw cursor.failure("an interface's name and a colon")
            }
            var counts: [Int64] = []
            for _ in 0..<16 { counts.append(try cursor.count("16 counters")) }
            return InterfaceTraffic(
                name: cursor.bytes(name),
                received: Direction(
                    bytes: counts[0], packets: counts[1], errors: counts[2], dropped: counts[3], fifo: counts[4],
                    compressed: counts[6]),
                sent: Direction(
                    bytes: counts[8], packets: counts[9], errors: counts[10], dropped: counts[11], fifo: counts[12],
                    compressed: counts[15]),
                frame: counts[5], multicast: counts[7], collisions: counts[13], carrier: counts[14])
        }
    }
}
