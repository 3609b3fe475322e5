/// What the network protocols counted: /proc/<pid>/net/{snmp,netstat,snmp6}, /proc/<pid>/net/{sockstat,sockstat6}.
struct ProtocolsCollector: Collector {
    static let kind = CollectorKind.protocols

    /// A number of the kernel's, and what it is called here.
    struct Counter: Sendable {
        /// As `Tcp.ActiveOpens`, or a name of snmp6.
        var name: [UInt8]
        var metric: Metric
        var attributes: [MetricAttribute]
    }

    static let snmp = counters(
        "/proc/net/snmp, netstat", .counter,
        [
            (
                "system.network.ip.packets", "{packet}", "IP packets.",
                [
                    ("Ip.InReceives", "receive"), ("Ip.OutRequests", "transmit"), ("Ip.ForwDatagrams", "forward"),
                ]
            ),
            (
                "system.network.ip.packets.discarded", "{packet}", "IP packets discarded for want of room.",
                [
                    ("Ip.InDiscards", "receive"), ("Ip.OutDiscards", "transmit"),
                ]
            ),
            (
                "system.network.ip.errors", "{packet}",
                "IP packets with a wrong header or address, or without a route.",
                [
                    ("Ip.InHdrErrors", "header"), ("Ip.InAddrErrors", "address"), ("Ip.OutNoRoutes", "no_route"),
                    ("Ip.InUnknownProtos", "unknown_protocol"), ("Ip.ReasmFails", "reassembly"),
                    ("Ip.FragFails", "fragmentation"),
                ]
            ),
            (
                "system.network.ip.io", "By", "Bytes of IP packets.",
                [
                    ("IpExt.InOctets", "receive"), ("IpExt.OutOctets", "transmit"),
                ]
            ),
            (
                "system.network.icmp.messages", "{message}", "ICMP messages.",
                [
                    ("Icmp.InMsgs", "receive"), ("Icmp.OutMsgs", "transmit"),
                ]
            ),
            (
                "system.network.icmp.errors", "{message}", "ICMP messages with errors.",
                [
                    ("Icmp.InErrors", "receive"), ("Icmp.OutErrors", "transmit"),
                ]
            ),
            (
                "system.network.tcp.opens", "{connection}", "TCP connections opened from here and from elsewhere.",
                [
                    ("Tcp.ActiveOpens", "active"), ("Tcp.PassiveOpens", "passive"),
                ]
            ),
            (
                "system.network.tcp.open_failures", "{connection}", "TCP connections that failed to open.",
                [
                    ("Tcp.AttemptFails", "")
                ]
            ),
            (
                "system.network.tcp.resets", "{connection}", "TCP connections reset while open, and resets sent.",
                [
                    ("Tcp.EstabResets", "connection"), ("Tcp.OutRsts", "transmit"),
                ]
            ),
            (
                "system.network.tcp.segments", "{segment}", "TCP segments.",
                [
                    ("Tcp.InSegs", "receive"), ("Tcp.OutSegs", "transmit"),
                ]
            ),
            (
                "system.network.tcp.retransmits", "{segment}", "TCP segments sent again.",
                [
                    ("Tcp.RetransSegs", "all"), ("TcpExt.TCPSynRetrans", "syn"),
                ]
            ),
            (
                "system.network.tcp.errors", "{segment}", "TCP segments received with errors.",
                [
                    ("Tcp.InErrs", "all"), ("Tcp.InCsumErrors", "checksum"),
                ]
            ),
            ("system.network.tcp.timeouts", "{timeout}", "TCP retransmission timeouts.", [("TcpExt.TCPTimeouts", "")]),
            (
                "system.network.tcp.listen.dropped", "{connection}", "Connections dropped at a listening socket.",
                [
                    ("TcpExt.ListenDrops", "all"), ("TcpExt.ListenOverflows", "overflow"),
                ]
            ),
            (
                "system.network.tcp.syncookies", "{cookie}", "SYN cookies, by what became of them.",
                [
                    ("TcpExt.SyncookiesSent", "sent"), ("TcpExt.SyncookiesRecv", "received"),
                    ("TcpExt.SyncookiesFailed", "failed"),
                ]
            ),
            (
                "system.network.tcp.out_of_order", "{segment}", "TCP segments that arrived out of order.",
                [
                    ("TcpExt.TCPOFOQueue", "")
                ]
            ),
            (
                "system.network.tcp.receive_queue.dropped", "{segment}",
                "TCP segments dropped because the receiving socket was full.",
                [
                    ("TcpExt.TCPRcvQDrop", "")
                ]
            ),
            (
                "system.network.tcp.memory_pressure", "{event}", "Times that TCP ran short of memory.",
                [
                    ("TcpExt.TCPMemoryPressures", "")
                ]
            ),
            (
                "system.network.udp.datagrams", "{datagram}", "UDP datagrams.",
                [
                    ("Udp.InDatagrams", "receive"), ("Udp.OutDatagrams", "transmit"),
                ]
            ),
            (
                "system.network.udplite.errors", "{datagram}", "UDP-Lite datagrams received with errors.",
                [("UdpLite.InErrors", "receive")]
            ),
            (
                "system.network.udp.errors", "{datagram}", "UDP datagrams lost, by reason.",
                [
                    ("Udp.NoPorts", "no_port"), ("Udp.InErrors", "receive"), ("Udp.RcvbufErrors", "receive_buffer"),
                    ("Udp.SndbufErrors", "send_buffer"), ("Udp.InCsumErrors", "checksum"),
                ]
            ),
        ])

