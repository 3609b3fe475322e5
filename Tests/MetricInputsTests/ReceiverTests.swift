import Glibc
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import MetricInputs

/// Sends datagrams to an address of a family.
private func send<Address>(_ datagrams: [String], _ family: CInt, to address: Address) throws {
    let descriptor = Glibc.socket(family, CInt(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    for datagram in datagrams {
        let bytes = Array(datagram.utf8)
        let sent = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        try #require(sent == bytes.count)
    }
}

private func send(_ datagrams: [String], to socket: FilePath) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.string.utf8)) }
    try send(datagrams, AF_UNIX, to: address)
}

/// To a port of 127.0.0.1.
private func send(_ datagrams: [String], toPort port: Int) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    try send(datagrams, AF_INET, to: address)
}

extension InputReading {
    fileprivate func value(_ name: String) -> Double? { points.first { $0.name == name }?.value.number }
}

@Suite struct ReceiverTests {
    private func configuration(
        _ place: TemporaryDirectory, _ change: (inout StatsDConfiguration) -> Void = { _ in }
    ) -> StatsDConfiguration {
        var configuration = StatsDConfiguration()
        configuration.listen = ("127.0.0.1", 0)
        configuration.socket = place.path.appending("s.sock")
        configuration.interval = .milliseconds(100)
        change(&configuration)
        return configuration
    }

    /// Reads until the receiver listens on all it has.
    private func port(_ receiver: StatsDReceiver) throws -> Int {
        var notices: [String] = []
        try blockUntil("it listens") {
            notices += receiver.read()?.notices ?? []
            return notices.count == 2
        }
        let words = try #require(notices.first { $0.contains("127.0.0.1") }).split(whereSeparator: { " :".contains($0) }
        )
        return try #require(words.compactMap { Int($0) }.last { $0 > 0 })
    }

    @Test func `what is sent over UDP and to the socket is added up together, up to the stop`() throws {
        let place = try TemporaryDirectory()
        let receiver = StatsDReceiver(configuration(place) { $0.interval = .seconds(3600) }, clock: FixedClock())
        // The first interval is not over: nothing is read before the stop.
        #expect(receiver.read() == nil)
        try blockUntil("the socket is there") { access(place.path.appending("s.sock").string, F_OK) == 0 }
        try send(["a:1|c", "a:2|c\nb:5|g"], to: place.path.appending("s.sock"))
        let reading = receiver.stop()
        #expect(reading.value("a") == 3 && reading.value("b") == 5)
        #expect(reading.value("tributary.statsd.datagrams") == 2)
        #expect(access(place.path.appending("s.sock").string, F_OK) == -1)
        #expect(receiver.stop().value("a") == nil)
    }

    @Test func `datagrams over UDP arrive, and the kernel's drops are counted`() throws {
        let place = try TemporaryDirectory()
        let receiver = StatsDReceiver(configuration(place), clock: FixedClock())
        let port = try port(receiver)
        var sum = 0.0
        var sent = 0
        var datagrams = 0.0
        var dropped = 0.0
        let large = String(repeating: "x:1|c\n", count: 5000)
        // The reader has more to do for a datagram than the sender: sooner or later the kernel has no more room.
        try blockUntil("the kernel drops some") {
            try send([String](repeating: large, count: 200), toPort: port)
            sent += 200
            if let reading = receiver.read() {
                sum += reading.value("x") ?? 0
                datagrams = reading.value("tributary.statsd.datagrams") ?? 0
                dropped = reading.value("tributary.statsd.kernel.dropped") ?? 0
            }
            return dropped > 0
        }
        var last = 0.0
        try blockUntil("all that was not dropped is read") {
            // Drops are told with the next datagram that comes.
            try send(["y:1|c"], toPort: port)
            sent += 1
            if let reading = receiver.read() {
                sum += reading.value("x") ?? 0
                datagrams = reading.value("tributary.statsd.datagrams") ?? 0
                dropped = reading.value("tributary.statsd.kernel.dropped") ?? 0
                last = Double(sent) - datagrams - dropped
            } else {
                return false
            }
            // Those that were sent since the reader looked are still on their way.
            return last >= 0 && last < 50
        }
        let end = receiver.stop()
        sum += end.value("x") ?? 0
        datagrams = end.value("tributary.statsd.datagrams") ?? 0
        dropped = end.value("tributary.statsd.kernel.dropped") ?? 0
        #expect(datagrams + dropped == Double(sent))
        #expect(sum.truncatingRemainder(dividingBy: 5000) == 0 && sum > 0)
    }

    @Test func `an address that is taken is told once, and had when it is free`() throws {
        let place = try TemporaryDirectory()
        let path = place.path.appending("s.sock")
        let first = StatsDReceiver(configuration(place) { $0.listen = nil }, clock: FixedClock())
        try blockUntil("the first has it") { access(path.string, F_OK) == 0 }
        var notices: [String] = []
        try blockUntil("the first listens") {
            notices += first.read()?.notices ?? []
            return !notices.isEmpty
        }
        let second = StatsDReceiver(configuration(place) { $0.listen = nil }, clock: FixedClock())
        var changes: [String] = []
        try blockUntil("the second says that it is taken") {
            changes += second.read()?.changes ?? []
            return !changes.isEmpty
        }
        #expect(changes.count == 1 && changes[0].contains("another program listens there"))
        _ = first.stop()
        try blockUntil("the second has it") {
            let reading = second.read()
            changes += reading?.changes ?? []
            notices += reading?.notices ?? []
            return notices.count == 2 && changes.count == 2
        }
        try send(["a:1|c"], to: path)
        #expect(second.stop().value("a") == 1)
    }

    @Test
    func `what is in the place of the socket is left alone where it is no socket, and replaced where it is left over`()
        throws
    {
        let place = try TemporaryDirectory()
        let path = place.path.appending("s.sock")
        let file = open(path.string, O_CREAT | O_WRONLY, 0o600)
        close(file)
        #expect(throws: DatagramSocket.Failure.self) { try DatagramSocket.unix(path) }
        #expect(unlink(path.string) == 0)
        // A socket that a program left when it was killed.
        let descriptor = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.string.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        #expect(throws: DatagramSocket.Failure.self) { try DatagramSocket.unix(path) }
        close(descriptor)
        _ = try DatagramSocket.unix(path)
    }
}
