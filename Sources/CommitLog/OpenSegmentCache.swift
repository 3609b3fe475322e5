internal import Synchronization

/// The sealed segments whose files are open, of all partitions together: no more than `capacity`, the ones read last.
///
/// What is closed here stays open for whoever is reading it this moment, until he is done.
package final class OpenSegmentCache: Sendable {
    /// For the whole process. Three descriptors for each segment.
    package static let shared = OpenSegmentCache(capacity: 256)

    private struct Entry {
        var segment: OpenSegment
        var lastUse: UInt64
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    /// How many segments are open.
    package var count: Int { state.withLock { $0.entries.count } }

    func find(_ key: ObjectIdentifier) -> OpenSegment? {
        state.withLock { state in
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return state.entries[key]?.segment
        }
    }

    func insert(_ segment: OpenSegment, _ key: ObjectIdentifier) {
        // Held until the lock is released: files are closed outside of it.
        let closed = state.withLock { state in
            state.uses += 1
            let replaced = state.entries.updateValue(Entry(segment: segment, lastUse: state.uses), forKey: key)
            guard state.entries.count > capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            else { return replaced }
            return state.entries.removeValue(forKey: oldest.key)
        }
        withExtendedLifetime(closed) {}
    }

    func forget(_ key: ObjectIdentifier) {
        let closed = state.withLock { $0.entries.removeValue(forKey: key) }
        withExtendedLifetime(closed) {}
    }
}
