internal import Logging
internal import Synchronization

/// Logs why connections were closed, at most some a second, so that a hostile client cannot fill the disk with our log;
/// what is left out is counted and told with the next.
final class ReasonLog: Sendable {
    private static let perSecond = 10

    private struct State {
        var second = ContinuousClock.now
        var inSecond = 0
        var left = 0
    }

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) { self.logger = logger }

    func closed(_ remote: String, because reason: String) {
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
        var metadata: Logger.Metadata = ["client": "\(remote)"]
        if left > 0 { metadata["not_logged"] = "\(left)" }
        logger.warning("closed a connection: \(reason)", metadata: metadata)
    }
}
