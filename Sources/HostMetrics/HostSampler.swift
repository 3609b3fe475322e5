package import FileAccess
package import Primitives
internal import SystemPackage

/// Samples the host: one call, one set of points.
///
/// Not for a cooperative thread: a call blocks on files, though not on file systems that hang (see `DeadlineProbe`).
///
///     var sampler = HostSampler(HostMetricsConfiguration(), fileSystem: PosixFileSystem(), clock: SystemWallClock())
///     let result = sampler.sample()
package struct HostSampler: Sendable {
    private let fileSystem: any FileSystem
    private let clock: any WallClock
    private let kernel: any KernelTime
    private let reportsItself: Bool
    private var reader: SourceReader
    private var turns: [Turn]
    private var ownCounters = CounterMemory()
    private let boot: Timestamp?
    /// When the sampler was made: from then its own counters count.
    private let start: Timestamp
    private var pointsExpected = 0

    fileprivate struct Turn: Sendable {
        var kind: CollectorKind
        var collector: any Collector
        var failures: UInt64 = 0
        /// What was wrong in the sample before.
        var problems: Set<MetricSourceError> = []
        var counters = CounterMemory()
    }

    package init(
        _ configuration: HostMetricsConfiguration, fileSystem: any FileSystem, clock: any WallClock,
        kernel: any KernelTime = SystemKernelTime()
    ) {
        self.fileSystem = fileSystem
        self.clock = clock
        self.kernel = kernel
        boot = kernel.bootTime()
        start = clock.now()
        reportsItself = configuration.reportsItself
        reader = SourceReader(fileSystem, root: configuration.rootPath)
        turns = CollectorKind.allCases.filter(configuration.collectors.contains).map {
            Turn(kind: $0, collector: $0.type.init(configuration))
        }
    }

    /// - Parameters:
    ///   - instant: when, by a clock that is never set: rates are computed with it.
    ///   - punctuality: what there is to tell of the samples' own times.
    ///   - own: what there is to tell of who takes them.
    package mutating func sample(
        at instant: ContinuousClock.Instant = .now, _ punctuality: Punctuality? = nil, own: [OwnFigure] = []
    ) -> SampleResult {
        var pass = SamplingPass(
            at: clock.now(), instant, kernel, boot: boot, fileSystem, reader, expecting: pointsExpected)
        var result = SampleResult()
        for index in turns.indices {
            let first = pass.points.count
            let duration = ContinuousClock().measure { turns[index].collector.collect(&pass) }
            let errors = pass.takeErrors()
            turns[index].failures += UInt64(errors.count)
            result.changes += turns[index].changes(to: errors)
            result.collectors.append(
                CollectorReport(
                    kind: turns[index].kind, duration: duration, errors: errors, failures: turns[index].failures,
                    points: first..<pass.points.count))
        }
        if reportsItself {
            for report in result.collectors { add(report, to: &pass) }
            if let punctuality { add(punctuality, to: &pass) }
        }
        for figure in own {
            switch figure.value {
            case .integer(let value): pass.add(figure.metric, value, figure.attributes)
            case .double(let value): pass.add(figure.metric, value, figure.attributes)
            }
        }
        reader = pass.reader
        result.points = pass.takePoints()
        pointsExpected = result.points.count
        for (index, report) in result.collectors.enumerated() {
            turns[index].counters.mark(
                &result.points, in: report.points, at: instant, boot: boot, isComplete: report.errors.isEmpty)
        }
        markOwn(&result.points, behind: result.collectors.last?.points.upperBound ?? 0, at: instant)
        return result
    }

    private func add(_ report: CollectorReport, to pass: inout SamplingPass) {
        let attributes = [MetricAttribute("tributary.collector", report.kind.rawValue)]
        let seconds = report.duration / .seconds(1)
        pass.add(SelfMetrics.duration, seconds, attributes)
        pass.add(SelfMetrics.success, Int64(report.errors.isEmpty ? 1 : 0), attributes)
        pass.add(SelfMetrics.failures, Int64(clamping: report.failures), attributes)
    }

    private func add(_ punctuality: Punctuality, to pass: inout SamplingPass) {
        pass.add(SelfMetrics.delay, punctuality.delay / .seconds(1))
        pass.add(SelfMetrics.missed, Int64(clamping: punctuality.missed))
        pass.add(SelfMetrics.leftOut, Int64(clamping: punctuality.pointsLeftOut))
    }

    private mutating func markOwn(
        _ points: inout [MetricPoint], behind first: Int, at instant: ContinuousClock.Instant
    ) {
        ownCounters.mark(&points, in: first..<points.count, at: instant, boot: start, isComplete: true)
    }
}

/// How well the samples keep their times.
package struct Punctuality: Sendable, Equatable {
    /// Of this sample.
    package var delay: Duration
    /// Samples that were left out, since the start.
    package var missed: UInt64
    /// Points that no format takes, since the start.
    package var pointsLeftOut: UInt64

    package init(delay: Duration, missed: UInt64, pointsLeftOut: UInt64 = 0) {
        self.delay = delay
        self.missed = missed
        self.pointsLeftOut = pointsLeftOut
    }
}

extension HostSampler.Turn {
    /// What is to be told: a problem is new when the same file did not have it in the sample before, on whatever line.
    fileprivate mutating func changes(to errors: [MetricSourceError]) -> [SourceChange] {
        if errors.isEmpty, problems.isEmpty { return [] }
        let now = Set(errors.map { MetricSourceError(path: $0.path, problem: $0.problem) })
        var changes: [SourceChange] = []
        for error in errors
        where !problems.contains(MetricSourceError(path: error.path, problem: error.problem)) {
            changes.append(.failed(kind, error))
        }
        let stillFailing = Set(now.map(\.path))
        for path in Set(problems.map(\.path)).subtracting(stillFailing).sorted(by: { $0.string < $1.string }) {
            changes.append(.recovered(kind, path))
        }
        problems = now
        return changes
    }
}

/// What the sampling tells about itself.
package enum SelfMetrics {
    static let duration = Metric(
        "tributary.host_metrics.collector.duration", .gauge, unit: "s", "How long the collector took.",
        source: "(the sampler)")
    static let success = Metric(
        "tributary.host_metrics.collector.success", .gauge, unit: "1",
        "1 where the collector read all of its sources, otherwise 0.", source: "(the sampler)")
    static let failures = Metric(
        "tributary.host_metrics.collector.failures", .counter, unit: "{failure}",
        "Sources that could not be read since the sampler started, counted in each sample.", source: "(the sampler)")
    static let delay = Metric(
        "tributary.host_metrics.sample.delay", .gauge, unit: "s", "How late the sample began.", source: "(the sampler)")
    static let missed = Metric(
        "tributary.host_metrics.sample.missed", .counter, unit: "{sample}",
        "Samples that were not taken because an earlier one was not done when they were due.",
        source: "(the sampler)")
    static let leftOut = Metric(
        "tributary.host_metrics.points.left_out", .counter, unit: "{point}",
        "Points that were not shipped because their value is not a number.", source: "(the sampler)")
    package static let metrics = [duration, success, failures, delay, missed, leftOut]
}