    /// What goes up and down.
    static let levels = counters(
        "/proc/net/snmp", .gauge,
        [
            (
                "system.network.tcp.connections.current", "{connection}",
                "TCP connections that are open: established, or closed by the other side only.",
                [("Tcp.CurrEstab", "")]
            ),
            (
                "system.network.ip.forwarding", "1",
                "1 where the host forwards packets, 2 where it does not (RFC 1213, ipForwarding).",
                [("Ip.Forwarding", "")]
            ),
        ])

    static let snmp6 = counters(
        "/proc/net/snmp6", .counter,
        [
            (
                "system.network.ipv6.packets", "{packet}", "IPv6 packets.",
                [
                    ("Ip6InReceives", "receive"), ("Ip6OutRequests", "transmit"), ("Ip6OutForwDatagrams", "forward"),
                ]
            ),
            (
                "system.network.ipv6.packets.discarded", "{packet}", "IPv6 packets discarded for want of room.",
                [
                    ("Ip6InDiscards", "receive"), ("Ip6OutDiscards", "transmit"),
                ]
            ),
            (
                "system.network.ipv6.io", "By", "Bytes of IPv6 packets.",
                [
                    ("Ip6InOctets", "receive"), ("Ip6OutOctets", "transmit"),
                ]
            ),
            (
                "system.network.icmpv6.messages", "{message}", "ICMPv6 messages.",
                [
                    ("Icmp6InMsgs", "receive"), ("Icmp6OutMsgs", "transmit"),
                ]
            ),
            (
                "system.network.icmpv6.errors", "{message}", "ICMPv6 messages received with errors.",
                [("Icmp6InErrors", "receive")]
            ),
            (
                "system.network.udplitev6.errors", "{datagram}",
                "UDP-Lite datagrams over IPv6 received with errors.", [("UdpLite6InErrors", "receive")]
            ),
            (
                "system.network.udpv6.datagrams", "{datagram}", "UDP datagrams over IPv6.",
                [
                    ("Udp6InDatagrams", "receive"), ("Udp6OutDatagrams", "transmit"),
                ]
            ),
            (
                "system.network.udpv6.errors", "{datagram}", "UDP datagrams over IPv6 lost, by reason.",
                [
                    ("Udp6NoPorts", "no_port"), ("Udp6InErrors", "receive"), ("Udp6RcvbufErrors", "receive_buffer"),
                    ("Udp6SndbufErrors", "send_buffer"),
                ]
            ),
        ])

