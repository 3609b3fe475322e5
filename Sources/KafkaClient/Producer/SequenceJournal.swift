package import KafkaProtocol
package import Primitives
package import RecordBatches

/// Makes sequences durable before they are used, so that a producer can go on after its death where it was (KIP-98 alone
/// ends with the process).
package protocol SequenceJournal: Sendable {
    /// Takes the assignments of one partition, in the order in which the batches will be sent.
    ///
    /// Called on the producer's event loop: to be quick. `confirm` is to be called once, from any thread, when all of them
    /// are durable; until then none of them is sent. One call is one entry: after a crash either all of its assignments
    /// are there or none, and none of a later call without those of the earlier ones. An assignment replaces the earlier
    /// one of its tag. What cannot be written is tried again by the journal, or ends the process; it never gives up
    /// silently.
    func record(_ assignments: [SequenceAssignment], confirm: @escaping @Sendable () -> Void)
}

/// The sequences that a batch has got, or what is left of a batch.
package struct SequenceAssignment: Sendable, Equatable {
    package var tag: UInt64
    package var place: TopicPartition
    /// The topic's identity as last heard of; nil where it is not known, which changes nothing of what was recorded.
    package var topicID: TopicID?
    package var identity: ProducerIdentity
    /// So many of the tag's records, from its first on, are settled and have no part in this.
    package var position: Int
    /// Of the record at `position`.
    package var firstSequence: SequenceNumber
    /// From `position` to the tag's end.
    package var recordCount: Int

    /// What `PartitionResumption.nextSequence` is, as long as this is the newest assignment of its partition.
    package var nextSequence: SequenceNumber { firstSequence.advanced(by: Int64(recordCount)) }
}

/// What an earlier life of a producer left behind.
package struct ProducerResumption: Sendable {
    /// The cluster that all of this belongs to; nil where it never told its id.
    package var clusterID: String?
    /// For partitions that are not among `partitions`. nil: ask for one.
    package var identity: ProducerIdentity?
    /// Every partition that was ever used under an identity that may be used again, also where nothing is open.
    package var partitions: [PartitionResumption]

    package init(
        clusterID: String? = nil, identity: ProducerIdentity? = nil, partitions: [PartitionResumption] = []
    ) {
        self.clusterID = clusterID
        self.identity = identity
        self.partitions = partitions
    }
}

/// What an earlier life of a producer left of one partition: the newest assignment, and what is not settled.
package struct PartitionResumption: Sendable {
    package var place: TopicPartition
    /// Of the newest assignment; its epoch may differ from partition to partition.
    package var identity: ProducerIdentity
    /// Behind the newest assignment.
    package var nextSequence: SequenceNumber
    /// The last sequence under `identity` that is known to be settled; nil where none is. Only tells what a broker lost.
    package var settledSequence: SequenceNumber?
    /// nil where it was never known. Where the cluster's is another one, all is sent afresh.
    package var topicID: TopicID?
    /// Recorded and not settled, in the order of the assignments.
    package var batches: [Batch]

    package init(
        place: TopicPartition, identity: ProducerIdentity, nextSequence: SequenceNumber,
        settledSequence: SequenceNumber? = nil, topicID: TopicID? = nil, batches: [Batch] = []
    ) {
        self.place = place
        self.identity = identity
        self.nextSequence = nextSequence
        self.settledSequence = settledSequence
        self.topicID = topicID
        self.batches = batches
    }

    package struct Batch: Sendable {
        package var tag: UInt64
        /// Of its newest assignment. Where it is not the partition's, the batch was not renumbered because it was acknowledged
        /// (earlier epoch) or because the leader has it (other id).
        package var identity: ProducerIdentity
        /// As in the newest assignment.
        package var position: Int
        package var firstSequence: SequenceNumber
        package var recordCount: Int
        /// The whole batch as it was enqueued, or its records from `position` on; nil where it cannot be made again: then
        /// it is settled where the leader has it, and told as gone where the leader has it not.
        package var batch: SealedBatch?
        /// Not later than the first attempt to send it: the time of its first assignment, for instance.
        package var firstSent: Timestamp

        package init(
            tag: UInt64, identity: ProducerIdentity, position: Int = 0, firstSequence: SequenceNumber,
            recordCount: Int, batch: SealedBatch?, firstSent: Timestamp
        ) {
            self.tag = tag
            self.identity = identity
            self.position = position
            self.firstSequence = firstSequence
            self.recordCount = recordCount
            self.batch = batch
            self.firstSent = firstSent
        }
    }
}
