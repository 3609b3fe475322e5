internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Primitives
internal import YAMLConfiguration

/// The status port (`status.listen`): who may connect may ask, so it is off unless configured, and meant for loopback.
///
/// It takes nothing from shipping: a port that is taken is told and tried again, and what clients do costs at the most
/// `connectionLimit` connections of `patience` each, with some 20 KiB of headers.
struct StatusServer: Sendable {
    /// More are closed as they come.
    static let connectionLimit = 32
    /// From the connection's beginning until it is closed, whatever the client does.
    static let patience = TimeAmount.seconds(10)
    static let headerBytes = 16 << 10

    private let address: HostPort
    private let inbox: Inbox<PipelineMessage>
    private let clock: any WallClock
    private let eventLoop: any EventLoop
    private let logger: Logger

    init(
        at address: HostPort, asking inbox: Inbox<PipelineMessage>, clock: any WallClock, eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.address = address
        self.inbox = inbox
        self.clock = clock
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Listens and answers until the task is cancelled.
    ///
    /// - Parameter onListening: told the port, each time that it is bound.
    func run(onListening: @Sendable (Int) -> Void = { _ in }) async {
        var isTold = false
        while !Task.isCancelled {
            do {
                let channel = try await bind()
                let port = channel.localAddress?.port ?? address.port
                logger.notice("status is answered at http://\(HostPort(host: address.host, port: port))/metrics")
                onListening(port)
                try await withTaskCancellationHandler {
                    try await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            } catch {
                if !isTold {
                    logger.error("status.listen: \(address) cannot be listened on, and is tried again: \(error)")
                }
                isTold = true
            }
            if Task.isCancelled { return }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    private func bind() async throws -> any Channel {
        let desk = try await eventLoop.submit { [inbox, clock, eventLoop] in
            NIOLoopBound(
                (desk: StatusDesk(inbox, clock: clock, eventLoop: eventLoop), open: OpenConnections()),
                eventLoop: eventLoop)
        }.get()
        return try await ServerBootstrap(group: eventLoop, childGroup: eventLoop)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (desk, open) = desk.value
                    try open.add(channel)
                    try Self.configure(channel.pipeline.syncOperations, desk)
                }
            }
            .bind(host: address.host, port: address.port).get()
    }

    private static func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ desk: StatusDesk
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerBytes
        limits.maxHeaderListSize = headerBytes
        limits.maxHeaderFieldCount = 64
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(HTTPServerProtocolErrorHandler())
        try pipeline.addHandler(StatusHandler(desk: desk))
    }
}

/// How many connections there are. Belongs to one event loop.
private final class OpenConnections {
    private struct TooMany: Error {}

    private var count = 0

    /// - Throws: where there are enough; then the channel is closed by whoever wanted to begin it.
    func add(_ channel: any Channel) throws {
        if count >= StatusServer.connectionLimit { throw TooMany() }
        count += 1
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.count -= 1 }
    }
}
