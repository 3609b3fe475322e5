internal import Synchronization

/// Has the storage threads apply retention, again and again.
final class RetentionTimer: Sendable {
    private let state = Mutex<(next: (any ScheduledWork)?, isStopped: Bool)>((nil, false))

    func start(every interval: Duration, _ scheduler: any BrokerScheduler, _ storage: [StorageThread]) {
        let work = scheduler.schedule(in: interval) { [weak self] in
            guard let self, !state.withLock({ $0.isStopped }) else { return }
            for thread in storage { thread.submit(.applyRetention) }
            start(every: interval, scheduler, storage)
        }
        let isStopped = state.withLock { state in
            state.next = work
            return state.isStopped
        }
        if isStopped { work.cancel() }
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
