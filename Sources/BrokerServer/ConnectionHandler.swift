internal import BrokerCore
internal import KafkaProtocol
internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One connection: takes requests off the socket while that is allowed, hands them to the broker, and writes the answers
/// in order. All state belongs to the channel's event loop.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let broker: Broker
    private let configuration: BrokerServerConfiguration
    private let connections: ConnectionRegistry
    private let reasons: ReasonLog

    private var frames: FrameBuffer
    private var pipeline = RequestPipeline()
    private var client: ClientConnection?
    /// Bytes reserved for the request that is being read; nil while none are.
    private var reserved: Int?
    private var requestBegan = NIODeadline.now()
    private var waitsForMemory = false
    /// A read that the channel asked for and that was put off.
    private var readIsHeld = false
    private var isDraining = false
    private var isClosing = false
    private var lastProgress = NIODeadline.now()
    private var lastRequest = NIODeadline.now()
    private var watch: RepeatedTask?

    init(
        broker: Broker, configuration: BrokerServerConfiguration, connections: ConnectionRegistry, reasons: ReasonLog
    ) {
        self.broker = broker
        self.configuration = configuration
        self.connections = connections
        self.reasons = reasons
        self.frames = FrameBuffer(limit: configuration.maximumRequestBytes)
    }

    // MARK: The channel's events

    func channelActive(context: ChannelHandlerContext) {
        let remote = context.remoteAddress.map { "\($0.ipAddress ?? "?"):\($0.port ?? 0)" } ?? "unknown"
        let local = BrokerAddress(
            host: context.localAddress?.ipAddress ?? configuration.host,
            port: Int32(context.localAddress?.port ?? configuration.port))
        client = ClientConnection(localAddress: local, remote: remote)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let drain: @Sendable () -> Void = {
            bound.eventLoop.execute { bound.value.0.drain(context: bound.value.1) }
        }
        guard connections.add(context.channel, drain: drain) else {
            return close(context, because: "there are \(configuration.maximumConnections) connections already")
        }
        let interval = TimeAmount(configuration.requestProgressTimeout / 2)
        watch = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (handler, context) = bound.value
            handler.checkProgress(context)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        watch?.cancel()
        connections.remove(context.channel)
        client?.close()
        broker.requestMemory.release(pipeline.abandon() + (reserved ?? 0))
        reserved = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let failure = error as? IOError, failure.errnoCode == ECONNRESET || failure.errnoCode == EPIPE else {
            return close(context, because: "\(error)")
        }
        // Many clients leave like this; it is worth a word only where something was under way.
        if frames.isEmpty && pipeline.isEmpty {
            isClosing = true
            return context.close(promise: nil)
        }
        close(context, because: "the client reset it, with a request under way")
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastProgress = .now()
        frames.append(unwrapInboundIn(data))
        takeRequests(context)
    }

    /// The channel wants to read more: granted only while there is room for it.
    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            readIsHeld = true
        }
    }

    private var mayRead: Bool {
        if isDraining || isClosing || waitsForMemory { return false }
        // A whole request that has to wait its turn keeps more from being read.
        if case .complete = frames.next { return false }
        return true
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard readIsHeld, mayRead else { return }
        readIsHeld = false
        context.read()
    }

    // MARK: Requests

    private func takeRequests(_ context: ChannelHandlerContext) {
        while !isClosing && !isDraining {
            switch frames.next {
            case .refused(let length):
                return close(
                    context,
                    because: "a request of \(length) bytes; 8 to \(configuration.maximumRequestBytes) are taken "
                        + "(is the client speaking another protocol, or TLS?)")
            case .incomplete(nil): return
            case .incomplete(let length?):
                if reserve(length, context) { frames.makeRoom(for: length) }
                return
            case .complete(let length):
                guard reserve(length, context) else { return }
                let isProduce = frames.apiKey == APIKey.produce.rawValue
                guard pipeline.mayStart(isProduce: isProduce), let frame = frames.take(length) else { return }
                start(frame, isProduce: isProduce, context)
            }
        }
    }

    /// Reserves the memory for the request at the front, or stops reading until there is some.
    private func reserve(_ length: Int, _ context: ChannelHandlerContext) -> Bool {
        if reserved != nil { return true }
        if waitsForMemory { return false }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let granted = broker.requestMemory.reserve(length) {
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.waitsForMemory = false
                handler.takeRequests(context)
                handler.resumeReading(context)
            }
        }
        if granted {
            reserved = length
            requestBegan = .now()
        } else {
            waitsForMemory = true
        }
        return granted
    }

    private func start(_ frame: ByteBuffer, isProduce: Bool, _ context: ChannelHandlerContext) {
        guard let client else { return }
        lastRequest = .now()
        let id = pipeline.start(isProduce: isProduce, reservedBytes: reserved ?? 0)
        reserved = nil
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        broker.handle(frame, from: client) { reply in
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.answer(id, reply, context)
            }
        }
    }

    private func answer(_ id: UInt64, _ reply: Reply, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        switch reply {
        case .frame(let frame): pipeline.answered(id, with: .frame(frame))
        case .nothing: pipeline.answered(id, with: .nothing)
        case .close(let reason): return close(context, because: reason)
        }
        writeAnswers(context)
    }

    private func writeAnswers(_ context: ChannelHandlerContext) {
        var wrote = false
        while let answer = pipeline.nextToWrite() {
            switch answer {
            case .nothing: finished(bytes: 0, context)
            case .frame(let frame):
                wrote = true
                let size = frame.readableBytes
                broker.responseMemory.add(size)
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.write(wrapOutboundOut(frame)).whenComplete { result in
                    let (handler, context) = bound.value
                    handler.broker.responseMemory.release(size)
                    guard case .success = result, !handler.isClosing else { return }
                    handler.finished(bytes: size, context)
                }
            }
        }
        if wrote { context.flush() }
    }

    /// The oldest answer is out.
    private func finished(bytes: Int, _ context: ChannelHandlerContext) {
        broker.requestMemory.release(pipeline.written())
        if isDraining && pipeline.isEmpty { return context.close(promise: nil) }
        takeRequests(context)
        resumeReading(context)
    }

    // MARK: Ends

    /// Takes no further requests, and closes when those in flight are answered.
    private func drain(context: ChannelHandlerContext) {
        isDraining = true
        client?.close()
        if pipeline.isEmpty { context.close(promise: nil) }
    }

    private func checkProgress(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if reserved != nil, isTooSlow(now), broker.requestMemory.isShort {
            return close(context, because: "a request that comes too slowly, while others wait for its memory")
        }
        guard pipeline.isEmpty, !waitsForMemory else { return }
        if !frames.isEmpty && now - lastProgress > TimeAmount(configuration.requestProgressTimeout) {
            return close(context, because: "an unfinished request, and no further byte of it for a while")
        }
        if frames.isEmpty && now - max(lastProgress, lastRequest) > TimeAmount(configuration.maximumIdle) {
            isClosing = true
            context.close(promise: nil)
        }
    }

    /// Whether the request at the front comes more slowly than memory can be kept for it when there is little.
    private func isTooSlow(_ now: NIODeadline) -> Bool {
        let elapsed = now - requestBegan
        guard case .incomplete = frames.next, elapsed > TimeAmount(configuration.requestProgressTimeout / 3) else {
            return false
        }
        return frames.count < Int(elapsed.nanoseconds / 1_000_000_000) * configuration.leastBytesPerSecond
    }

    private func close(_ context: ChannelHandlerContext, because reason: String) {
        guard !isClosing else { return }
        isClosing = true
        reasons.closed(client?.remote ?? "unknown", because: reason)
        context.close(promise: nil)
    }
}
