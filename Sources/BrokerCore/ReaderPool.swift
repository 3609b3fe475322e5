internal import Primitives
internal import Synchronization

/// Threads that read files, in two groups: those that serve what is in memory and never wait for the disk, and those
/// that may. However slow the disk is, and however many ask for what only it has, the rest is served at once.
///
/// Those who wait for the disk stand in line, and who has had one read stands behind the others again for the next: a
/// connection has one request at a time, so each gets its turn, whatever it asked for.
final class ReaderPool: Sendable {
    private let resident = BlockingQueue<@Sendable () -> Void>()
    private let waiting = BlockingQueue<@Sendable () -> Void>()
    private let submitted = Atomic<Int>(0)
    private let waited = Atomic<Int>(0)

    /// Reads that were handed in, since the start.
    var submittedCount: Int { submitted.load(ordering: .relaxed) }
    /// Of these, how often one had to go to the disk.
    var waitedCount: Int { waited.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - threads: for what is in memory.
    ///   - waitingThreads: reads that the disk gets at a time, at the most.
    init(threads: Int, waitingThreads: Int) {
        Self.start("reader", threads, resident)
        Self.start("disk-reader", waitingThreads, waiting)
    }

    private static func start(_ name: String, _ count: Int, _ queue: BlockingQueue<@Sendable () -> Void>) {
        for number in 0..<count {
            DedicatedThread.start("\(name)-\(number)") {
                while let work = queue.takeFirst() { work() }
            }
        }
    }

    /// Hands in work that must not wait for the disk.
    ///
    /// - Returns: false where the pool is closed; the work will not be done.
    @discardableResult
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        submitted.add(1, ordering: .relaxed)
        return resident.put(work)
    }

    /// Hands in work that may wait for the disk, once.
    ///
    /// - Returns: as `submit`.
    @discardableResult
    func submitWaiting(_ work: @escaping @Sendable () -> Void) -> Bool {
        waited.add(1, ordering: .relaxed)
        return waiting.put(work)
    }

    func close() {
        resident.close()
        waiting.close()
    }
}
