// BrokerServer: sockets to BrokerCore and back.
//
// It promises that every connection is answered or closed with a reason in the log, that requests of a connection are
// answered in their order, and that what clients send or fail to take cannot fill the memory: a request's bytes are
// reserved before they are read, a connection whose answers are not taken gets no further requests read, and the number
// of connections is bounded. It decides nothing about topics or records.

package import BrokerCore
package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// The server's limits.
package struct BrokerServerConfiguration: Sendable {
    package var host = "127.0.0.1"
    package var port = 9092
    /// `max.connections`
    package var maximumConnections = 10_000
    /// `max.connections.per.ip`: of one address, so that one client gone wrong does not keep all others out.
    package var maximumConnectionsPerAddress = 1000
    /// `socket.request.max.bytes`: the largest request.
    package var maximumRequestBytes = 104_857_600
    /// `connections.max.idle.ms`
    package var maximumIdle = Duration.seconds(600)
    /// A request of which no further byte comes for this long is given up.
    package var requestProgressTimeout = Duration.seconds(30)
    /// A client that takes no byte of its answers for this long is given up.
    package var answerProgressTimeout = Duration.seconds(120)
    /// On a stop, how long requests in flight may take to be answered.
    package var drainTimeout = Duration.seconds(10)

    package init() {}
}

/// A listening server.
package final class BrokerServer: Sendable {
    private let channel: any Channel
    private let connections: ConnectionRegistry
    private let configuration: BrokerServerConfiguration

    /// Where it listens; the port is the real one where 0 was asked for.
    package var localAddress: SocketAddress? { channel.localAddress }

    /// Starts to listen.
    ///
    /// - Throws: what bind(2) says; the address is in the error.
    package static func start(
        _ configuration: BrokerServerConfiguration, broker: Broker, group: any EventLoopGroup, logger: Logger
    ) async throws -> BrokerServer {
        let connections = ConnectionRegistry(
            limit: configuration.maximumConnections, perAddress: configuration.maximumConnectionsPerAddress)
        let reasons = ReasonLog(logger: logger)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 524_288)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ConnectionHandler(
                        broker: broker, configuration: configuration, connections: connections, reasons: reasons)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        return BrokerServer(channel: channel, connections: connections, configuration: configuration)
    }

    private init(channel: any Channel, connections: ConnectionRegistry, configuration: BrokerServerConfiguration) {
        self.channel = channel
        self.connections = connections
        self.configuration = configuration
    }

    package var connectionCount: Int { connections.count }

    /// Connections that were not taken, since the start.
    package var refusedConnectionCount: Int { connections.refusedCount }

    /// Stops to listen, has what is in flight answered, and closes every connection; after the drain timeout whether
    /// answered or not.
    package func stop() async {
        try? await channel.close().get()
        let deadline = ContinuousClock.now + configuration.drainTimeout
        connections.drainAll()
        while connections.count > 0 && ContinuousClock.now < deadline {
            // Cancelled: whoever stops has no patience left.
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        connections.closeAll()
    }
}

/// The connections there are.
final class ConnectionRegistry: Sendable {
    private struct Entry {
        var channel: any Channel
        var address: String
        var drain: @Sendable () -> Void
    }

    /// Why a connection is not taken.
    enum Refusal {
        case tooMany
        case tooManyOfAddress
        case stopping
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var countByAddress: [String: Int] = [:]
        var refused = 0
        var isStopping = false

        /// Why a connection from `address` must not be; nil where it may.
        func refusal(of address: String, limit: Int, perAddress: Int) -> Refusal? {
            // Accepted just before the end of listening: nobody would drain it any more.
            if isStopping { return .stopping }
            if entries.count >= limit { return .tooMany }
            return countByAddress[address, default: 0] >= perAddress ? .tooManyOfAddress : nil
        }
    }

    private let limit: Int
    private let perAddress: Int
    private let state = Mutex(State())

    init(limit: Int, perAddress: Int) {
        self.limit = limit
        self.perAddress = perAddress
    }

    var count: Int { state.withLock { $0.entries.count } }

    var refusedCount: Int { state.withLock { $0.refused } }

    /// - Returns: why the connection is not taken; nil where it is.
    func add(_ channel: any Channel, from address: String, drain: @escaping @Sendable () -> Void) -> Refusal? {
        state.withLock { state in
            if let refusal = state.refusal(of: address, limit: limit, perAddress: perAddress) {
                state.refused += 1
                return refusal
            }
            state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, address: address, drain: drain)
            state.countByAddress[address, default: 0] += 1
            return nil
        }
    }

    func remove(_ channel: any Channel) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: ObjectIdentifier(channel)) else { return }
            let left = state.countByAddress[entry.address, default: 1] - 1
            state.countByAddress[entry.address] = left > 0 ? left : nil
        }
    }

    /// Takes no more connections, and has each finish what it has begun.
    func drainAll() {
        let all = state.withLock { state in
            state.isStopping = true
            return Array(state.entries.values)
        }
        for entry in all { entry.drain() }
    }

    func closeAll() {
        for entry in state.withLock({ Array($0.entries.values) }) { entry.channel.close(promise: nil) }
    }
}
