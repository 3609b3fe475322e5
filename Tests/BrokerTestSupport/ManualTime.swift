package import BrokerCore
package import Primitives
internal import Synchronization

/// Runs what is scheduled when the test says so.
package final class ManualScheduler: BrokerScheduler {
    private struct Entry {
        var delay: Duration
        var work: @Sendable () -> Void
    }

    private let entries = Mutex<[Int: Entry]>([:])
    private let next = Atomic<Int>(0)

    package init() {}

    package func schedule(in delay: Duration, _ work: @escaping @Sendable () -> Void) -> any ScheduledWork {
        let id = next.add(1, ordering: .relaxed).newValue
        entries.withLock { $0[id] = Entry(delay: delay, work: work) }
        return Work(id: id, scheduler: self)
    }

    /// How long everything that waits was to wait.
    package var delays: [Duration] { entries.withLock { $0.values.map(\.delay).sorted() } }

    /// Everything that waits becomes due.
    package func runAll() {
        let due = entries.withLock { entries in
            defer { entries = [:] }
            return entries
        }
        for entry in due.values { entry.work() }
    }

    private struct Work: ScheduledWork {
        let id: Int
        let scheduler: ManualScheduler

        func cancel() { scheduler.entries.withLock { $0[id] = nil } }
    }
}

/// Time that stands still until it is told to go on.
package final class ManualClock: WallClock {
    private let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))

    package init() {}

    package func now() -> Timestamp { time.withLock { $0 } }

    package func advance(milliseconds: Int64) { time.withLock { $0.milliseconds += milliseconds } }
}
