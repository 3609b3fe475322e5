internal import KafkaProtocol
internal import Primitives
internal import Synchronization

/// The fetch sessions there are: a bounded number. Who gets none sends all of its partitions each time, which always
/// works.
///
/// A new session may take the place of one that was not used for two minutes, or of the smallest that is older than two
/// minutes and no larger than itself. Source: Apache Kafka, `FetchSessionCache.tryEvict`.
final class FetchSessionCache: Sendable {
    private static let evictionMilliseconds: Int64 = 120_000
    /// Of all sessions together: a session is small, unless somebody means harm.
    static let maximumPartitions = 1_000_000

    private struct Cached {
        var session: FetchSession
        var lastUsedMilliseconds: Int64
        var partitions: Int
        /// Whether it was used when it was older than the eviction time.
        var isEvictable: Bool
    }

    private struct State {
        var sessions: [Int32: Cached] = [:]
        var partitions = 0

        mutating func remove(_ id: Int32) {
            guard let cached = sessions.removeValue(forKey: id) else { return }
            partitions -= cached.partitions
        }
    }

    private let slots: Int
    private let clock: any WallClock
    private let state = Mutex(State())

    /// - Parameter slots: how many sessions there may be; 0 for none.
    init(slots: Int, clock: any WallClock) {
        self.slots = slots
        self.clock = clock
    }

    var count: Int { state.withLock { $0.sessions.count } }

    func session(_ id: Int32) -> FetchSession? { state.withLock { $0.sessions[id]?.session } }

    func remove(_ id: Int32) { state.withLock { $0.remove(id) } }

    /// A session was used, and may have become larger or smaller.
    ///
    /// - Returns: false where there is no room for what it has become, and it is gone.
    func touch(_ session: FetchSession) -> Bool {
        let now = clock.now().milliseconds
        let size = session.count
        return state.withLock { state in
            guard var cached = state.sessions[session.id] else { return true }
            let partitions = state.partitions - cached.partitions + size
            guard partitions <= max(Self.maximumPartitions, state.partitions) else {
                state.remove(session.id)
                return false
            }
            state.partitions = partitions
            cached.partitions = size
            cached.lastUsedMilliseconds = now
            cached.isEvictable = now - session.createdMilliseconds > Self.evictionMilliseconds
            state.sessions[session.id] = cached
            return true
        }
    }

    /// Begins a session, where there is room for one.
    ///
    /// - Returns: its id; 0 where there is none.
    func begin(usesIDs: Bool, _ answered: [(FetchSession.Item, FetchResponse.Partition)]) -> Int32 {
        let now = clock.now().milliseconds
        return state.withLock { state in
            guard state.partitions + answered.count <= Self.maximumPartitions else { return 0 }
            if state.sessions.count >= slots, !evict(for: answered.count, now: now, &state) { return 0 }
            var id = Int32.random(in: 1 ... .max)
            while state.sessions[id] != nil { id = .random(in: 1 ... .max) }
            let session = FetchSession(id: id, usesIDs: usesIDs, createdMilliseconds: now, answered)
            let size = session.count
            state.sessions[id] = Cached(
                session: session, lastUsedMilliseconds: now, partitions: size, isEvictable: false)
            state.partitions += size
            return id
        }
    }

    private func evict(for size: Int, now: Int64, _ state: inout State) -> Bool {
        guard let oldest = state.sessions.min(by: { $0.value.lastUsedMilliseconds < $1.value.lastUsedMilliseconds })
        else { return false }
        if now - oldest.value.lastUsedMilliseconds > Self.evictionMilliseconds {
            state.remove(oldest.key)
            return true
        }
        let smallest = state.sessions.lazy.filter { $0.value.isEvictable }
            .min { ($0.value.partitions, $0.key) < ($1.value.partitions, $1.key) }
        guard let smallest, size > smallest.value.partitions else { return false }
        state.remove(smallest.key)
        return true
    }
}
