internal import HostMetrics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Primitives

/// How a scrape ended.
struct ScrapeOutcome: Sendable {
    /// Why there is no page.
    struct Failure: Error {
        var reason: String
    }

    var page: Result<Page, Failure>
    var catalog: MetricCatalog
    var began: Timestamp
    var duration: Duration
    /// What came of a page that failed.
    var bytes = 0
}

/// One scrape: a connection of its own, a request, and a page that is read while it comes in.
///
/// The story in order: connect; request; head (anything but 200 and a page of metrics ends it); body, piece by piece into
/// the reader, up to the limit; end. The deadline ends it wherever it is. Whatever happens first is told, once.
enum PageRequest {
    /// - Parameters:
    ///   - onEnd: called once, on an event loop, at the deadline at the latest.
    ///   - onRelease: called once, when nothing of the scrape is left: after `onEnd`, and later than the deadline where
    ///     the resolver does not answer.
    static func start(
        _ target: ScrapeTarget, _ configuration: ScrapeConfiguration, _ catalog: MetricCatalog, at now: Timestamp,
        on loop: any EventLoop, onEnd: @escaping @Sendable (ScrapeOutcome) -> Void,
        onRelease: @escaping @Sendable () -> Void
    ) {
        loop.execute {
            let handler = PageHandler(target, configuration, catalog, at: now, onEnd: onEnd)
            let bound = NIOLoopBound(handler, eventLoop: loop)
            let deadline = loop.scheduleTask(in: TimeAmount(configuration.timeout)) {
                bound.value.end(.failure(.init(reason: "no whole page within \(configuration.timeout)")))
            }
            ClientBootstrap(group: loop)
                .connectTimeout(TimeAmount(configuration.timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(bound.value)
                    }
                }
                .connect(host: target.host, port: target.port)
                .whenComplete { result in
                    switch result {
                    case .failure(let error):
                        bound.value.end(.failure(.init(reason: told(error))))
                        deadline.cancel()
                        onRelease()
                    case .success(let channel):
                        channel.closeFuture.whenComplete { _ in
                            deadline.cancel()
                            onRelease()
                        }
                    }
                }
        }
    }
}

/// For a person, in few words.
private func told(_ error: any Error) -> String {
    if let error = error as? NIOConnectionError {
        let reasons = error.connectionErrors.map { "\($0.error)" }
        if let reason = reasons.first { return "cannot connect: \(reason)" }
        return
            "cannot resolve \(error.host): \(error.dnsAAAAError.map { "\($0)" } ?? error.dnsAError.map { "\($0)" } ?? "no address")"
    }
    return "\(error)"
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

/// Reads one answer.
private final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let target: ScrapeTarget
    private let configuration: ScrapeConfiguration
    private let catalog: MetricCatalog
    private let began: Timestamp
    private let started = ContinuousClock.now
    private let onEnd: @Sendable (ScrapeOutcome) -> Void
    private var reader: PageReader?
    private var bytes = 0
    private var hasEnded = false
    private var context: ChannelHandlerContext?

    init(
        _ target: ScrapeTarget, _ configuration: ScrapeConfiguration, _ catalog: MetricCatalog, at now: Timestamp,
        onEnd: @escaping @Sendable (ScrapeOutcome) -> Void
    ) {
        self.target = target
        self.configuration = configuration
        self.catalog = catalog
        began = now
        self.onEnd = onEnd
    }

    /// Tells how it ended, the first time only, and hangs up.
    func end(_ page: Result<Page, ScrapeOutcome.Failure>, catalog used: MetricCatalog? = nil) {
        if !hasEnded {
            hasEnded = true
            reader = nil
            onEnd(
                ScrapeOutcome(
                    page: page, catalog: used ?? catalog, began: began, duration: .now - started, bytes: bytes))
        }
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        // Connected after the deadline.
        if hasEnded { return context.close(promise: nil) }
        let accepted =
            configuration.prefersOpenMetrics
            ? "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            : "text/plain;version=0.0.4,*/*;q=0.1"
        let headers: HTTPHeaders = [
            "Host": target.instance, "User-Agent": "tributary-agent", "Accept": accepted, "Accept-Encoding": "identity",
            "Connection": "close", "X-Prometheus-Scrape-Timeout-Seconds": "\(configuration.timeout / .seconds(1))",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasEnded { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let piece): take(piece)
        case .end: finish()
        }
    }

    private func begin(_ head: HTTPResponseHead) {
        guard head.status == .ok else {
            return fail("answers \(head.status.code) \(head.status.reasonPhrase.prefix(80))")
        }
        let type = head.headers.first(name: "Content-Type")
        guard let dialect = ExpositionDialect(contentType: type) else {
            return fail("gives \(type?.prefix(80) ?? "nothing"), which is no page of metrics")
        }
        if let encoding = head.headers.first(name: "Content-Encoding"), encoding.lowercased() != "identity" {
            return fail("gives a page in \(encoding.prefix(80)), which was not asked for")
        }
        var catalog = catalog
        catalog.begin()
        reader = PageReader(
            dialect, ExpositionLimits(series: configuration.seriesLimit), catalog: catalog, at: began,
            adding: [MetricAttribute("instance", target.instance), MetricAttribute("job", configuration.job)])
    }

    private func take(_ piece: ByteBuffer) {
        bytes += piece.readableBytes
        if bytes > configuration.bodyLimit { return fail("the page is longer than \(configuration.bodyLimit) bytes") }
        reader?.take(Array(piece.readableBytesView))
    }

    private func finish() {
        guard var reader else { return fail("an answer without a head") }
        let (page, catalog) = reader.finish()
        guard page.isWhole else { return fail("the page is cut off") }
        if page.samples == 0, let problem = page.problem {
            return fail("no page of metrics: line \(problem.line): expected \(problem.expected)")
        }
        end(.success(page), catalog: catalog)
    }

    private func fail(_ reason: String) { end(.failure(.init(reason: reason))) }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the target hung up before the page was whole")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(told(error)) }
}
