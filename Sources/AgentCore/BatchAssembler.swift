internal import DequeModule
internal import FileTailing
internal import Primitives
internal import RecordBatches

/// The batch that a partition's next records go into.
final class BatchAssembler {
    let topic: String
    let partition: Int32
    private let builder: RecordBatchBuilder
    /// When its first record came.
    private(set) var since: ContinuousClock.Instant?
    private var ends: [TailedFileID: Int64] = [:]
    /// Consecutive lines are mostly of one file: its end is put into `ends` when another file comes.
    private var lastFile: TailedFileID?
    private var lastEnd: Int64 = 0
    /// Batches of the partition that are under way, the oldest first: up to there files are acknowledged.
    var underWay: Deque<BatchTag> = []

    init(topic: String, partition: Int32, limit: Int) {
        self.topic = topic
        self.partition = partition
        builder = RecordBatchBuilder(limit: limit)
    }

    var isEmpty: Bool { builder.isEmpty }
    var heldBytes: Int { builder.heldBytes }

    /// - Parameter end: behind the line, in its file.
    /// - Returns: false where the batch is full: seal it, and add the line again.
    func add(
        key: RawSpan, line: RawSpan, timestamp: Timestamp, headers: RecordHeaders?, file: TailedFileID,
        end: Int64
    ) -> Bool {
        guard builder.append(key: key, value: line, timestamp: timestamp, headers: headers) else { return false }
        if builder.recordCount == 1 { since = .now }
        if file != lastFile { moveOn(to: file) }
        lastEnd = end
        return true
    }

    /// A record that is of no file.
    func add(key: RawSpan, value: RawSpan, timestamp: Timestamp) -> Bool {
        guard builder.append(key: key, value: value, timestamp: timestamp) else { return false }
        if builder.recordCount == 1 { since = .now }
        return true
    }

    func seal(_ compressor: BatchCompressor) -> Shipment {
        moveOn(to: nil)
        let batch = builder.seal(with: compressor)
        defer {
            ends = [:]
            since = nil
        }
        return Shipment(
            topic: topic, partition: partition, records: batch.recordCount, ends: ends, batch: batch)
    }

    private func moveOn(to file: TailedFileID?) {
        if let lastFile { ends[lastFile] = lastEnd }
        lastFile = file
    }

    /// Gives the memory back while nothing comes.
    func rest() {
        if builder.isEmpty && builder.heldBytes > 0 { builder.releaseMemory() }
    }
}
