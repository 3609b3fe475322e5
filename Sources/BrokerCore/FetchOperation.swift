internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches
internal import Synchronization

/// One fetch request from its arrival to its answer, with the wait between where there is too little to read.
///
/// Whatever happens — more records, the time being up, the connection's end — leads to `wake`, which has the targets
/// looked at again on a reader thread. A wake-up during a look leads to another look, so none is missed.
final class FetchOperation: ParkedRequest {
    struct Target: Sendable {
        var asked: FetchRequest.Partition
        var partition: Found
    }

    /// What the whole request may have.
    struct Limits: Sendable {
        var maxWaitMilliseconds: Int32
        var minBytes: Int
        var maxBytes: Int
        var isolation: IsolationLevel

        /// `fetch.max.bytes` of a broker, Kafka's default.
        static let maximumBytes = 55 << 20

        /// - Parameter most: what a quota leaves. More than that at a time would be held back for ever.
        init(_ request: FetchRequest, atMost most: Int = maximumBytes) {
            maxWaitMilliseconds = request.maxWaitMilliseconds
            maxBytes = min(Int(max(0, request.maxBytes)), Self.maximumBytes, most)
            // More than the answer may have would never be there.
            minBytes = min(Int(request.minBytes), max(1, maxBytes))
            isolation = request.isolationLevel
        }
    }

    enum Found: Sendable {
        case success(Partition)
        case failure(ErrorCode)

        var partition: Partition? {
            if case .success(let partition) = self { partition } else { nil }
        }
    }

    private enum Phase {
        case looking(again: Bool)
        case waiting
        case finished
    }

    private struct State {
        var phase = Phase.looking(again: false)
        /// The time is up: what is there is the answer.
        var isDue = false
        var isCancelled = false
        var timer: (any ScheduledWork)?
    }

    private let limits: Limits
    private let targets: [Target]
    private let client: ClientConnection
    private let readers: ReaderPool
    private let memory: MemoryBudget
    private let logger: Logger
    private let answer: @Sendable ([FetchResponse.Partition]?) -> Void
    private let state = Mutex(State())

    /// - Parameter answer: called exactly once, with an answer for each target, in their order; with nil where nobody
    ///   wants one any more.
    init(
        _ limits: Limits, _ targets: [Target], client: ClientConnection, readers: ReaderPool, memory: MemoryBudget,
        logger: Logger, answer: @escaping @Sendable ([FetchResponse.Partition]?) -> Void
    ) {
        self.limits = limits
        self.targets = targets
        self.client = client
        self.readers = readers
        self.memory = memory
        self.logger = logger
        self.answer = answer
    }

    func start(_ scheduler: any BrokerScheduler) {
        let patience = Duration.milliseconds(Int64(max(0, limits.maxWaitMilliseconds)))
        guard client.park(self) else {
            cancel()
            return look()
        }
        // Decided once: were it looked at again, a log that grows up to the asked offset meanwhile would leave the fetch
        // waiting with nobody to wake it.
        if limits.maxWaitMilliseconds <= 0 || limits.minBytes <= 0 || canFinishWithoutWaiting {
            state.withLock { $0.isDue = true }
        } else {
            for partition in partitions { partition.addWaiter(self) }
            let timer = scheduler.schedule(in: patience) { [self] in
                state.withLock { $0.isDue = true }
                wake()
            }
            state.withLock { $0.timer = timer }
        }
        look()
    }

