internal import CLinux
internal import Glibc
internal import HostMetrics
package import Primitives
internal import Synchronization
internal import SystemPackage

/// Receives StatsD's datagrams on a thread of its own, which does nothing else, so that none has to wait for a disk or a
/// collector; and gives what they came to when an interval is over.
///
/// The thread reads and adds up, `read` takes the sums; they share the aggregator, under a lock that neither holds for
/// longer than 64 datagrams or one flush take.
///
/// An address that cannot be had is tried again every few seconds: the agent does not end because of it.
package final class StatsDReceiver: Sendable {
    /// How often an address that could not be had is tried again.
    private static let retry = Duration.seconds(2)
    private static let datagramsAtOnce = 64
    /// Longer than any datagram of UDP.
    private static let bufferBytes = 64 << 10
    /// A problem that did not come up for so many intervals is over.
    private static let quietIntervals = 30

    private let configuration: StatsDConfiguration
    private let clock: any WallClock
    private let shared: Mutex<Shared>
    private let stopping: CInt
    private let ended = BlockingQueue<Void>()

    private struct Shared {
        var aggregator: StatsDAggregator
        var schedule: SamplingSchedule
        /// By the endpoint's name; nil where it listens.
        var failures: [String: String] = [:]
        var notices: [String] = []
        var problems = ToldProblems()
        var before = StatsDAggregator.Counts()
        var quiet: [String: Int] = [:]
        var isStopped = false
    }

    /// Starts to listen.
    package init(_ configuration: StatsDConfiguration, clock: any WallClock) {
        self.configuration = configuration
        self.clock = clock
        var schedule = SamplingSchedule(every: configuration.interval)
        // The first interval is over when it has passed.
        _ = schedule.begin(at: .now)
        shared = Mutex(Shared(aggregator: StatsDAggregator(configuration, at: clock.now()), schedule: schedule))
        stopping = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        precondition(stopping != -1, "cannot make an eventfd: errno \(errno)")
        DedicatedThread.start("statsd") { [self] in
            receive()
            ended.put(())
        }
    }

    deinit { Glibc.close(stopping) }

    package var timeLeft: Duration { shared.withLock { $0.schedule.timeLeft() } }

    /// What came since the last call, if the interval is over.
    package func read(at now: ContinuousClock.Instant = .now) -> InputReading? {
        shared.withLock { shared in
            guard shared.schedule.timeLeft(at: now) <= .zero else { return nil }
            _ = shared.schedule.begin(at: now)
            return close(&shared, at: now)
        }
    }

    /// Listens no more, and gives what came in the interval that was not over. The addresses are free on return.
    package func stop() -> InputReading {
        let wasStopped = shared.withLock { shared in
            defer { shared.isStopped = true }
            return shared.isStopped
        }
        if !wasStopped {
            var one: UInt64 = 1
            _ = unsafe write(stopping, &one, 8)
            _ = ended.takeAll()
        }
        return shared.withLock { close(&$0, at: .now) }
    }

    private func close(_ shared: inout Shared, at now: ContinuousClock.Instant) -> InputReading {
        var reading = InputReading()
        reading.points = shared.aggregator.flush(at: clock.now(), now)
        reading.notices = shared.notices
        shared.notices = []
        for (endpoint, failure) in shared.failures.sorted(by: { $0.key < $1.key }) {
            if let change = shared.problems.note(endpoint, failure.isEmpty ? nil : failure) {
                reading.changes.append(change)
            }
        }
        let (counts, before) = (shared.aggregator.counts, shared.before)
        shared.before = counts
        func look(_ subject: String, _ grew: Bool, _ problem: String) {
            shared.quiet[subject] = grew ? 0 : (shared.quiet[subject] ?? Self.quietIntervals) + 1
            let isOver = shared.quiet[subject] ?? 0 >= Self.quietIntervals
            if let change = shared.problems.note(subject, isOver ? nil : problem) { reading.changes.append(change) }
        }
        look("statsd lines", counts.malformed > before.malformed, "some cannot be read, and are left out")
        look(
            "statsd series", counts.overLimit > before.overLimit,
            "more than series.limit (\(configuration.seriesLimit)) has room for; new ones are left out")
        look(
            "statsd datagrams", counts.kernelDropped > before.kernelDropped,
            "they come faster than they are read; the kernel drops some (net.core.rmem_max bounds how many wait)")
        return reading
    }

    // MARK: The thread

    private struct Endpoint {
        let name: String
        let open: () throws(DatagramSocket.Failure) -> DatagramSocket
        var socket: DatagramSocket?
        /// As the kernel told it last.
        var dropped: UInt32 = 0
    }

    private func endpoints() -> [Endpoint] {
        var endpoints: [Endpoint] = []
        if let listen = configuration.listen {
            let name = listen.host.contains(":") ? "[\(listen.host)]:\(listen.port)" : "\(listen.host):\(listen.port)"
            endpoints.append(
                Endpoint(name: "statsd on \(name)") { () throws(DatagramSocket.Failure) in
                    try .udp(host: listen.host, port: listen.port)
                })
        }
        if let path = configuration.socket {
            endpoints.append(
                Endpoint(name: "statsd on \(path)") { () throws(DatagramSocket.Failure) in try .unix(path) })
        }
        return endpoints
    }

    private func receive() {
        var endpoints = endpoints()
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        while !shared.withLock({ $0.isStopped }) {
            for index in endpoints.indices where endpoints[index].socket == nil { open(&endpoints[index]) }
            let isOpen = endpoints.allSatisfy { $0.socket != nil }
            var waits = [pollfd(fd: stopping, events: Int16(POLLIN), revents: 0)]
            waits += endpoints.map { pollfd(fd: $0.socket?.descriptor ?? -1, events: Int16(POLLIN), revents: 0) }
            let milliseconds = Self.retry / .milliseconds(1)
            _ = unsafe poll(&waits, nfds_t(waits.count), isOpen ? -1 : CInt(milliseconds))
            for index in endpoints.indices where waits[index + 1].revents != 0 {
                drain(&endpoints[index], &buffer)
            }
        }
        // What had been sent when it was told to stop; a flood that goes on is not waited out.
        for index in endpoints.indices {
            for _ in 0..<1000 where drain(&endpoints[index], &buffer) {}
        }
    }

    private func open(_ endpoint: inout Endpoint) {
        var failure = ""
        var notice: String?
        do throws(DatagramSocket.Failure) {
            let socket = try endpoint.open()
            endpoint.socket = socket
            notice =
                endpoint.name + (configuration.listen?.port == 0 ? ": port \(socket.port ?? 0)" : "") + ": listening"
        } catch {
            failure = "\(error); it is tried again"
        }
        shared.withLock { shared in
            shared.failures[endpoint.name] = failure
            if let notice { shared.notices.append(notice) }
        }
    }

    /// Reads what waits; a flood gives way to the other endpoint, and to who waits for the lock, now and then.
    ///
    /// - Returns: whether there may be more.
    @discardableResult
    private func drain(_ endpoint: inout Endpoint, _ buffer: inout [UInt8]) -> Bool {
        guard let socket = endpoint.socket else { return false }
        return shared.withLock { shared in
            for _ in 0..<Self.datagramsAtOnce {
                guard let datagram = socket.receive(into: &buffer) else { return false }
                var dropped: Int64 = 0
                if datagram.has_dropped {
                    dropped = Int64(datagram.dropped &- endpoint.dropped)
                    endpoint.dropped = datagram.dropped
                }
                shared.aggregator.take(
                    buffer, count: Int(datagram.length), isCut: datagram.is_cut, kernelDropped: dropped)
            }
            return true
        }
    }
}
