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

    /// Reserved for a request of which only the length is known, where it is longer.
    private static let firstReservation = 64 << 10

    private let broker: Broker
    private let configuration: BrokerServerConfiguration
    private let connections: ConnectionRegistry
    private let reasons: ReasonLog

    private var frames: FrameBuffer
    private var pipeline = RequestPipeline()
    private var client: ClientConnection?
    /// Bytes reserved for the request that is being read.
    private var reserved = 0
    /// The place in the line for more of them.
    private var waitsForMemory: MemoryBudget.Ticket?
    /// A read that the channel asked for and that was put off.
    private var readIsHeld = false
    /// The client has had more than its share: nothing is read, and no request begun, until it is over.
    private var mute: (end: Scheduled<Void>, deadline: NIODeadline)?
    private var isDraining = false
    private var isClosing = false
    /// The channel is inactive: what was reserved has been given back.
    private var hasEnded = false
    private var lastProgress = NIODeadline.now()
    private var lastRequest = NIODeadline.now()
    /// Bytes of answers that the kernel has not taken, and since when it is that many.
    private var untaken: (bytes: Int, since: NIODeadline)?
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
        let address = Self.plain(context.remoteAddress?.ipAddress ?? "")
        client = ClientConnection(localAddress: local, remote: remote, host: address)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let drain: @Sendable () -> Void = {
            bound.eventLoop.execute { bound.value.0.drain(context: bound.value.1) }
        }
        switch connections.add(context.channel, from: address, drain: drain) {
        case .tooMany:
            return close(context, because: "there are \(configuration.maximumConnections) connections already")
        case .tooManyOfAddress:
            return close(
                context,
                because:
                    "there are \(configuration.maximumConnectionsPerAddress) connections from this address already "
                    + "(max.connections.per.ip)")
        case .stopping: return close(context, because: "the collector is stopping")
        case nil: break
        }
        let interval = TimeAmount(configuration.requestProgressTimeout / 2)
        watch = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (handler, context) = bound.value
            handler.checkProgress(context)
        }
        context.fireChannelActive()
    }

    /// An address of IPv4 that came in through a socket of IPv6, as itself.
    private static func plain(_ address: String) -> String {
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".") ? String(address.dropFirst(mapped.count)) : address
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        hasEnded = true
        watch?.cancel()
        mute?.end.cancel()
        connections.remove(context.channel)
        client?.close()
        if let waitsForMemory { broker.requestMemory.giveUp(waitsForMemory) }
        let left = pipeline.abandon()
        broker.requestMemory.release(left.requests + reserved)
        broker.responseMemory.release(left.answers)
        reserved = 0
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
        if isDraining || isClosing || waitsForMemory != nil || mute != nil { return false }
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
        while !isClosing && !isDraining && mute == nil {
            switch frames.next {
            case .refused(let length):
                return close(
                    context,
                    because: "a request of \(length) bytes; 8 to \(configuration.maximumRequestBytes) are taken "
                        + "(is the client speaking another protocol, or TLS?)")
            case .incomplete(nil): return
            case .incomplete(let length?):
                // Twice what has come, so that what is claimed and never sent reserves little.
                let worthIt = max(Self.firstReservation, 2 * frames.byteCount)
                if reserve(min(length, worthIt), context) { frames.makeRoom(for: length) }
                return
            case .complete(let length):
                guard reserve(length, context) else { return }
                let isProduce = frames.apiKey == APIKey.produce.rawValue
                guard pipeline.mayStart(isProduce: isProduce), let frame = frames.take(length) else { return }
                start(frame, isProduce: isProduce, context)
            }
        }
    }

    /// Has `bytes` reserved for the request at the front, or stops reading until they are.
    private func reserve(_ bytes: Int, _ context: ChannelHandlerContext) -> Bool {
        if waitsForMemory != nil { return false }
        let more = bytes - reserved
        if more <= 0 { return true }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        waitsForMemory = broker.requestMemory.reserve(more, for: ObjectIdentifier(self)) {
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.granted(more, context)
            }
        }
        if waitsForMemory == nil { reserved += more }
        return waitsForMemory == nil
    }

    private func granted(_ bytes: Int, _ context: ChannelHandlerContext) {
        if hasEnded { return broker.requestMemory.release(bytes) }
        waitsForMemory = nil
        reserved += bytes
        // The time that it waited is not the client's.
        lastProgress = .now()
        takeRequests(context)
        resumeReading(context)
    }

    private func start(_ frame: ByteBuffer, isProduce: Bool, _ context: ChannelHandlerContext) {
        guard let client else { return }
        lastRequest = .now()
        let id = pipeline.start(isProduce: isProduce, reservedBytes: reserved)
        reserved = 0
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        broker.handle(frame, from: client) { reply in
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.answer(id, reply, context)
            }
        }
    }

    private func answer(_ id: UInt64, _ reply: Reply, _ context: ChannelHandlerContext) {
        if isClosing {
            if case .frame(let frame) = reply { broker.responseMemory.release(frame.readableBytes) }
            return
        }
        switch reply {
        case .frame(let frame): pipeline.answered(id, with: .frame(frame))
        case .nothing: pipeline.answered(id, with: .nothing)
        case .close(let reason): return close(context, because: reason)
        }
        if let duration = client?.takeMute() { keepQuiet(for: duration, context) }
        writeAnswers(context)
    }

    private func keepQuiet(for duration: Duration, _ context: ChannelHandlerContext) {
        let deadline = NIODeadline.now() + TimeAmount(duration)
        if let mute, mute.deadline >= deadline { return }
        mute?.end.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let end = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.mute = nil
            // The time that it waited is not the client's.
            handler.lastProgress = .now()
            handler.takeRequests(context)
            handler.resumeReading(context)
        }
        mute = (end, deadline)
    }

    private func writeAnswers(_ context: ChannelHandlerContext) {
        var wrote = false
        while let answer = pipeline.nextToWrite() {
            switch answer {
            case .nothing: finished(bytes: 0, context)
            case .frame(let frame):
                wrote = true
                let size = frame.readableBytes
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
        lastProgress = .now()
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
        guard pipeline.isEmpty else { return checkTaking(context) }
        if waitsForMemory != nil || mute != nil { return }
        if !frames.isEmpty && now - lastProgress > TimeAmount(configuration.requestProgressTimeout) {
            return close(context, because: "an unfinished request, and no further byte of it for a while")
        }
        if frames.isEmpty && now - max(lastProgress, lastRequest) > TimeAmount(configuration.maximumIdle) {
            isClosing = true
            context.close(promise: nil)
        }
    }

    /// Answers that are not taken hold memory: a client that takes none of it for long is given up.
    private func checkTaking(_ context: ChannelHandlerContext) {
        let left = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if left == 0 || left != untaken?.bytes {
            untaken = (left, .now())
        } else if let untaken, .now() - untaken.since > TimeAmount(configuration.answerProgressTimeout) {
            close(context, because: "\(left) bytes of answers, and none of them taken for a while")
        }
    }

    private func close(_ context: ChannelHandlerContext, because reason: String) {
        guard !isClosing else { return }
        isClosing = true
        reasons.closed(client?.remote ?? "unknown", because: reason)
        context.close(promise: nil)
    }
}