    /// The connection is gone: no answer is wanted any more, but whoever counts the requests gets one.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.isDue = true
        }
        wake()
    }

    func wake() {
        let mustLook = state.withLock { state in
            switch state.phase {
            case .looking:
                state.phase = .looking(again: true)
                return false
            case .waiting:
                state.phase = .looking(again: false)
                return true
            case .finished: return false
            }
        }
        if mustLook { look() }
    }

    private func look() {
        // An idle consumer at the end of its partitions costs no reader thread.
        if !isDue && !canFinishWithoutWaiting && isAtEnd { return settle() }
        if !readers.submit({ [self] in lookAtFiles(.none) }) { finish(nil) }
    }

    private func lookAtFiles(_ patience: ReadPatience) {
        if isDue || canFinishWithoutWaiting {
            return read(FetchReading(limits, memory: memory, logger: logger), .none)
        }
        let limit = max(1, limits.minBytes)
        guard let available = available(upTo: limit, patience) else {
            return waitForDisk { [self] in lookAtFiles(.waiting) }
        }
        if available < limit { return settle() }
        read(FetchReading(limits, memory: memory, logger: logger), .none)
    }

    /// Reads on, and to the end where all is in memory.
    ///
    /// - Parameter first: whether the first read may wait for the disk. For the next one others have their turn before.
    private func read(_ reading: FetchReading, _ first: ReadPatience) {
        var reading = reading
        var patience = first
        while reading.answers.count < targets.count {
            if state.withLock({ $0.isCancelled }) {
                finish(nil)
                return memory.release(reading.counted)
            }
            guard reading.read(targets[reading.answers.count], patience) else {
                return waitForDisk(dropping: reading.counted) { [self, reading] in read(reading, .waiting) }
            }
            patience = .none
        }
        finish(reading.answers)
        // By now the answer's frame is counted, which holds a copy.
        memory.release(reading.counted)
    }

    /// - Parameter counted: what of the memory to give back where there is no disk to wait for any more.
    private func waitForDisk(dropping counted: Int = 0, _ work: @escaping @Sendable () -> Void) {
        if readers.submitWaiting(work) { return }
        finish(nil)
        memory.release(counted)
    }

    /// Nothing yet: waits, unless there was a wake-up meanwhile.
    private func settle() {
        let mustLook = state.withLock { state in
            switch state.phase {
            case .looking(again: true):
                state.phase = .looking(again: false)
                return true
            case .looking(again: false):
                state.phase = .waiting
                return false
            case .waiting, .finished: return false
            }
        }
        if mustLook { look() }
    }

    private func finish(_ response: [FetchResponse.Partition]?) {
        let (first, timer) = state.withLock { state in
            if case .finished = state.phase { return (false, nil as (any ScheduledWork)?) }
            state.phase = .finished
            return (true, state.timer)
        }
        guard first else { return }
        timer?.cancel()
        for partition in partitions { partition.removeWaiter(self) }
        client.unpark(self)
        answer(response)
    }

    // MARK: Looking

    private var isDue: Bool { state.withLock { $0.isDue } }

    private var partitions: [Partition] {
        targets.compactMap(\.partition.partition)
    }

    /// An error is told at once, and a request without partitions has nothing to wait for (clients use it as a pause,
    /// but Kafka answers it at once too).
    private var canFinishWithoutWaiting: Bool {
        for target in targets {
            guard case .success(let partition) = target.partition else { return true }
            if partition.isDeleted { return true }
            let view = partition.log.view
            if target.asked.fetchOffset < view.startOffset || target.asked.fetchOffset > view.endOffset { return true }
        }
        return targets.isEmpty
    }

    private var isAtEnd: Bool {
        targets.allSatisfy { target in
            guard case .success(let partition) = target.partition else { return false }
            return partition.log.view.endOffset == target.asked.fetchOffset
        }
    }

    /// - Returns: nil where that cannot be told without waiting for the disk.
    private func available(upTo limit: Int, _ patience: ReadPatience) -> Int? {
        var total = 0
        for target in targets where total < limit {
            guard case .success(let partition) = target.partition else { continue }
            if limit == 1 {
                total += partition.log.view.endOffset > target.asked.fetchOffset ? 1 : 0
                continue
            }
            do throws(LogError) {
                total += try partition.log.availableBytes(from: target.asked.fetchOffset, atMost: limit, patience)
            } catch {
                if error.needsWaiting { return nil }
                // What cannot be read is found out, and told, when it is read.
                total += limit
            }
        }
        return total
    }
}
