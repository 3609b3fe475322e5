/// How long to wait before trying again: twice as long after each failure, up to a bound, with jitter.
package struct Backoff: Sendable {
    package var first: Duration
    package var longest: Duration

    package init(first: Duration = .milliseconds(100), longest: Duration = .seconds(10)) {
        self.first = first
        self.longest = longest
    }

    /// The wait after `failures` failures in a row, from half of the doubled time up to all of it.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each wait, so that many clients do not return at once.
    package func delay(afterFailures failures: Int, jitter: Double) -> Duration {
        guard failures > 0 else { return .zero }
        let doubled = first * (1 << min(failures - 1, 20))
        return min(doubled, longest) * (0.5 + 0.5 * jitter)
    }
}
