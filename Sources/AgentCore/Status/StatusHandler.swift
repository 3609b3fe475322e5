internal import NIOCore
internal import NIOHTTP1

/// One connection to the status port: one request, one answer, and the end.
///
///     GET /metrics    how the agent is, in Prometheus' text format 0.0.4
///     GET /healthz    200 where the pipeline answers, otherwise 503
///
/// Bounds: `StatusServer.headerBytes` of headers and no body to speak of, and the whole of it within
/// `StatusServer.patience`, reading the answer included.
final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Answer {
        var status: HTTPResponseStatus
        var body: [UInt8]
        var type = "text/plain; charset=utf-8"
    }

    private static let bodyLimit = 16 << 10

    private let desk: StatusDesk
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var isAnswered = false

    init(desk: StatusDesk) { self.desk = desk }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        context.eventLoop.assumeIsolated().scheduleTask(in: StatusServer.patience) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isAnswered { return }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > Self.bodyLimit {
                answer(text(.payloadTooLarge, "a request has no body here"), context.channel)
            }
        case .end: answer(context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ channel: any Channel) {
        guard let head else { return channel.close(promise: nil) }
        guard head.method == .GET || head.method == .HEAD else {
            return answer(text(.methodNotAllowed, "only GET and HEAD are answered"), channel)
        }
        // A request that is pipelined behind this one gets no answer, and says so by the connection's end.
        isAnswered = true
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/metrics":
            desk.ask { [self] status in
                guard let status else { return answer(silent, channel) }
                answer(
                    Answer(
                        status: .ok, body: desk.page(status), type: "text/plain; version=0.0.4; charset=utf-8"),
                    channel)
            }
        case "/healthz":
            desk.ask { [self] status in answer(status == nil ? silent : text(.ok, "ok"), channel) }
        default: answer(text(.notFound, "there are /metrics and /healthz"), channel)
        }
    }

    private var silent: Answer { text(.serviceUnavailable, "the agent's pipeline does not answer") }

    private func text(_ status: HTTPResponseStatus, _ line: String) -> Answer {
        Answer(status: status, body: Array("\(line)\n".utf8))
    }

    private func answer(_ answer: Answer, _ channel: any Channel) {
        isAnswered = true
        guard channel.isActive else { return }
        var headers = HTTPHeaders([
            ("content-type", answer.type), ("content-length", "\(answer.body.count)"), ("connection", "close"),
        ])
        if answer.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if self.head?.method != .HEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body))), promise: nil)
        }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }
}
