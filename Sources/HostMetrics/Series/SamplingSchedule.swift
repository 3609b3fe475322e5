/// When samples are due: on a grid that is never shifted, so that one that was late does not delay those after it.
package struct SamplingSchedule: Sendable {
    private let interval: Duration
    private var due: ContinuousClock.Instant
    /// Samples that were not taken because one before them was not done when they were due.
    package private(set) var missed: UInt64 = 0

    package init(every interval: Duration, from start: ContinuousClock.Instant = .now) {
        self.interval = interval
        due = start
    }

    package func timeLeft(at now: ContinuousClock.Instant = .now) -> Duration { max(.zero, due - now) }

    /// To be called when a sample begins.
    ///
    /// - Returns: how late it is.
    package mutating func begin(at now: ContinuousClock.Instant) -> Duration {
        let late = max(.zero, now - due)
        let skipped = Int64(late / interval)
        missed += UInt64(clamping: skipped)
        due += interval * (skipped + 1)
        return late
    }
}
