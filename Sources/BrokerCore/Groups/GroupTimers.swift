internal import HeapModule

/// When something is to happen to groups.
///
/// Putting a deadline off, which every heartbeat does, changes one number; the heap has an entry at or before each
/// deadline, and one that comes too early is put back. So a member costs an entry moved per session timeout, and a group
/// without members nothing.
struct GroupTimers {
    enum Key: Hashable, Sendable {
        /// A member, or one that is to become one, is taken for dead.
        case session(group: String, member: String)
        /// The group waits no longer for members to join.
        case join(group: String)
        /// The group waits no longer for members to ask for their assignment.
        case sync(group: String)
        /// Offsets that nobody needs any more are looked for.
        case expiry
    }

    private struct Entry: Comparable {
        var at: Int64
        var key: Key

        static func < (left: Entry, right: Entry) -> Bool { left.at < right.at }
        static func == (left: Entry, right: Entry) -> Bool { left.at == right.at }
    }

    private struct Timer {
        var deadline: Int64
        /// The entry in the heap that counts.
        var queued: Int64
    }

    private var timers: [Key: Timer] = [:]
    private var heap = Heap<Entry>()

    var count: Int { timers.count }

    /// Milliseconds of uptime at which to look again, at the latest; nil where there is nothing to wait for.
    var next: Int64? { heap.min?.at }

    func deadline(of key: Key) -> Int64? { timers[key]?.deadline }

    /// - Parameter deadline: in milliseconds of uptime.
    mutating func set(_ key: Key, at deadline: Int64) {
        if let timer = timers[key], timer.queued <= deadline {
            timers[key] = Timer(deadline: deadline, queued: timer.queued)
            return
        }
        timers[key] = Timer(deadline: deadline, queued: deadline)
        heap.insert(Entry(at: deadline, key: key))
        tidy()
    }

    mutating func cancel(_ key: Key) { timers[key] = nil }

    /// Takes out a timer whose time has come.
    mutating func popDue(at now: Int64) -> Key? {
        while let first = heap.min, first.at <= now {
            heap.removeMin()
            guard let timer = timers[first.key], timer.queued == first.at else { continue }
            if timer.deadline <= now {
                timers[first.key] = nil
                return first.key
            }
            timers[first.key] = Timer(deadline: timer.deadline, queued: timer.deadline)
            heap.insert(Entry(at: timer.deadline, key: first.key))
        }
        return nil
    }

    /// Entries of timers that were cancelled go when their time comes; where they become many, at once.
    private mutating func tidy() {
        guard heap.count > 64 + 2 * timers.count else { return }
        heap = Heap(timers.map { Entry(at: $1.queued, key: $0) })
    }
}
