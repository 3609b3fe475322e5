package import FileAccess
internal import HostMetrics
package import Primitives
internal import SystemPackage

/// Reads the `*.prom` files of a directory, as node_exporter's textfile collector does.
///
/// Where it differs: a line that is malformed costs itself only, not the file. As there, a file with timestamps is left
/// out (what a file says would seem to stand still), and the time at which each was written is a metric, by which files
/// that nobody writes any longer are found.
///
/// A program should write beside the file and rename, or half a file may be read: its last line, which has no newline
/// then, is left out.
package struct TextfileReader: Sendable {
    /// Files that are read in a directory, the first by name.
    static let filesLimit = 1000

    private let configuration: TextfileConfiguration
    private let fileSystem: any FileSystem
    private let clock: any WallClock
    private let start: Timestamp
    /// Of all files, since two may have parts of one metric.
    private var catalog = MetricCatalog(source: "(a file)")
    private var counters = CounterMemory()
    private var problems = ToldProblems()
    private var dropped: Int64 = 0
    private var malformed: Int64 = 0

    package init(_ configuration: TextfileConfiguration, fileSystem: any FileSystem, clock: any WallClock) {
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.clock = clock
        start = clock.now()
    }

    /// Reads all files. Blocks on them: not for a cooperative thread.
    package mutating func read(at instant: ContinuousClock.Instant = .now) -> InputReading {
        let now = clock.now()
        var reading = InputReading()
        var round = Round()
        catalog.begin()
        let directory = configuration.directory.string
        do throws(FileError) {
            let names = try fileSystem.list(configuration.directory).map(\.name.string).filter { $0.hasSuffix(".prom") }
            let sorted = names.sorted()
            for name in sorted.prefix(Self.filesLimit) { read(name, at: now, &round, &reading) }
            note(
                directory,
                names.count > Self.filesLimit ? "more than \(Self.filesLimit) files; the rest is left out" : nil,
                &round, &reading)
        } catch {
            note(directory, "\(error.operation): \(error.errno)", &round, &reading)
        }
        problems.keep(round.names.union([directory]))
        add(to: &reading, round, at: now)
        counters.mark(
            &reading.points, in: 0..<reading.points.count, at: instant, boot: nil, isComplete: !round.hasFailed)
        return reading
    }

    /// One look at the directory.
    private struct Round {
        var names: Set<String> = []
        var seen: Set<SeriesKey> = []
        var hasFailed = false
    }

    private mutating func read(_ name: String, at now: Timestamp, _ round: inout Round, _ reading: inout InputReading) {
        round.names.insert(name)
        do throws(FileError) {
            let path = configuration.directory.appending(name)
            let status = try fileSystem.status(of: path, followingLinks: true)
            guard status.kind == .regular else { return note(name, "is no file", &round, &reading) }
            let seconds = Double(status.modified.seconds) + Double(status.modified.nanoseconds) / 1e9
            reading.points.append(
                MetricPoint(TextfileMetrics.modified, .double(seconds), [MetricAttribute("file", name)], at: now))
            let bytes = try fileSystem.readWhole(path, limit: configuration.fileLimit + 1)
            guard bytes.count <= configuration.fileLimit else {
                return note(name, "longer than \(configuration.fileLimit) bytes", &round, &reading)
            }
            take(bytes, of: name, at: now, &round, &reading)
        } catch {
            // It went since the directory was listed.
            if !error.isNotFound { note(name, "\(error.operation): \(error.errno)", &round, &reading) }
        }
    }

    private mutating func take(
        _ bytes: [UInt8], of name: String, at now: Timestamp, _ round: inout Round, _ reading: inout InputReading
    ) {
        var reader = PageReader(
            .text, ExpositionLimits(series: configuration.seriesLimit), catalog: catalog, at: now)
        reader.take(bytes)
        let (page, used) = reader.finish()
        catalog = used
        malformed += Int64(page.malformed + (page.isWhole ? 0 : 1))
        dropped += Int64(page.dropped)
        if page.timestamped > 0 {
            dropped += Int64(page.points.count)
            return note(name, "has timestamps, which are for scrapes; the file is left out", &round, &reading)
        }
        var problem = page.problem.map { "line \($0.line): expected \($0.expected)" }
        if !page.isWhole { problem = problem ?? "the last line has no newline, and is left out" }
        if page.dropped > 0 { problem = problem ?? "series that were there before, or beyond the limit, are left out" }
        for point in page.points {
            guard point.isNumber else {
                dropped += 1
                continue
            }
            guard round.seen.count < configuration.seriesLimit, round.seen.insert(SeriesKey(point)).inserted else {
                dropped += 1
                problem = problem ?? "series that other files have, or beyond series.limit, are left out"
                continue
            }
            reading.points.append(point)
        }
        note(name, problem, &round, &reading)
    }

    private mutating func note(
        _ subject: String, _ problem: String?, _ round: inout Round, _ reading: inout InputReading
    ) {
        if problem != nil { round.hasFailed = true }
        if let change = problems.note(subject, problem) { reading.changes.append(change) }
    }

    private func add(to reading: inout InputReading, _ round: Round, at now: Timestamp) {
        func add(_ metric: Metric, _ value: Int64) {
            var point = MetricPoint(metric, .integer(value), [], at: now)
            if metric.kind == .counter { point.start = start }
            reading.points.append(point)
        }
        add(TextfileMetrics.failed, round.hasFailed ? 1 : 0)
        add(TextfileMetrics.dropped, dropped)
        add(TextfileMetrics.malformed, malformed)
    }
}
