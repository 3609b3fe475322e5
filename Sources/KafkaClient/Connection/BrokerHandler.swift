internal import KafkaProtocol
internal import NIOCore
internal import NIOPosix

/// One request on its way, without its type.
struct OutboundRequest: Sendable {
    let token: UInt64
    let api: APIKey
    let version: Int16
    let timeout: TimeAmount
    /// Whether the broker will answer; it does not answer Produce with acks=0.
    let isAnswered: Bool
    let encode: @Sendable (_ correlationID: Int32) -> ByteBuffer
    /// Called exactly once, on the event loop; nil for a request that is not answered and was written.
    let complete: @Sendable (Result<ResponseFrame?, KafkaClientError>) -> Void
}

/// Performs what `RequestPipeline` decides on a channel.
final class BrokerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let address: BrokerAddress
    private var pipeline = RequestPipeline<OutboundRequest>()
    private var assembler: FrameAssembler
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var failure: String?

    init(address: BrokerAddress, frameLimit: Int) {
        self.address = address
        self.assembler = FrameAssembler(limit: frameLimit)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.connectionLost(address, reason: "closed"))
        self.context = nil
    }

    // MARK: Out

    func send(_ request: OutboundRequest) {
        let acceptance = pipeline.accept(
            token: request.token, api: request.api, version: request.version, deadline: .now() + request.timeout,
            answered: request.isAnswered, waiter: request)
        switch acceptance {
        case .fail(let error): request.complete(.failure(error))
        case .write(let correlationID):
            guard let context else { preconditionFailure("BUG: an open pipeline without a channel") }
            context.writeAndFlush(wrapOutboundOut(request.encode(correlationID)), promise: nil)
            if request.isAnswered { armTimer() } else { request.complete(.success(nil)) }
        }
    }

    func cancel(token: UInt64) {
        pipeline.cancel(token: token)?.complete(.failure(.cancelled))
    }

    func close(_ error: KafkaClientError) {
        finish(error)
        context?.close(promise: nil)
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        assembler.append(unwrapInboundIn(data))
        do {
            while pipeline.closedBy == nil, let frame = try assembler.next() { received(frame) }
        } catch {
            malformed("a frame of \(error.length) bytes")
        }
    }

    private func received(_ frame: ByteBuffer) {
        let response: ResponseFrame
        do { response = try ResponseFrame(frame) } catch { return malformed("\(error)") }
        switch pipeline.received(correlationID: response.correlationID) {
        case .deliver(let pending): pending.waiter?.complete(.success(response))
        case .close(let reason): malformed(reason)
        }
    }

    /// Closes because of bytes that are not what was due.
    func malformed(_ reason: String) {
        close(.malformedAnswer(address, pipeline.nextDue, reason: reason))
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.connectionLost(address, reason: failure ?? "closed by the broker"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = ConnectFailure.reason(of: error)
        close(.connectionLost(address, reason: failure ?? ""))
    }

    private func finish(_ error: KafkaClientError) {
        timer?.cancel()
        timer = nil
        for waiter in pipeline.close(error) { waiter.complete(.failure(error)) }
    }

    // MARK: Time

    /// One timer for the oldest request: answers come in order, so no other can be overdue before it matters.
    private func armTimer() {
        guard timer == nil, let context, let deadline = pipeline.firstDeadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.timer = nil
            if let api = self.pipeline.overdue(at: .now()) {
                self.close(.requestTimedOut(self.address, api))
            } else {
                self.armTimer()
            }
        }
    }
}
