internal import DequeModule
internal import KafkaProtocol
internal import NIOCore

/// Decides what a connection's events mean: which request an answer belongs to, and when the connection is done for.
///
/// Answers come in the order of the requests (the protocol's promise), so the oldest pending request is the only one that
/// an answer may belong to. Every request that was accepted leaves the pipeline exactly once: by its answer, by
/// cancellation, or when the pipeline closes.
struct RequestPipeline<Waiter> {
    struct Pending {
        let token: UInt64
        let correlationID: Int32
        let api: APIKey
        let version: Int16
        let deadline: NIODeadline
        /// nil once cancelled: the answer will be dropped, but holds its place in the order.
        var waiter: Waiter?
    }

    enum Acceptance {
        case write(correlationID: Int32)
        case fail(KafkaClientError)
    }

    enum Arrival {
        case deliver(Pending)
        case close(reason: String)
    }

    private(set) var closedBy: KafkaClientError?
    private var pending: Deque<Pending> = []
    private var nextCorrelationID: Int32 = 0

    var pendingCount: Int { pending.count }
    /// When the oldest request is overdue.
    var firstDeadline: NIODeadline? { pending.first?.deadline }

    /// - Parameter waiter: nil for a request that is not answered.
    mutating func accept(
        token: UInt64, api: APIKey, version: Int16, deadline: NIODeadline, answered: Bool, waiter: Waiter
    ) -> Acceptance {
        if let closedBy { return .fail(closedBy) }
        let correlationID = nextCorrelationID
        nextCorrelationID = nextCorrelationID == .max ? 0 : nextCorrelationID + 1
        if answered {
            pending.append(
                Pending(
                    token: token, correlationID: correlationID, api: api, version: version, deadline: deadline,
                    waiter: waiter))
        }
        return .write(correlationID: correlationID)
    }

    mutating func received(correlationID: Int32) -> Arrival {
        guard let oldest = pending.first else {
            return .close(reason: "an answer to no request (correlation id \(correlationID))")
        }
        guard oldest.correlationID == correlationID else {
            return .close(
                reason: "an answer with correlation id \(correlationID) where \(oldest.correlationID) was due")
        }
        pending.removeFirst()
        return .deliver(oldest)
    }

    /// The oldest request's API where it is overdue.
    func overdue(at now: NIODeadline) -> APIKey? {
        guard let oldest = pending.first, oldest.deadline <= now else { return nil }
        return oldest.api
    }

    /// The API whose answer is due next.
    var nextDue: APIKey? { pending.first?.api }

    /// Takes the waiter of a request that nobody waits for any longer; nil where it has left already.
    mutating func cancel(token: UInt64) -> Waiter? {
        guard let index = pending.firstIndex(where: { $0.token == token }) else { return nil }
        defer { pending[index].waiter = nil }
        return pending[index].waiter
    }

    /// Ends the pipeline; later requests fail with the first error.
    ///
    /// - Returns: whoever still waits, oldest first.
    mutating func close(_ error: KafkaClientError) -> [Waiter] {
        guard closedBy == nil else { return [] }
        closedBy = error
        defer { pending = [] }
        return pending.compactMap(\.waiter)
    }
}
