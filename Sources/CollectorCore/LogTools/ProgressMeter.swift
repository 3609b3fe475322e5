/// Tells how far something long has come: on a terminal in one line that is written over, else a line every few seconds.
package final class ProgressMeter {
    private let isTerminal: Bool
    private let now: () -> ContinuousClock.Instant
    private let write: (String) -> Void
    private let interval: Duration
    private var last: ContinuousClock.Instant
    private var hasLine = false

    package init(
        isTerminal: Bool, now: @escaping () -> ContinuousClock.Instant = { .now }, write: @escaping (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.now = now
        self.write = write
        interval = isTerminal ? .milliseconds(200) : .seconds(5)
        last = now()
    }

    package func update(_ done: Int64, of total: Int64) {
        let time = now()
        guard time - last >= interval else { return }
        last = time
        let percent = total > 0 ? min(100, done * 100 / total) : 100
        let text = "\(done >> 20) of \(total >> 20) MiB, \(percent) %"
        write(isTerminal ? "\r\u{1b}[K" + text : text + "\n")
        hasLine = isTerminal
    }

    /// Makes room for other output.
    package func clear() {
        if hasLine { write("\r\u{1b}[K") }
        hasLine = false
    }
}
