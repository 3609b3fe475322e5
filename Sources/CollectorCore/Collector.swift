internal import YAMLConfiguration
package import BrokerCore
internal import BrokerServer
package import FileAccess
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Primitives
internal import ServiceLifecycle
internal import SystemPackage

/// The collector, from its data directory to its listening socket.
package struct Collector: Service {
    private let configuration: CollectorConfiguration
    private let fileSystem: any FileSystem
    private let logger: Logger
    private let ready: @Sendable (String) -> Void

    /// - Parameter ready: called once, with where it listens, when clients can connect.
    package init(
        _ configuration: CollectorConfiguration, fileSystem: any FileSystem = PosixFileSystem(), logger: Logger,
        ready: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.logger = logger
        self.ready = ready
    }

    /// Runs until a graceful shutdown; then answers what is in flight, and closes the logs cleanly.
    package func run() async throws {
        DescriptorLimit.raise()
        let group = MultiThreadedEventLoopGroup.singleton
        let broker = try await onDedicatedThread { [configuration, fileSystem, logger] in
            try Broker(
                configuration.broker, fileSystem: fileSystem, clock: SystemWallClock(),
                scheduler: EventLoopScheduler(group), logger: logger)
        }
        broker.startMaintenance()
        do {
            let server = try await BrokerServer.start(
                configuration.server, broker: broker, group: group, logger: logger)
            ready(server.localAddress.map { "\($0.ipAddress ?? configuration.listen.host):\($0.port ?? 0)" } ?? "?")
            try? await gracefulShutdown()
            broker.beginStop()
            await server.stop()
        } catch {
            try await onDedicatedThread { broker.stop() }
            let reason = (error as? IOError).map { Errno(rawValue: $0.errnoCode).description } ?? "\(error)"
            throw CannotListen(address: "\(configuration.listen)", reason: reason)
        }
        try await onDedicatedThread { broker.stop() }
    }
}

package struct CannotListen: Error, CustomStringConvertible {
    let address: String
    let reason: String

    package var description: String { "cannot listen on \(address): \(reason)" }
}

/// Runs blocking work on a thread of its own.
private func onDedicatedThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DedicatedThread.start("start-stop") {
            continuation.resume(with: Result { try work() })
        }
    }
}

extension CollectorConfiguration {
    /// As the broker takes it.
    var broker: BrokerConfiguration {
        var broker = BrokerConfiguration(dataDirectory: FilePath(dataDirectory))
        broker.flush =
            switch flush {
            case .commit: .commit
            case .interval(let duration):
                .interval(
                    milliseconds: duration.components.seconds * 1000
                        + duration.components.attoseconds / 1_000_000_000_000_000)
            case .os: .os
            }
        broker.autoCreateTopics = autoCreateTopics
        broker.advertised = advertised.map { BrokerAddress(host: $0.host, port: Int32($0.port)) }
        broker.minimumFreeBytes = Int64(minimumFreeBytes)
        broker.retentionCheckInterval = retentionCheckInterval
        broker.compactor.interval = cleanerBackoff
        broker.compactor.mapBytes = cleanerMemory
        broker.compactor.bytesPerSecond = cleanerBytesPerSecond
        broker.maximumBytesInFlight = limits.queuedBytes
        broker.topics = rules
        broker.superUsers = superUsers
        broker.allowsEveryoneWithoutRule = allowsEveryoneWithoutRule
        broker.fetchSessionSlots = limits.fetchSessions
        broker.producerByteRate = quotas.producerByteRate
        broker.consumerByteRate = quotas.consumerByteRate
        broker.otherSettings = [
            ("listeners", "PLAINTEXT://\(listen)"),
            ("advertised.listeners", "PLAINTEXT://\(advertised ?? listen)"),
            ("connections.max.idle.ms", String(limits.connectionIdle.components.seconds * 1000)),
            ("max.connections", String(limits.connections)),
            ("max.connections.per.ip", String(limits.connectionsPerAddress)),
            ("socket.request.max.bytes", String(limits.requestBytes)),
        ]
        broker.groups = groups
        return broker
    }

    /// What topics get when they are created.
    package var rules: TopicRules {
        var rules = TopicRules()
        rules.defaultPartitions = Int32(defaultPartitions)
        rules.rules = topicRules.map { rule in
            TopicRules.Rule(
                match: rule.pattern.description, partitions: rule.settings.partitions.map(Int32.init),
                settings: rule.settings.named)
        }
        return rules
    }

    var server: BrokerServerConfiguration {
        var server = BrokerServerConfiguration()
        server.host = listen.host
        server.port = listen.port
        server.maximumConnections = limits.connections
        server.maximumConnectionsPerAddress = limits.connectionsPerAddress
        server.maximumIdle = limits.connectionIdle
        server.maximumRequestBytes = limits.requestBytes
        return server
    }
}
