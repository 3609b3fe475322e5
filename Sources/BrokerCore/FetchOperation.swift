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

    /// What a fetch may return even when the memory for requests in flight is used up.
    private static let leastBytes = 64 << 10

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
        // Decided once: were it looked at again, a log that grows up to the asked offset meanwhile would leave the fetch
        // waiting with nobody to wake it.
        if limits.maxWaitMilliseconds <= 0 || limits.minBytes <= 0 || canFinishWithoutWaiting {
            state.withLock { $0.isDue = true }
        } else {
            for partition in partitions { partition.addWaiter(self) }
            guard client.park(self) else {
                cancel()
                return look()
            }
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
        if !readers.submit({ [self] in lookAtFiles() }) { finish(nil) }
    }

    private func lookAtFiles() {
        let limit = max(1, limits.minBytes)
        if isDue || canFinishWithoutWaiting || available(upTo: limit) >= limit {
            var counted = 0
            let response = read(&counted)
            finish(response)
            // By now the answer's frame is counted, which holds a copy.
            return memory.release(counted)
        }
        settle()
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

    private func available(upTo limit: Int) -> Int {
        var total = 0
        for target in targets where total < limit {
            guard case .success(let partition) = target.partition else { continue }
            if limit == 1 {
                total += partition.log.view.endOffset > target.asked.fetchOffset ? 1 : 0
            } else {
                // What cannot be read is found out, and told, when it is read.
                total += (try? partition.log.availableBytes(from: target.asked.fetchOffset, atMost: limit)) ?? limit
            }
        }
        return total
    }

    // MARK: Reading

    /// - Parameter counted: what of the memory was taken for the bytes read.
    private func read(_ counted: inout Int) -> [FetchResponse.Partition]? {
        if state.withLock({ $0.isCancelled }) { return nil }
        var left = limits.maxBytes
        var isFirst = true
        return targets.map { target in
            // However much clients ask for, many at a time must not fill the memory.
            let most = min(left, Int(max(0, target.asked.maxBytes)))
            let limit = memory.take(upTo: most, atLeast: isFirst ? Self.leastBytes : 0)
            let answer = read(target, limit: limit, evenIfLarger: isFirst)
            let bytes = answer.records?.readableBytes ?? 0
            if bytes < limit { memory.release(limit - bytes) } else { memory.add(bytes - limit) }
            counted += bytes
            if bytes > 0 { isFirst = false }
            left = max(0, left - bytes)
            return answer
        }
    }

    /// - Parameter evenIfLarger: the first batch of the whole answer is returned even when it is larger than all limits,
    ///   or the consumer could never go on (KIP-74).
    private func read(_ target: Target, limit: Int, evenIfLarger: Bool) -> FetchResponse.Partition {
        let index = target.asked.index
        let partition: Partition
        switch target.partition {
        case .failure(let code): return FetchResponse.Partition(index: index, errorCode: code, records: ByteBuffer())
        case .success(let found): partition = found
        }
        if partition.isDeleted {
            return FetchResponse.Partition(index: index, errorCode: .unknownTopicOrPartition, records: ByteBuffer())
        }
        let view = partition.log.view
        var answer = FetchResponse.Partition(
            index: index, highWatermark: view.endOffset, lastStableOffset: view.endOffset,
            logStartOffset: view.startOffset,
            // There are no transactions yet, so none was aborted.
            abortedTransactions: limits.isolation == .readCommitted ? [] : nil, records: ByteBuffer())
        do throws(LogError) {
            let slice = try partition.log.slice(from: target.asked.fetchOffset, maxBytes: limit)
            guard let slice, slice.byteCount <= limit || evenIfLarger else { return answer }
            answer.records = try read(slice)
        } catch {
            if case .offsetOutOfRange = error {
                answer.errorCode = .offsetOutOfRange
                return answer
            }
            logger.error("cannot read \(partition.topic)-\(index) at \(target.asked.fetchOffset): \(error)")
            answer.errorCode = .kafkaStorageError
        }
        return answer
    }

    /// The slice's bytes, without the cut batch that may be at its end.
    private func read(_ slice: LogSlice) throws(LogError) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(slice.byteCount)
        do throws(FileError) {
            try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: slice.byteCount) {
                (bytes) throws(FileError) -> Int in
                try unsafe slice.read(into: bytes)
            }
        } catch {
            throw .file(error)
        }
        let whole = RecordBatchHeader.wholeBatches(in: buffer.readableBytesSpan)
        buffer.moveWriterIndex(to: buffer.readerIndex + whole)
        return buffer
    }
}
