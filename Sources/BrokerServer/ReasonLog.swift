internal import BrokerCore
internal import Logging

/// Logs why connections were closed, within bounds.
final class ReasonLog: Sendable {
    private let log: BoundedLog

    init(logger: Logger) { log = BoundedLog(logger: logger, level: .warning) }

    func closed(_ remote: String, because reason: String) {
        log.write("closed a connection: \(reason)", ["client": "\(remote)"])
    }
}
