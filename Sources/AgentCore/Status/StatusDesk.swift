internal import HostMetrics
internal import NIOCore
internal import Primitives

/// Asks the pipeline how it is for all who want to know by HTTP. Belongs to one event loop.
///
/// However many ask, and however often: no more than one question is open, and an answer serves for a quarter of a second.
final class StatusDesk {
    /// How long somebody waits for the pipeline's answer.
    static let patience = TimeAmount.seconds(5)
    private static let freshness = TimeAmount.milliseconds(250)

    private let inbox: Inbox<PipelineMessage>
    private let clock: any WallClock
    private let eventLoop: any EventLoop
    private var latest: (status: AgentStatus, taken: NIODeadline)?
    private var isAsking = false
    private var waiting: [UInt64: (AgentStatus?) -> Void] = [:]
    private var lastWaiter: UInt64 = 0

    init(_ inbox: Inbox<PipelineMessage>, clock: any WallClock, eventLoop: any EventLoop) {
        self.inbox = inbox
        self.clock = clock
        self.eventLoop = eventLoop
    }

    /// - Parameter body: gets nil where the pipeline does not answer in time.
    func ask(_ body: @escaping (AgentStatus?) -> Void) {
        if let latest, .now() - latest.taken < Self.freshness { return body(latest.status) }
        lastWaiter += 1
        let waiter = lastWaiter
        waiting[waiter] = body
        eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.waiting.removeValue(forKey: waiter)?(nil) }
        if isAsking { return }
        isAsking = true
        let desk = NIOLoopBound(self, eventLoop: eventLoop)
        inbox.put(
            .control(
                ControlTask(.request(.status)) { [eventLoop] answer in
                    eventLoop.execute { desk.value.answered(answer) }
                }))
    }

    private func answered(_ answer: ControlAnswer) {
        isAsking = false
        guard case .status(let status) = answer else { return }
        latest = (status, .now())
        let bodies = waiting.values
        waiting = [:]
        for body in bodies { body(status) }
    }

    /// The status in Prometheus' text format.
    func page(_ status: AgentStatus) -> [UInt8] {
        let now = clock.now()
        let points = status.figures(now: now).map { MetricPoint($0.metric, $0.value, $0.attributes, at: now) }
        var encoder = PrometheusEncoder(host: nil, isScraped: true)
        var pages: [[UInt8]] = []
        _ = encoder.encode(points, into: &pages)
        return pages.first ?? []
    }
}
