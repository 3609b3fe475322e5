package import BrokerCore
package import NIOCore

/// Time for the core, from an event loop group.
package struct EventLoopScheduler: BrokerScheduler {
    private let group: any EventLoopGroup

    package init(_ group: any EventLoopGroup) { self.group = group }

    package func schedule(in delay: Duration, _ work: @escaping @Sendable () -> Void) -> any ScheduledWork {
        Work(scheduled: group.next().scheduleTask(in: TimeAmount(delay), work))
    }

    private struct Work: ScheduledWork {
        let scheduled: Scheduled<Void>

        func cancel() { scheduled.cancel() }
    }
}
