internal import FileAccess
internal import HostMetrics
internal import Primitives

/// A source of host metrics: when it is due, and what it gives.
struct MetricsSource {
    let name: String
    let topic: String
    /// Whether it tells of the agent too.
    let reportsAgent: Bool
    private var stream: MetricStream
    /// Whether there was something to ship.
    private(set) var wasSampled = false

    init(_ source: HostMetricsSource, hostName: String, fileSystem: any FileSystem, clock: any WallClock) {
        name = source.name
        topic = source.topic
        reportsAgent = source.stream.host.reportsAgent
        stream = MetricStream(source.stream, hostName: hostName, fileSystem: fileSystem, clock: clock)
    }

    var isDue: Bool { timeLeft <= .zero }
    var timeLeft: Duration { stream.timeLeft }

    /// Samples, and sets the next time. There are no records while a window is open.
    ///
    /// - Parameter own: what there is to tell of the agent.
    mutating func sample(own: [OwnFigure]) -> (records: [[UInt8]], changes: [SourceChange]) {
        let (records, changes) = stream.sample(own: own)
        if records != nil { wasSampled = true }
        return (records ?? [], changes)
    }
}
