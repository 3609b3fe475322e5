internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches

/// The answer to a fetch, as far as it was read: one target after the other, so that who has to wait for the disk can
/// go on where it stopped.
struct FetchReading: Sendable {
    /// What a fetch may return even when the memory for answers in flight is used up.
    private static let leastBytes = 64 << 10

    private let isolation: IsolationLevel
    private let memory: MemoryBudget
    private let logger: Logger
    private var left: Int
    private var isFirst = true
    /// For each target that was read.
    private(set) var answers: [FetchResponse.Partition] = []
    /// What of the memory was taken for the bytes read; to be given back by whoever takes the answers, or drops them.
    private(set) var counted = 0

    init(_ limits: FetchOperation.Limits, memory: MemoryBudget, logger: Logger) {
        isolation = limits.isolation
        left = limits.maxBytes
        self.memory = memory
        self.logger = logger
    }

    /// Reads the next target.
    ///
    /// - Returns: false where that cannot be done without waiting for the disk. Nothing has changed then.
    mutating func read(_ target: FetchOperation.Target, _ patience: ReadPatience) -> Bool {
        // However much clients ask for, many at a time must not fill the memory.
        let most = min(left, Int(max(0, target.asked.maxBytes)))
        let limit = memory.take(upTo: most, atLeast: isFirst ? Self.leastBytes : 0)
        guard let answer = read(target, limit: limit, patience) else {
            memory.release(limit)
            return false
        }
        let bytes = answer.records?.readableBytes ?? 0
        if bytes < limit { memory.release(limit - bytes) } else { memory.add(bytes - limit) }
        counted += bytes
        if bytes > 0 { isFirst = false }
        left = max(0, left - bytes)
        answers.append(answer)
        return true
    }

    private func read(
        _ target: FetchOperation.Target, limit: Int, _ patience: ReadPatience
    ) -> FetchResponse.Partition? {
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
            abortedTransactions: isolation == .readCommitted ? [] : nil, records: ByteBuffer())
        do throws(LogError) {
            let slice = try partition.log.slice(from: target.asked.fetchOffset, maxBytes: limit, patience)
            // The first batch of the whole answer is returned even when it is larger than all limits, or the consumer
            // could never go on (KIP-74).
            guard let slice, slice.byteCount <= limit || isFirst else { return answer }
            answer.records = try read(slice)
        } catch {
            if error.needsWaiting { return nil }
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
