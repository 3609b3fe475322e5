internal import HostMetrics
package import NIOCore
package import Primitives
internal import Synchronization

/// Scrapes targets, each on its own grid of times and within its own limits, so that one that is dead or slow hinders no
/// other.
///
/// One owner: whoever calls `read`. Connections live on event loops, and leave what they come to in a mailbox, of which
/// the owner is told by `wake`.
package struct Scraper {
    private let configuration: ScrapeConfiguration
    private let group: any EventLoopGroup
    private let clock: any WallClock
    private let mailbox: Mailbox
    private var targets: [Target]
    private var problems = ToldProblems()
    /// Targets that have been asked at least once, and have answered or failed.
    private var answered: Set<Int> = []

    private struct Target {
        let target: ScrapeTarget
        var schedule: SamplingSchedule
        var catalog = MetricCatalog(source: "(a target)")
        var counters = CounterMemory()
        /// The scrape before is not told yet, or still holds a connection.
        var isWaiting = false
        var isHeld = false
    }

    private final class Mailbox: Sendable {
        enum Letter: Sendable {
            case ended(Int, ScrapeOutcome)
            case released(Int)
        }

        private let letters = Mutex<[Letter]>([])
        private let wake: @Sendable () -> Void

        init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

        func put(_ letter: Letter) {
            letters.withLock { $0.append(letter) }
            wake()
        }

        var isEmpty: Bool { letters.withLock { $0.isEmpty } }

        func takeAll() -> [Letter] {
            letters.withLock { letters in
                defer { letters = [] }
                return letters
            }
        }
    }

    /// - Parameter wake: called from any thread when there is something to read.
    package init(
        _ configuration: ScrapeConfiguration, group: any EventLoopGroup, clock: any WallClock,
        wake: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.group = group
        self.clock = clock
        mailbox = Mailbox(wake: wake)
        targets = configuration.targets.map {
            Target(target: $0, schedule: SamplingSchedule(every: configuration.interval))
        }
    }

    /// Until `read` has something to do; it can come earlier, with `wake`.
    package var timeLeft: Duration {
        if !mailbox.isEmpty { return .zero }
        return targets.map { $0.schedule.timeLeft() }.min() ?? .seconds(3600)
    }

    /// Whether every target was heard of, or failed, at least once.
    package var hasAnsweredAll: Bool { answered.count == targets.count }

    /// Begins the scrapes that are due, and takes what earlier ones came to. Does not block.
    ///
    /// - Returns: the readings of single targets: each belongs together.
    package mutating func read(at instant: ContinuousClock.Instant = .now) -> [InputReading] {
        var readings: [InputReading] = []
        for letter in mailbox.takeAll() {
            switch letter {
            case .released(let index): targets[index].isHeld = false
            case .ended(let index, let outcome):
                targets[index].isWaiting = false
                targets[index].catalog = outcome.catalog
                readings.append(reading(of: index, outcome, at: instant))
            }
        }
        for index in targets.indices where targets[index].schedule.timeLeft(at: instant) <= .zero {
            _ = targets[index].schedule.begin(at: instant)
            if targets[index].isWaiting { continue }
            if targets[index].isHeld {
                readings.append(stillHeld(index, at: instant))
            } else {
                start(index)
            }
        }
        return readings
    }

    private mutating func start(_ index: Int) {
        targets[index].isWaiting = true
        targets[index].isHeld = true
        PageRequest.start(
            targets[index].target, configuration, targets[index].catalog, at: clock.now(), on: group.next(),
            onEnd: { [mailbox] in mailbox.put(.ended(index, $0)) },
            onRelease: { [mailbox] in mailbox.put(.released(index)) })
    }

    /// A name that does not resolve can hold a scrape for longer than its deadline; another is not begun meanwhile.
    private mutating func stillHeld(_ index: Int, at instant: ContinuousClock.Instant) -> InputReading {
        let outcome = ScrapeOutcome(
            page: .failure(.init(reason: "the scrape before still waits for the name to be resolved")),
            catalog: targets[index].catalog, began: clock.now(), duration: .zero)
        return reading(of: index, outcome, at: instant)
    }

    private mutating func reading(
        of index: Int, _ outcome: ScrapeOutcome, at instant: ContinuousClock.Instant
    ) -> InputReading {
        answered.insert(index)
        let target = targets[index].target
        var reading = InputReading()
        let labels = [MetricAttribute("instance", target.instance), MetricAttribute("job", configuration.job)]
        func add(_ metric: Metric, _ value: Double) {
            reading.points.append(MetricPoint(metric, .double(value), labels, at: outcome.began))
        }
        var problem: String?
        var page = Page()
        switch outcome.page {
        case .success(let whole):
            page = whole
            problem = page.told(seriesLimit: configuration.seriesLimit)
            add(ScrapeMetrics.up, 1)
        case .failure(let failure):
            page.bytes = outcome.bytes
            problem = failure.reason
            add(ScrapeMetrics.up, 0)
        }
        add(ScrapeMetrics.duration, outcome.duration / .seconds(1))
        add(ScrapeMetrics.samples, Double(page.samples))
        add(ScrapeMetrics.dropped, Double(page.dropped))
        let numbers = page.points.filter { $0.isNumber }
        add(ScrapeMetrics.notNumbers, Double(page.points.count - numbers.count))
        add(ScrapeMetrics.malformed, Double(page.malformed))
        add(ScrapeMetrics.exemplars, Double(page.exemplars))
        add(ScrapeMetrics.bytes, Double(page.bytes))
        reading.points += numbers
        targets[index].counters.mark(
            &reading.points, in: 0..<reading.points.count, at: instant, boot: nil, isComplete: page.isWhole)
        if let change = problems.note("\(target)", problem) { reading.changes.append(change) }
        return reading
    }
}

extension Page {
    /// What a person should know of it; nil where all is well.
    fileprivate func told(seriesLimit: Int) -> String? {
        if let problem { return "line \(problem.line): expected \(problem.expected); such lines are left out" }
        return dropped > 0
            ? "samples are left out: more series than series.limit (\(seriesLimit)), or some twice" : nil
    }
}
