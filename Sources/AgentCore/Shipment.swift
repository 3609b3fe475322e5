internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches

/// Names a batch between the pipeline, the journal and the producer; not used again, by later lives either.
struct BatchTag: Hashable, Sendable {
    var value: UInt64
}

/// What carries batches to the cluster. It keeps their order per partition, tries for ever what can heal, and answers
/// each batch exactly once, by the message `acknowledged`, before which `refused`, `lost` or `takenBack` may come.
protocol Shipper: Sendable {
    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag)

    /// Nobody waits for these topics to be made again: should they be deleted, what is open for them is to come back by
    /// `takenBack`. In place of those of the last call.
    func release(topics: Set<String>)

    /// Bytes of batches that are not answered yet.
    var bytesHeld: Int { get }
}

/// What reaches the pipeline from outside of its thread.
enum PipelineMessage: Sendable {
    /// All records of the batch are stored, but for those that were told to be refused, or lost, before.
    case acknowledged(BatchTag)
    /// The cluster will never take some records of a batch.
    case refused(RefusedRecords)
    /// The cluster does not have a batch of an earlier life that could not be built again. `kept`: see `RefusedRecords`.
    case lost(BatchTag, kept: @Sendable () -> Void)
    /// The partition is gone for good, with all that it had of the batch. `kept`: see `RefusedRecords`.
    case takenBack(BatchTag, kept: @Sendable () -> Void)
    /// A topic is there, with so many partitions.
    case topic(String, partitions: Int)
    /// Why a topic is not there yet.
    case topicProblem(String, String)
    /// What became of the state directory.
    case directory(Journal.DirectoryNews)
    /// Something that nobody could prevent, told by the producer.
    case incident(ProducerIncident)
    /// A source of metrics has something.
    case sampled
    /// A person's question: answered at the next turn.
    case control(ControlTask)
    /// Read no more, have what is under way acknowledged, and end.
    case stop
}

/// Records that the cluster will never take.
struct RefusedRecords: Sendable {
    var tag: BatchTag
    var code: ErrorCode
    /// How many records of the batch that was sent are before them.
    var position: Int
    /// Of just these.
    var batch: SealedBatch
    /// What the broker said besides the code.
    var message: String?
    /// To be called, from any thread, when they are safe, and the journal knows that.
    var kept: @Sendable () -> Void
}

/// A number of records, and the bytes of input that they were made of.
struct RecordShare: Hashable, Sendable {
    var records = 0
    var bytes: Int64 = 0

    static func + (left: RecordShare, right: RecordShare) -> RecordShare {
        RecordShare(records: left.records + right.records, bytes: left.bytes + right.bytes)
    }

    static func - (left: RecordShare, right: RecordShare) -> RecordShare {
        RecordShare(records: left.records - right.records, bytes: left.bytes - right.bytes)
    }
}

/// Consecutive records of a batch that are of one source, and of one file.
struct BatchPart: Sendable {
    var source: String
    var share: RecordShare
    /// nil for input that is no file.
    var segment: SourceSegment?
    /// Where in the segment each record is, as far as that does not follow from its value.
    var extents = RecordExtents()
}

/// Some consecutive records of a batch's part.
struct RecordSlice: Sendable {
    /// Which part of the batch they are of.
    var part: Int
    var share: RecordShare
    /// Where they were read; nil for input that is no file.
    var range: (file: TailedFileID, start: Int64, end: Int64)?
}

/// A batch on its way.
struct Shipment: Sendable {
    var place: TopicPartition
    /// The time of reading.
    var timestamp: Timestamp
    /// In the order of the records; none of a batch that could not be built again.
    var parts: [BatchPart]
    /// What it came from, where that is no file.
    var spool: SpoolReference?
    /// What the producer has too: no memory besides. nil once it is answered, and where it could not be built again.
    var batch: SealedBatch?
    /// It could not be built again: only the cluster may have it.
    var isMissing = false
    /// It is missing, and the cluster has it not.
    var isLost = false
    /// Its place is gone, and it goes to another.
    var isTakenBack = false
    /// What the producer's work on it may take besides the batch itself: the request that it is copied into.
    var heldBytes = 0
    /// Records that were refused, by part.
    var refused: [Int: RecordShare] = [:]
    var isAnswered = false

    /// Those that its records are lines of, each once.
    var files: Set<TailedFileID> { Set(parts.compactMap { $0.segment?.file }) }

    var origin: BatchOrigin { spool.map { .spool($0) } ?? .files(parts.compactMap(\.segment)) }
}

extension SealedBatch {
    /// Bytes of each record's value; none where they cannot be told.
    var valueLengths: [Int] {
        let records = try? RecordBatchContents(bytes.rawBytes).records()
        return records?.map { $0.value?.count ?? 0 } ?? []
    }
}

extension Shipment {
    /// The records from `first` on, `count` of them, by part.
    ///
    /// - Parameter values: bytes of the value of each of the batch's records.
    func slices(from first: Int, count: Int, values: [Int]) -> [RecordSlice] {
        var found: [RecordSlice] = []
        var start = 0
        for (index, part) in parts.enumerated() {
            let records =
                max(start, first) - start..<max(start, first, min(start + part.share.records, first + count)) - start
            let partValues = values.dropFirst(start)
            start += part.share.records
            if records.isEmpty { continue }
            guard let segment = part.segment,
                let extent = part.extents.extent(of: records, from: segment.range.start, values: partValues)
            else {
                let bytes = part.share.bytes * Int64(records.count) / Int64(part.share.records)
                found.append(RecordSlice(part: index, share: RecordShare(records: records.count, bytes: bytes)))
                continue
            }
            found.append(
                RecordSlice(
                    part: index, share: RecordShare(records: records.count, bytes: extent.bytes),
                    range: (segment.file, extent.start, extent.end)))
        }
        return found
    }
}
