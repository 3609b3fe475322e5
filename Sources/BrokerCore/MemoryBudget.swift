internal import DequeModule
internal import Synchronization

/// Bytes that something may take together: requests on their way in, or answers on their way out.
///
/// Requests reserve before they are read, step by step as their bytes come, so that a length that is only claimed costs
/// nobody anything. Who finds no room waits in line. So that many requests that are each half read do not wait for each
/// other for ever, one holder at a time may overdraw the budget, until it is back within its limit; what is in use is
/// therefore at most the limit and one request.
package final class MemoryBudget: Sendable {
    package typealias Ticket = UInt64

    package let limit: Int
    private let state = Mutex(State())

    private struct Waiter {
        var ticket: Ticket
        var bytes: Int
        var holder: ObjectIdentifier
        var granted: @Sendable () -> Void
    }

    /// Where somebody waits, somebody overdraws: so there is always one who can go on, and give bytes back.
    private struct State {
        var used = 0
        var overdrawing: ObjectIdentifier?
        var waiting: Deque<Waiter> = []
        var lastTicket: Ticket = 0

        mutating func take(_ bytes: Int, for holder: ObjectIdentifier, limit: Int) -> Bool {
            if used + bytes > limit {
                if overdrawing != nil && overdrawing != holder { return false }
                overdrawing = holder
            }
            used += bytes
            return true
        }

        mutating func serveWaiting(limit: Int) -> [Waiter] {
            if used <= limit { overdrawing = nil }
            var served: [Waiter] = []
            while let first = waiting.first, take(first.bytes, for: first.holder, limit: limit) {
                served.append(waiting.removeFirst())
            }
            return served
        }
    }

    package init(limit: Int) { self.limit = limit }

    package var used: Int { state.withLock { $0.used } }

    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Reserves `bytes`, at once or later.
    ///
    /// - Parameters:
    ///   - holder: who may overdraw, when it is its turn.
    ///   - granted: called, from any thread, when the bytes are reserved later.
    /// - Returns: nil where they are reserved; else what to give up the place in the line by.
    package func reserve(
        _ bytes: Int, for holder: ObjectIdentifier, later granted: @escaping @Sendable () -> Void
    ) -> Ticket? {
        state.withLock { state in
            // Who overdraws is let through: all who wait, wait for it.
            let isFree = state.waiting.isEmpty || state.overdrawing == holder
            if isFree && state.take(bytes, for: holder, limit: limit) { return nil }
            state.lastTicket += 1
            state.waiting.append(
                Waiter(ticket: state.lastTicket, bytes: bytes, holder: holder, granted: granted))
            return state.lastTicket
        }
    }

    /// Leaves the line. Where the bytes are being granted at this moment, `granted` is called still.
    package func giveUp(_ ticket: Ticket) {
        let served = state.withLock { state in
            state.waiting.removeAll { $0.ticket == ticket }
            return state.serveWaiting(limit: limit)
        }
        for waiter in served { waiter.granted() }
    }

    /// Reserves as many of `bytes` as there are, or `least` of them where there are fewer.
    package func take(upTo bytes: Int, atLeast least: Int) -> Int {
        state.withLock { state in
            let taken = min(bytes, max(limit - state.used, least, 0))
            state.used += taken
            return taken
        }
    }

    /// Counts bytes that are there already.
    package func add(_ bytes: Int) {
        state.withLock { $0.used += bytes }
    }

    package func release(_ bytes: Int) {
        if bytes == 0 { return }
        let served = state.withLock { state in
            state.used -= bytes
            precondition(state.used >= 0, "BUG: more bytes were given back than reserved")
            return state.serveWaiting(limit: limit)
        }
        for waiter in served { waiter.granted() }
    }
}
