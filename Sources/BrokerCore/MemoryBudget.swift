internal import Synchronization

/// The bytes that requests and responses in flight may take together.
///
/// Requests reserve their length before they are read from the socket, so that what clients announce cannot fill the
/// memory; responses are counted when they are made, and shrink what the next may take.
///
/// Small requests never wait, or a few clients that announce much and send little would keep all others from being
/// served; what they add is bounded by the number of connections.
package final class MemoryBudget: Sendable {
    private static let smallBytes = 16 << 10

    package let limit: Int
    private let state: Mutex<State>

    private struct State {
        var used = 0
        var waiting: [@Sendable () -> Void] = []
    }

    package init(limit: Int) {
        self.limit = limit
        state = Mutex(State())
    }

    package var used: Int { state.withLock { $0.used } }

    /// Whether somebody waits for bytes to be given back.
    package var isShort: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Takes what is left of the limit, up to `most`; `least` even where less is left.
    ///
    /// - Returns: the bytes to release.
    func take(upTo most: Int, atLeast least: Int) -> Int {
        state.withLock { state in
            let granted = max(min(most, limit - state.used), least)
            state.used += granted
            return granted
        }
    }

    /// Reserves `bytes`, or calls `retry` once when some have been given back. Whoever asks for more than the whole
    /// limit gets it when nothing else is in use.
    package func reserve(_ bytes: Int, orRetry retry: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if bytes <= Self.smallBytes || state.used == 0 || state.used + bytes <= limit {
                state.used += bytes
                return true
            }
            state.waiting.append(retry)
            return false
        }
    }

    /// Counts bytes that are there already.
    package func add(_ bytes: Int) {
        state.withLock { $0.used += bytes }
    }

    package func release(_ bytes: Int) {
        if bytes == 0 { return }
        let waiting = state.withLock { state in
            state.used -= bytes
            precondition(state.used >= 0, "BUG: more bytes were given back than reserved")
            defer { state.waiting = [] }
            return state.waiting
        }
        for retry in waiting { retry() }
    }
}