    static let sockets = Metric(
        "system.network.socket.count", .upDownCounter, unit: "{socket}",
        "Sockets by protocol and state; `all` is all of the host, of every kind.",
        source: "/proc/net/sockstat, sockstat6")
    static let socketMemory = Metric(
        "system.network.socket.memory", .upDownCounter, unit: "By", "Memory of sockets' buffers.",
        source: "/proc/net/sockstat")
    static let metrics =
        unique([snmp, levels, snmp6].flatMap { $0.values.map(\.metric) }) + [sockets, socketMemory]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        for file in ["net/snmp", "net/netstat"] {
            pass.attempt { (pass) throws(MetricSourceError) in
                try ProtocolCounts.parsePairs(try pass.readOfHost(file)) { name, value in
                    if let counter = Self.snmp[name] ?? Self.levels[name] {
                        pass.add(counter.metric, value, counter.attributes)
                    }
                }
            }
        }
        pass.attempt { (pass) throws(MetricSourceError) in
            guard let text = try pass.readOfHostIfPresent("net/snmp6") else { return }
            try ProtocolCounts.parseLines(text) { name, value in
                if let counter = Self.snmp6[name] { pass.add(counter.metric, value, counter.attributes) }
            }
        }
        for file in ["net/sockstat", "net/sockstat6"] {
            pass.attempt { (pass) throws(MetricSourceError) in
                guard let text = try pass.readOfHostIfPresent(file) else { return }
                for count in try SocketCount.parse(text) { add(count, to: &pass) }
            }
        }
    }

    private func add(_ count: SocketCount, to pass: inout SamplingPass) {
        let name = MetricAttribute("network.protocol.name", count.protocolName)
        switch count.key {
        case "mem":
            if count.value < 1 << 40 { pass.add(Self.socketMemory, count.value * pageSize, [name]) }
        case "memory": pass.add(Self.socketMemory, count.value, [name])
        default: pass.add(Self.sockets, count.value, [name, MetricAttribute("system.network.socket.state", count.key)])
        }
    }

    private static func counters(
        _ source: String, _ kind: MetricKind,
        _ table: [(name: String, unit: String, summary: String, fields: [(String, String)])]
    ) -> [[UInt8]: Counter] {
        var counters: [[UInt8]: Counter] = [:]
        for row in table {
            let metric = Metric(row.name, kind, unit: row.unit, row.summary, source: source)
            for (field, word) in row.fields {
                let isDirection = word == "receive" || word == "transmit"
                let key = isDirection && !row.name.hasSuffix("errors") ? "network.io.direction" : "\(row.name).type"
                let attributes = word.isEmpty ? [] : [MetricAttribute(key, word)]
                counters[Array(field.utf8)] = Counter(name: Array(field.utf8), metric: metric, attributes: attributes)
            }
        }
        return counters
    }

    private static func unique(_ metrics: [Metric]) -> [Metric] {
        var names: Set<String> = []
        return metrics.filter { names.insert($0.name).inserted }.sorted { $0.name < $1.name }
    }
}

enum ProtocolCounts {
    /// Files of pairs of lines: `Tcp: ActiveOpens PassiveOpens` and `Tcp: 11 2`. Names are given as `Tcp.ActiveOpens`.
    static func parsePairs(
        _ text: SourceText, _ found: (_ name: [UInt8], _ value: Int64) -> Void
    ) throws(MetricSourceError) {
        var names = LineCursor(text)
        var values = names
        var lines = 0
        while try names.nextLine() {
            values = names
            guard try values.nextLine() else { throw names.failure("a line of numbers after this one") }
            guard let group = names.field(upTo: UInt8(ascii: ":")), let again = values.field(upTo: UInt8(ascii: ":")),
                names.bytes(group) == values.bytes(again)
            else { throw values.failure("two lines of the same protocol") }
            let prefix = names.bytes(group) + [UInt8(ascii: ".")]
            while let name = names.field() {
                let field = try values.requiredField("as many numbers as names")
                // MaxConn is -1 where there is no limit; negative ones are no counters.
                if values.byte(at: field.lowerBound) == UInt8(ascii: "-") { continue }
                guard let value = values.number(in: field) else { throw values.failure("a whole number") }
                found(prefix + names.bytes(name), value)
            }
            guard values.field() == nil else { throw values.failure("as many numbers as names") }
            names = values
            lines += 2
        }
        guard lines > 0 else { throw text.failure("lines of names and numbers") }
    }

    /// A file of lines `Ip6InReceives   12`.
    static func parseLines(
        _ text: SourceText, _ found: (_ name: [UInt8], _ value: Int64) -> Void
    ) throws(MetricSourceError) {
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            let name = try cursor.requiredField("a name")
            found(cursor.bytes(name), try cursor.count())
        }
        guard cursor.line > 0 else { throw text.failure("lines of a name and a number") }
    }
}

/// One number of sockstat: `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 260`.
struct SocketCount: Equatable {
    var protocolName: String
    /// The kernel's word, but for `tw`.
    var key: String
    var value: Int64

    static func parse(_ text: SourceText) throws(MetricSourceError) -> [SocketCount] {
        var counts: [SocketCount] = []
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let group = cursor.field(upTo: UInt8(ascii: ":")) else { throw cursor.failure("a name and a colon") }
            let word = String(decoding: cursor.bytes(group), as: UTF8.self).lowercased()
            let name = word == "sockets" ? "all" : word
            while let field = cursor.field() {
                let key = String(decoding: cursor.bytes(field), as: UTF8.self)
                counts.append(
                    SocketCount(protocolName: name, key: key == "tw" ? "time_wait" : key, value: try cursor.count()))
            }
        }
        guard cursor.line > 0 else { throw text.failure("lines of socket counts") }
        return counts
    }
}
