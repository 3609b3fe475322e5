internal import FileTailing
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches

/// Names a batch between the pipeline and the producer.
struct BatchTag: Hashable, Sendable {
    var value: UInt64
}

/// What carries batches to the cluster. It keeps their order per partition, tries for ever what can heal, and answers
/// each batch exactly once, through the messages `acknowledged` and `refused`.
protocol Shipper: Sendable {
    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag)

    /// Bytes of batches that are not answered yet.
    var bytesHeld: Int { get }
}

/// What reaches the pipeline from outside of its thread.
enum PipelineMessage: Sendable {
    case acknowledged(BatchTag)
    case refused(BatchTag, ErrorCode)
    /// A topic is there, with so many partitions.
    case topic(String, partitions: Int)
    /// A person's question: answered at the next turn.
    case control(ControlTask)
    /// Read no more, have what is under way acknowledged, and end.
    case stop
}

/// A batch on its way, with what of which file it holds.
struct Shipment {
    var topic: String
    var partition: Int32
    var records: Int
    /// Behind the last line of each file that is in the batch. Metrics have none.
    var ends: [TailedFileID: Int64]
    /// Kept until it is answered, for the dead letters; nil from then on.
    var batch: SealedBatch?

    var isAnswered: Bool { batch == nil }
    /// The producer stamps a copy of its own, so this is memory on top of what the producer holds.
    var heldBytes: Int { batch?.bytes.count ?? 0 }
}
