internal import Synchronization

/// Does something again and again, with a pause between.
final class MaintenanceTimer: Sendable {
    private let state = Mutex<(next: (any ScheduledWork)?, isStopped: Bool)>((nil, false))

    /// - Parameter work: must not block.
    func start(every interval: Duration, _ scheduler: any BrokerScheduler, _ work: @escaping @Sendable () -> Void) {
        let next = scheduler.schedule(in: interval) { [weak self] in
            guard let self, !state.withLock({ $0.isStopped }) else { return }
            work()
            start(every: interval, scheduler, work)
        }
        let isStopped = state.withLock { state in
            state.next = next
            return state.isStopped
        }
        if isStopped { next.cancel() }
    }

    func stop() {
        let work = state.withLock { state in
            state.isStopped = true
            defer { state.next = nil }
            return state.next
        }
        work?.cancel()
    }
}
