/// TCP and UDP sockets by state: /proc/<pid>/net/{tcp,tcp6,udp,udp6}.
///
/// To write these files the kernel walks its whole table of sockets, however few there are: 7 ms on a machine with 24 GB
/// (262,144 places), ten times what all other sources take together. So these points come no more often than
/// `scanInterval`, and in the samples between they are not there.
struct ConnectionsCollector: Collector {
    static let kind = CollectorKind.connections

    static let count = Metric(
        "system.network.connection.count", .upDownCounter, unit: "{connection}", "Sockets by state.",
        source: "/proc/net/tcp, tcp6, udp, udp6")
    static let udpQueues = Metric(
        "system.network.udp.queue.size", .upDownCounter, unit: "By",
        "What waits in the sockets' queues, to be read and to be sent.", source: "/proc/net/udp, udp6")
    static let metrics = [count, udpQueues]

    /// The kernel's numbers from 1 (include/net/tcp_states.h), by the conventions' names. The last is of a request
    /// that is not a socket yet.
    static let states = [
        "established", "syn_sent", "syn_received", "fin_wait_1", "fin_wait_2", "time_wait", "closed", "close_wait",
        "last_ack", "listen", "closing", "syn_received",
    ]

    private static let tables = [
        ("tcp", "tcp", "ipv4"), ("tcp6", "tcp", "ipv6"), ("udp", "udp", "ipv4"), ("udp6", "udp", "ipv6"),
    ]

    private var pace: Pace

    init(_ configuration: HostMetricsConfiguration) { pace = Pace(every: configuration.scanInterval) }

    mutating func collect(_ pass: inout SamplingPass) {
        guard pace.begin(&pass) else { return }
        defer { pace.end(pass) }
        for (file, transport, type) in Self.tables {
            pass.attempt { (pass) throws(MetricSourceError) in
                // Where IPv6 is off, its files are not there.
                guard let text = try pass.readOfHostIfPresent("net/\(file)") else { return }
                let counts = try ConnectionCounts.parse(text, withQueues: transport == "udp")
                for (index, count) in counts.byState.enumerated() where count > 0 || Self.isAlwaysTold(index, transport)
                {
                    pass.add(
                        Self.count, count,
                        [
                            MetricAttribute("network.transport", transport), MetricAttribute("network.type", type),
                            MetricAttribute("network.connection.state", Self.states[index]),
                        ])
                }
                if transport == "udp" { addQueues(counts, type, to: &pass) }
            }
        }
    }

    private func addQueues(_ counts: ConnectionCounts, _ type: String, to pass: inout SamplingPass) {
        for (direction, size) in [("receive", counts.receiveQueues), ("transmit", counts.transmitQueues)] {
            pass.add(
                Self.udpQueues, size,
                [MetricAttribute("network.type", type), MetricAttribute("network.io.direction", direction)])
        }
    }

    /// Every state of TCP, so that a series does not end when its count falls to 0; UDP knows two.
    private static func isAlwaysTold(_ index: Int, _ transport: String) -> Bool {
        transport == "tcp" || states[index] == "established" || states[index] == "closed"
    }
}

struct ConnectionCounts: Equatable {
    /// By `ConnectionsCollector.states`, whose last is counted with its namesake.
    var byState = [Int64](repeating: 0, count: ConnectionsCollector.states.count - 1)

    /// Bytes, where they were asked for.
    var transmitQueues: Int64 = 0
    var receiveQueues: Int64 = 0

    static func parse(_ text: SourceText, withQueues: Bool) throws(MetricSourceError) -> ConnectionCounts {
        var counts = ConnectionCounts()
        var cursor = LineCursor(text)
        guard try cursor.nextLine() else { throw text.failure("a table with headings") }
        while try cursor.nextLine() {
            try cursor.skipFields(3)
            let field = try cursor.requiredField("a state")
            guard let number = cursor.hexadecimal(in: field), 1...ConnectionsCollector.states.count ~= Int(number)
            else {
                throw cursor.failure("a state from 01 to 0C")
            }
            let state = ConnectionsCollector.states[Int(number) - 1]
            if let index = ConnectionsCollector.states.firstIndex(of: state) { counts.byState[index] += 1 }
            if withQueues { try counts.addQueues(&cursor) }
        }
        return counts
    }

    /// `00000000:00000A00`: what is to be sent, and what is to be read.
    private mutating func addQueues(_ cursor: inout LineCursor) throws(MetricSourceError) {
        let expected = "two sizes of queues, hexadecimal"
        guard let first = cursor.field(upTo: UInt8(ascii: ":")), let transmit = cursor.hexadecimal(in: first),
            let receive = cursor.hexadecimal(in: try cursor.requiredField(expected)), max(transmit, receive) < 1 << 40
        else { throw cursor.failure(expected) }
        transmitQueues += transmit
        receiveQueues += receive
    }
}
