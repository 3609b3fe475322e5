internal import Synchronization

/// The client that a request comes from, as the core sees it.
package final class ClientConnection: Sendable {
    /// The address at which the client came in: where it is told to find this broker, unless one is advertised.
    package let localAddress: BrokerAddress
    /// For logs.
    package let remote: String
    /// The client's address, as access rules name it.
    package let host: String
    /// Who the client is, as access rules name it. There is no authentication yet: everybody is the same.
    package let principal = "User:ANONYMOUS"
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var parked: (any ParkedRequest)?
        var muteMilliseconds: Int32 = 0
    }

    package init(localAddress: BrokerAddress, remote: String, host: String = "") {
        self.localAddress = localAddress
        self.remote = remote
        self.host = host
    }

    /// The connection is gone: what waits for it is given up.
    package func close() {
        let parked = state.withLock { state in
            state.isClosed = true
            defer { state.parked = nil }
            return state.parked
        }
        parked?.cancel()
    }

    /// The client has had more than its share: after the answer that comes next, nothing is read from it for a while.
    func mute(milliseconds: Int32) {
        state.withLock { $0.muteMilliseconds = max($0.muteMilliseconds, milliseconds) }
    }

    /// For how long nothing is to be read, since this was asked last. To be asked after each reply.
    package func takeMute() -> Duration? {
        state.withLock { state in
            defer { state.muteMilliseconds = 0 }
            return state.muteMilliseconds > 0 ? .milliseconds(Int64(state.muteMilliseconds)) : nil
        }
    }

    /// Notes the request that waits on behalf of the client.
    ///
    /// - Returns: false where the connection is gone already.
    func park(_ operation: some ParkedRequest) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.parked = operation }
            return !state.isClosed
        }
    }

    func unpark(_ operation: some ParkedRequest) {
        state.withLock { state in
            if state.parked === operation { state.parked = nil }
        }
    }
}

/// A request that waits for something else than the disk.
protocol ParkedRequest: AnyObject, Sendable {
    /// The connection is gone: nothing is waited for any more.
    func cancel()
}

/// Runs something later. The seam for time in the core.
package protocol BrokerScheduler: Sendable {
    func schedule(in delay: Duration, _ work: @escaping @Sendable () -> Void) -> any ScheduledWork
}

package protocol ScheduledWork: Sendable {
    func cancel()
}
