package import FileAccess
package import Primitives
internal import SystemPackage

/// Samples the host: one call, one set of points.
///
/// Not for a cooperative thread: a call blocks on files, though not on file systems that hang (see `SpaceProbe`).
///
///     var sampler = HostSampler(HostMetricsConfiguration(), fileSystem: PosixFileSystem(), clock: SystemWallClock())
///     let result = sampler.sample()
package struct HostSampler: Sendable {
    private let fileSystem: any FileSystem
    private let clock: any WallClock
    private let reportsItself: Bool
    private var reader: SourceReader
    private var turns: [Turn]
    private var counters = CounterMemory()
    private var pointsExpected = 0

    fileprivate struct Turn: Sendable {
        var kind: CollectorKind
        var collector: any Collector
        var failures: UInt64 = 0
        /// What was wrong in the sample before.
        var problems: Set<MetricSourceError> = []
    }

    package init(_ configuration: HostMetricsConfiguration, fileSystem: any FileSystem, clock: any WallClock) {
        self.fileSystem = fileSystem
        self.clock = clock
        reportsItself = configuration.reportsItself
        reader = SourceReader(fileSystem, root: configuration.rootPath)
        turns = CollectorKind.allCases.filter(configuration.collectors.contains).map {
            Turn(kind: $0, collector: $0.type.init(configuration))
        }
    }

    package mutating func sample() -> SampleResult {
        var pass = SamplingPass(at: clock.now(), fileSystem, reader, expecting: pointsExpected)
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
        if reportsItself { for report in result.collectors { add(report, to: &pass) } }
        reader = pass.reader
        result.points = pass.takePoints()
        pointsExpected = result.points.count
        counters.markResets(in: &result.points)
        return result
    }

    private func add(_ report: CollectorReport, to pass: inout SamplingPass) {
        let attributes = [MetricAttribute("tributary.collector", report.kind.rawValue)]
        let seconds = report.duration / .seconds(1)
        pass.add(SelfMetrics.duration, seconds, attributes)
        pass.add(SelfMetrics.success, Int64(report.errors.isEmpty ? 1 : 0), attributes)
        pass.add(SelfMetrics.failures, Int64(clamping: report.failures), attributes)
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
    package static let metrics = [duration, success, failures]
}
