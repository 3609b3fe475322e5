internal import Primitives
internal import Synchronization

/// Threads for reads that may have to wait for the disk, so that one cold read keeps nobody else waiting.
final class ReaderPool: Sendable {
    private let queue = BlockingQueue<@Sendable () -> Void>()
    private let submitted = Atomic<Int>(0)

    /// Reads that were handed in, since the start.
    var submittedCount: Int { submitted.load(ordering: .relaxed) }

    init(threads: Int) {
        let queue = queue
        for number in 0..<threads {
            DedicatedThread.start("reader-\(number)") {
                while let work = queue.takeFirst() { work() }
            }
        }
    }

    /// - Returns: false where the pool is closed; the work will not be done.
    @discardableResult
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        submitted.add(1, ordering: .relaxed)
        return queue.put(work)
    }

    func close() { queue.close() }
}
