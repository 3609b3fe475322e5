internal import FileAccess
internal import HostMetrics
internal import MetricInputs
internal import NIOPosix
internal import Primitives

/// A source of metrics: when it is due, and what it gives.
///
/// What came of it is for the disk before anything else, since it cannot be had again.
struct MetricsSource {
    let name: String
    let topic: String
    /// Whether it tells of the agent too.
    let reportsAgent: Bool
    private var origin: Origin
    private var isLeavingOut = false
    /// Whether there was something to ship.
    private(set) var wasSampled = false

    private enum Origin {
        case host(MetricStream)
        case targets(Scraper, any PointEncoder)
        /// It listens from the first look on: a source that is made need not be one that is used.
        case silent(StatsDConfiguration, any WallClock, any PointEncoder)
        case statsd(StatsDReceiver, any PointEncoder)
        case textfile(TextfileReader, SamplingSchedule, any PointEncoder)
    }

    /// What a look at it gave.
    struct Yield {
        var records: [[UInt8]] = []
        /// For a person: what began or ceased to be wrong, and what is no trouble.
        var warnings: [String] = []
        var notices: [String] = []
        /// Of others' points: those that the format does not take.
        var pointsLeftOut = 0
    }

    /// - Parameter wake: called from any thread when the source is due earlier than it said.
    /// - Returns: nil for a source of another kind.
    init?(
        _ source: AgentSource, hostName: String, fileSystem: any FileSystem, clock: any WallClock,
        wake: @escaping @Sendable () -> Void
    ) {
        name = source.name
        topic = source.topic
        let host = HostIdentity(name: hostName)
        switch source {
        case .file: return nil
        case .hostMetrics(let source):
            reportsAgent = source.stream.host.reportsAgent
            origin = .host(
                MetricStream(source.stream, hostName: hostName, fileSystem: fileSystem, clock: clock))
        case .prometheus(let source):
            reportsAgent = false
            let scraper = Scraper(
                source.input, group: MultiThreadedEventLoopGroup.singleton, clock: clock, wake: wake)
            origin = .targets(scraper, source.format.encoder(for: host))
        case .statsd(let source):
            reportsAgent = false
            origin = .silent(source.input, clock, source.format.encoder(for: host))
        case .textfile(let source):
            reportsAgent = false
            origin = .textfile(
                TextfileReader(source.input, fileSystem: fileSystem, clock: clock),
                SamplingSchedule(every: source.input.interval), source.format.encoder(for: host))
        }
    }

    var isDue: Bool { timeLeft <= .zero }

    var timeLeft: Duration {
        switch origin {
        case .host(let stream): stream.timeLeft
        case .targets(let scraper, _): scraper.timeLeft
        case .silent: .zero
        case .statsd(let receiver, _): receiver.timeLeft
        case .textfile(_, let schedule, _): schedule.timeLeft()
        }
    }

    /// Takes what there is, and sets the next time. There are no records while a window is open, or targets have not
    /// answered.
    ///
    /// - Parameter own: what there is to tell of the agent.
    mutating func sample(own: [OwnFigure]) -> Yield {
        var yield = Yield()
        switch origin {
        case .host(var stream):
            let (records, changes) = stream.sample(own: own)
            origin = .host(stream)
            if records != nil { wasSampled = true }
            yield.records = records ?? []
            yield.warnings = changes.map(\.description)
        case .targets(var scraper, var encoder):
            for reading in scraper.read() { yield.take(reading, &encoder) }
            if scraper.hasAnsweredAll { wasSampled = true }
            origin = .targets(scraper, encoder)
        case .silent(let configuration, let clock, let encoder):
            origin = .statsd(StatsDReceiver(configuration, clock: clock), encoder)
        case .statsd(let receiver, var encoder):
            guard let reading = receiver.read() else { break }
            yield.take(reading, &encoder)
            wasSampled = true
            origin = .statsd(receiver, encoder)
        case .textfile(var reader, var schedule, var encoder):
            _ = schedule.begin(at: .now)
            yield.take(reader.read(), &encoder)
            wasSampled = true
            origin = .textfile(reader, schedule, encoder)
        }
        tellWhatIsLeftOut(&yield)
        return yield
    }

    /// Once, until nothing is.
    private mutating func tellWhatIsLeftOut(_ yield: inout Yield) {
        if yield.pointsLeftOut > 0, !isLeavingOut {
            yield.warnings.append(
                "\(yield.pointsLeftOut) points are left out: the format cannot tell their names from those of others")
        }
        if !yield.records.isEmpty { isLeavingOut = yield.pointsLeftOut > 0 }
    }

    /// Ends it: what was put together so far, and would otherwise be lost. Addresses that it listened on are free then.
    mutating func finish() -> Yield {
        var yield = Yield()
        switch origin {
        case .host(var stream):
            yield.records = stream.finish()
            origin = .host(stream)
        case .statsd(let receiver, var encoder):
            yield.take(receiver.stop(), &encoder)
            origin = .statsd(receiver, encoder)
        case .targets, .silent, .textfile: break
        }
        return yield
    }
}

extension MetricsSource.Yield {
    fileprivate mutating func take(_ reading: InputReading, _ encoder: inout any PointEncoder) {
        pointsLeftOut += encoder.encode(reading.points, into: &records)
        warnings += reading.changes
        notices += reading.notices
    }
}
