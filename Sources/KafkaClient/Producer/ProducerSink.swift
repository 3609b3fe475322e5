package import KafkaProtocol
package import Primitives
package import RecordBatches

/// Where a producer tells what became of the batches. Called on the producer's event loop: to be quick, and thread-safe.
///
/// Settlements come in the order of `enqueue` per partition. A refusal comes when all before it is settled, was told as
/// refused, or is stored under an earlier producer id; so several may be told before the first is kept.
package protocol ProducerSink: Sendable {
    /// No more is to come about a tag: each of its records is stored as safely as acks=all promises, or was told by
    /// `onRefused` before. Comes exactly once per tag.
    func onSettled(_ settlement: BatchSettlement)
    /// Some records of a tag, or all of them, will never be stored. Later records go on.
    ///
    /// - Parameter kept: to be called once, from any thread, when this need not be told again after a crash: the records
    ///   are safe elsewhere, and the journal knows it. The producer gives no sequence to others, and tells nothing more of
    ///   the partition, before.
    func onRefused(_ refusal: BatchRefusal, kept: @escaping @Sendable () -> Void)
    /// The identity that new partitions begin with from now on, told before the first batch under it leaves.
    func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?)
    /// The cluster's id was heard of first, or is another one: to be kept for `ProducerResumption.clusterID`.
    func onCluster(_ clusterID: String)
    /// Something that nobody could prevent, and that somebody should know of.
    func onIncident(_ incident: ProducerIncident)
    /// A topic that is written to has so many partitions now: at the first answer, when that changes, and before anything
    /// is refused as `placeIsGone`. Fewer than before only where it is another topic of that name.
    func onTopic(_ topic: String, partitions: Int)
}

extension ProducerSink {
    package func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?) {}
    package func onCluster(_ clusterID: String) {}
    package func onIncident(_ incident: ProducerIncident) {}
    package func onTopic(_ topic: String, partitions: Int) {}
}

/// The end of a tag.
package struct BatchSettlement: Sendable, Equatable {
    package var tag: UInt64
    package var place: TopicPartition
    /// Records that are stored; the others of the tag were refused.
    package var storedRecords: Int64
    /// Of the first record stored; nil where the broker only said that it has it.
    package var baseOffset: Offset?
}

/// Records that are given up, which are all of a tag's or a piece.
package struct BatchRefusal: Sendable {
    package enum Reason: Sendable, Equatable {
        /// The broker will never take them.
        case refused(ErrorCode)
        /// The broker does not have them, and they could not be made again from their source.
        case sourceIsGone
        /// The partition is gone for good, with what it had of them: its topic was made anew with fewer, or was deleted and
        /// nobody waits for it (`release`). They may go to another place, where nothing of them can be double.
        case placeIsGone
    }

    package var tag: UInt64
    package var place: TopicPartition
    /// How many records of the tag lie before these; all of those are settled.
    package var position: Int
    package var recordCount: Int
    package var reason: Reason
    /// A batch of just these records; nil for `sourceIsGone`.
    package var batch: SealedBatch?
    /// What the broker said with the error code; nil where it said nothing.
    package var message: String?
}

package enum ProducerIncident: Sendable, Equatable {
    /// So many records may be in the topic twice.
    case mayBeDoubled(TopicPartition, records: Int64)
    /// The broker no longer has so many records that it had acknowledged.
    case lostByBroker(TopicPartition, records: Int64)
    /// Somebody sent more under this producer's identity than its journal knows of: the journal was restored from a backup,
    /// or copied. The partition goes on under a fresh identity.
    case stateIsOld(TopicPartition)
    /// The topic was deleted and made again; what was not settled is sent to the new one.
    case topicIsAnother(TopicPartition)
    /// The addresses lead to another cluster now; everything goes on there under a fresh identity.
    case clusterIsAnother(was: String, now: String)
}
