package import Logging
internal import Synchronization

/// Logs what strangers can cause, at most some lines a second, so that a hostile client cannot fill the disk with our
/// log; what is left out is counted and told with the next.
package final class BoundedLog: Sendable {
    private static let perSecond = 10

    private struct State {
        var second = ContinuousClock.now
        var inSecond = 0
        var left = 0
    }

    private let logger: Logger
    private let level: Logger.Level
    private let state = Mutex(State())

    package init(logger: Logger, level: Logger.Level) {
        self.logger = logger
        self.level = level
    }

    package func write(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        let left: Int? = state.withLock { state in
            let now = ContinuousClock.now
            if now - state.second > .seconds(1) {
                state.second = now
                state.inSecond = 0
            }
            guard state.inSecond < Self.perSecond else {
                state.left += 1
                return nil
            }
            state.inSecond += 1
            defer { state.left = 0 }
            return state.left
        }
        guard let left else { return }
        var metadata = metadata
        if left > 0 { metadata["not_logged"] = "\(left)" }
        logger.log(level: level, message, metadata: metadata)
    }
}
