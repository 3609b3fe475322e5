package import FileAccess
package import Primitives
internal import SystemPackage

/// Everything about a source of host metrics: what is sampled, how often, and what becomes of it.
package struct MetricStreamConfiguration: Sendable, Equatable {
    package var host = HostMetricsConfiguration()
    package var interval: Duration = .seconds(10)
    package var format = MetricFormat.json
    package var names = MetricNames.openTelemetry
    package var counters = CounterForm.cumulative
    /// Samples are put together over this time; nil: each is shipped.
    package var window: WindowConfiguration?

    package init() {}
}

/// Samples of the host as records, when they are due.
///
/// One sample's way: the collectors read and name what they read as OpenTelemetry does (`HostSampler`, which also tells
/// resets); the names of others are put in their place (`MetricNames`); counters become deltas or rates
/// (`CounterForm`); samples are put together (`SampleWindow`); and what comes of it is written (`PointEncoder`). No step
/// looks back at one before it.
///
/// Not for a cooperative thread: a sample blocks on files.
package struct MetricStream: Sendable {
    private let configuration: MetricStreamConfiguration
    private var sampler: HostSampler
    private var schedule: SamplingSchedule
    private var translator: MetricTranslator?
    private var derived = DerivedMetrics()
    private var window: (samples: SampleWindow, opened: ContinuousClock.Instant?)?
    private var encoder: any PointEncoder
    private var pointsLeftOut: UInt64 = 0

    package init(
        _ configuration: MetricStreamConfiguration, hostName: String?, fileSystem: any FileSystem,
        clock: any WallClock, kernel: any KernelTime = SystemKernelTime()
    ) {
        self.configuration = configuration
        sampler = HostSampler(configuration.host, fileSystem: fileSystem, clock: clock, kernel: kernel)
        schedule = SamplingSchedule(every: configuration.interval)
        translator = configuration.names.translator
        window = configuration.window.map { (SampleWindow($0), nil) }
        let id = HostIdentity.machineID(below: configuration.host.rootPath, fileSystem)
        encoder = configuration.format.encoder(for: HostIdentity(name: hostName, id: id))
    }

    package var timeLeft: Duration { schedule.timeLeft() }

    /// Takes a sample, whether it is due or not.
    ///
    /// - Parameter own: what there is to tell of who takes the sample.
    /// - Returns: nil as records while a window is open; what a person should be told, once.
    package mutating func sample(
        at now: ContinuousClock.Instant = .now, own: [OwnFigure] = []
    ) -> (records: [[UInt8]]?, changes: [SourceChange]) {
        let delay = schedule.begin(at: now)
        let result = sampler.sample(
            at: now, Punctuality(delay: delay, missed: schedule.missed, pointsLeftOut: pointsLeftOut),
            own: own)
        var points = result.points
        translator?.translate(&points)
        configuration.counters.apply(to: &points, &derived)
        if window != nil {
            guard let summary = summary(with: points, at: now) else { return (nil, result.changes) }
            points = summary
        }
        var records: [[UInt8]] = []
        pointsLeftOut += UInt64(encoder.encode(points, into: &records))
        return (records, result.changes)
    }

    /// What a window that is still open comes to; none where none is. For the end, when no further sample will close it.
    package mutating func finish() -> [[UInt8]] {
        var records: [[UInt8]] = []
        if window?.opened != nil, let points = window?.samples.close(&derived) {
            window?.opened = nil
            pointsLeftOut += UInt64(encoder.encode(points, into: &records))
        }
        return records
    }

    /// Adds a sample to the window; nil unless it was the last that fits.
    private mutating func summary(with points: [MetricPoint], at now: ContinuousClock.Instant) -> [MetricPoint]? {
        guard let length = configuration.window?.length else { return nil }
        window?.samples.add(points)
        let opened = window?.opened ?? now
        window?.opened = opened
        // The next would fall outside; half an interval is for samples that are not quite on time.
        guard now - opened + configuration.interval / 2 * 3 > length else { return nil }
        window?.opened = nil
        return window?.samples.close(&derived)
    }
}

extension HostIdentity {
    /// machine-id(5); nil where there is none that is one.
    fileprivate static func machineID(below root: FilePath, _ fileSystem: any FileSystem) -> String? {
        var reader = SourceReader(fileSystem, root: root)
        guard let text = try? reader.read("etc/machine-id") else { return nil }
        let line = singleLine(text)
        guard line.count == 32, line.allSatisfy({ 48...57 ~= $0 || 97...102 ~= $0 }) else { return nil }
        return String(decoding: line, as: UTF8.self)
    }
}
