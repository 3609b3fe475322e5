internal import FileAccess
internal import HostMetrics
internal import Primitives
internal import SystemPackage

/// A source of host metrics: when it is due, and what it gives.
struct MetricsSource {
    let name: String
    let topic: String
    private let interval: Duration
    private var sampler: HostSampler
    private var encoder: JSONPointEncoder
    private var due = ContinuousClock.now
    private(set) var wasSampled = false

    init(_ source: HostMetricsSource, hostName: String, fileSystem: any FileSystem, clock: any WallClock) {
        name = source.name
        topic = source.topic
        interval = source.interval
        var configuration = HostMetricsConfiguration()
        configuration.rootPath = FilePath(source.rootPath)
        configuration.collectors = Set(source.collectors.compactMap { CollectorKind(rawValue: $0.rawValue) })
        sampler = HostSampler(configuration, fileSystem: fileSystem, clock: clock)
        encoder = JSONPointEncoder(host: hostName)
    }

    var isDue: Bool { timeLeft <= .zero }
    var timeLeft: Duration { max(.zero, due - .now) }

    /// Samples, and sets the next time: on the interval's grid, leaving out what was missed.
    mutating func sample() -> (records: [[UInt8]], changes: [SourceChange]) {
        wasSampled = true
        due += interval
        if due <= .now { due = .now + interval }
        let result = sampler.sample()
        var records: [[UInt8]] = []
        _ = encoder.encode(result.points, into: &records)
        return (records, result.changes)
    }
}
