import BrokerCore
import FileAccess
import KafkaProtocol
import Logging
import NIOCore
import NIOPosix
import Primitives
import RecordBatches
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerServer

/// A server on a free port of the loopback, with a broker on a directory of its own.
final class ServerFixture: Sendable {
    let broker: Broker
    let server: BrokerServer
    let reasons: ReasonsLog
    private let directory = temporaryDirectory()

    static func with(
        _ change: (inout BrokerServerConfiguration, inout BrokerConfiguration) -> Void = { _, _ in },
        _ body: (ServerFixture) async throws -> Void
    ) async throws {
        let fixture = try await ServerFixture(change)
        try await body(fixture)
        await fixture.server.stop()
        try await eventually("every byte that was reserved is given back") {
            fixture.broker.requestMemory.used == 0 && fixture.broker.responseMemory.used == 0
        }
        #expect(fixture.broker.requestMemory.waitingCount == 0)
        await onThread {
            fixture.broker.stop()
            removeTree(fixture.directory)
        }
    }

    private init(_ change: (inout BrokerServerConfiguration, inout BrokerConfiguration) -> Void) async throws {
        var configuration = BrokerServerConfiguration()
        configuration.port = 0
        configuration.drainTimeout = .seconds(20)
        var core = BrokerConfiguration(dataDirectory: directory)
        core.storageThreads = 1
        core.readerThreads = 2
        change(&configuration, &core)
        let reasons = ReasonsLog()
        self.reasons = reasons
        let logger = Logger(label: "test") { _ in reasons }
        let group = MultiThreadedEventLoopGroup.singleton
        let settings = core
        broker = try await onThread {
            try Broker(
                settings, fileSystem: PosixFileSystem(), clock: SystemWallClock(),
                scheduler: EventLoopScheduler(group), logger: logger)
        }.get()
        server = try await BrokerServer.start(configuration, broker: broker, group: group, logger: logger)
    }

    func connect(receiveBuffer: Int? = nil) throws -> TestSocket {
        try TestSocket(port: try #require(server.localAddress?.port), receiveBuffer: receiveBuffer)
    }
}

@discardableResult
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async -> Result<Value, any Error> {
    await withCheckedContinuation { continuation in
        DedicatedThread.start("test") { continuation.resume(returning: Result { try work() }) }
    }
}

/// Keeps what is logged.
final class ReasonsLog: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func contains(_ text: String) -> Bool { all.contains { $0.contains(text) } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
}
