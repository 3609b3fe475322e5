// Fuzzing: what is fed with bytes of any kind, by the short run of the ordinary tests and by libFuzzer (scripts/fuzz).
//
// Each target takes bytes and comes back; that it does, and that memory holds, is what is tested.

package import BrokerCore
internal import BrokerTestSupport
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import Synchronization
internal import SystemPackage
internal import TestSupport

/// Takes bytes for a request, and hands them to a broker that runs.
package final class RequestTarget {
    private let broker: Broker
    private let scheduler = ManualScheduler()
    private var client = RequestTarget.connect()

    private static func connect() -> ClientConnection {
        ClientConnection(localAddress: BrokerAddress(host: "box", port: 9092), remote: "fuzz", host: "10.0.0.1")
    }

    package init() throws {
        var configuration = BrokerConfiguration(dataDirectory: "/data")
        configuration.storageThreads = 1
        configuration.readerThreads = 1
        // Rules that come about by chance keep nobody from the rest.
        configuration.superUsers = ["User:ANONYMOUS"]
        configuration.flush = .os
        broker = try Broker(
            configuration, fileSystem: SimulatedFileSystem(), clock: SystemWallClock(), scheduler: scheduler,
            logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }))
        for name in ["t", "logs"] {
            _ = run(MetadataRequest(topics: [.init(name: name)]).frame(version: 4, correlationID: 1, clientID: nil))
        }
    }

    deinit { broker.stop() }

    private func run(_ frame: ByteBuffer) -> Reply { run(Array(frame.readableBytesView.dropFirst(4))) }

    /// - Parameter frame: a request without the length before it.
    /// - Returns: the reply: there is exactly one, within a minute. Who is kept waiting for others, by a group for
    ///   instance, hangs up after a moment, which is answered too.
    package func run(_ frame: [UInt8]) -> Reply {
        let replies = BlockingQueue<Reply>()
        let started = ContinuousClock.now
        broker.handle(ByteBuffer(bytes: frame), from: client) { replies.put($0) }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            // Whoever waits for a time waits no longer.
            scheduler.runAll()
            if ContinuousClock.now - started > .milliseconds(200) {
                client.close()
                client = Self.connect()
            }
            guard let all = replies.takeAll(timeout: .milliseconds(1)), !all.isEmpty else { continue }
            precondition(all.count == 1, "BUG: a request was answered twice")
            if case .frame(let answer) = all[0] { broker.responseMemory.release(answer.readableBytes) }
            _ = client.takeMute()
            return all[0]
        }
        preconditionFailure("BUG: a request was not answered")
    }

    package func end() { broker.stop() }
}
