package import KafkaProtocol

/// Why something asked of a cluster did not happen.
package enum KafkaClientError: Error, Sendable, CustomStringConvertible {
    /// No connection came about.
    case connectFailed(BrokerAddress, reason: String)
    /// None of the addresses known gave a connection.
    case noBrokerReachable([(address: BrokerAddress, reason: String)])
    /// The connection ended before the answer came. The request may have been carried out.
    case connectionLost(BrokerAddress, reason: String)
    /// No answer in time; the connection was closed. The request may have been carried out.
    case requestTimedOut(BrokerAddress, APIKey)
    /// The broker sent what is no answer; the connection was closed. The request may have been carried out.
    case malformedAnswer(BrokerAddress, APIKey?, reason: String)
    /// The broker and this client have no version of the API in common.
    case apiNotSpoken(BrokerAddress, APIKey)
    /// The broker's own answer.
    case refused(APIKey, ErrorCode, subject: String, message: String?)
    /// Metadata named a broker as leader without saying where it is, or a partition has no leader now.
    case noLeader(topic: String, partition: Int32)
    /// An address, a topic name or the like that cannot be right.
    case invalidArgument(String)
    case cancelled
    /// The client was closed.
    case closed

    /// Whether the same may succeed later without anybody changing the request.
    package var isRetriable: Bool {
        switch self {
        case .connectFailed, .noBrokerReachable, .connectionLost, .requestTimedOut, .noLeader: true
        case .refused(_, let code, _, _): code.isRetriable
        case .malformedAnswer, .apiNotSpoken, .invalidArgument, .cancelled, .closed: false
        }
    }

    package var description: String {
        switch self {
        case .connectFailed(let address, let reason): "cannot connect to \(address): \(reason)"
        case .noBrokerReachable(let attempts):
            "no broker is reachable: " + attempts.map { "\($0.address): \($0.reason)" }.joined(separator: "; ")
        case .connectionLost(let address, let reason): "the connection to \(address) was lost: \(reason)"
        case .requestTimedOut(let address, let api): "\(address) did not answer \(api) in time"
        case .malformedAnswer(let address, let api, let reason):
            "\(address) sent a malformed answer\(api.map { " to \($0)" } ?? ""): \(reason)"
        case .apiNotSpoken(let address, let api): "\(address) does not speak a version of \(api) that this client does"
        case .refused(let api, let code, let subject, let message):
            "\(api) of \(subject) was refused: \(code)" + (message.map { ": \($0)" } ?? "")
        case .noLeader(let topic, let partition): "partition \(partition) of \(topic) has no leader"
        case .invalidArgument(let what): what
        case .cancelled: "cancelled"
        case .closed: "the client is closed"
        }
    }
}
