package import Primitives

/// Remembers the last value of every counter of one collector: from when it counts, whether it began anew, and what it
/// counted since.
///
/// Rules, in OpenTelemetry's terms (Metrics Data Model, "Resets and Gaps"):
/// - A counter that was there at the first look counts from the boot of the host, unless the collector knows better.
/// - One that is lower than before began anew since then: it is marked, and counts from when it was last seen.
/// - One that was not there at the last look, when everything could be read, came into being since (a container, a
///   disk that was plugged in): it counts from that look.
///
/// It is as large as what was seen in the last look, so that what is gone is forgotten; after a look at which a source
/// failed, what is missing is kept for ten looks more, because a file that could not be read once is no restart.
package struct CounterMemory: Sendable {
    private struct Entry {
        var value: MetricValue
        var start: Timestamp?
        var seen: Look
    }

    private struct Look {
        var number: UInt64
        var time: Timestamp
        var instant: ContinuousClock.Instant
    }

    static let looksKept: UInt64 = 10

    private var entries: [SeriesKey: Entry] = [:]
    private var last: (look: Look, isComplete: Bool)?

    package init() {}

    /// Fills in what the points of a look lack.
    ///
    /// - Parameters:
    ///   - range: the collector's points. None at all is no look: the collector was not due.
    ///   - boot: from when a counter counts of which nothing else is known.
    ///   - isComplete: whether every source could be read.
    package mutating func mark(
        _ points: inout [MetricPoint], in range: Range<Int>, at instant: ContinuousClock.Instant, boot: Timestamp?,
        isComplete: Bool
    ) {
        guard let first = range.first else { return }
        let look = Look(number: (last?.look.number ?? 0) + 1, time: points[first].timestamp, instant: instant)
        var counters = 0
        for index in range where points[index].kind == .counter {
            mark(&points[index], look, boot)
            counters += 1
        }
        if entries.count > counters {
            let kept = isComplete ? 0 : Self.looksKept
            entries = entries.filter { look.number - $0.value.seen.number <= kept }
        }
        last = (look, isComplete)
    }

    private mutating func mark(_ point: inout MetricPoint, _ look: Look, _ boot: Timestamp?) {
        let key = SeriesKey(point)
        let value = point.value
        if let index = entries.index(forKey: key) {
            let before = entries.values[index]
            point.isReset = value < before.value
            point.start = point.isReset ? before.seen.time : point.start ?? before.start
            point.increase = Self.increase(point.isReset ? value : value - before.value, from: before.seen, to: look)
            entries.values[index] = Entry(value: value, start: point.start, seen: look)
            return
        }
        if let last, last.isComplete {
            // A process can be among those looked at again after a while: it did not begin since.
            if point.start.map({ $0 >= last.look.time }) ?? true {
                point.increase = Self.increase(value, from: last.look, to: look)
            }
            point.start = point.start ?? last.look.time
        } else {
            point.start = point.start ?? boot
        }
        entries[key] = Entry(value: value, start: point.start, seen: look)
    }

    private static func increase(_ value: MetricValue, from: Look, to: Look) -> MetricIncrease {
        MetricIncrease(value: value, since: from.time, elapsed: to.instant - from.instant)
    }
}
