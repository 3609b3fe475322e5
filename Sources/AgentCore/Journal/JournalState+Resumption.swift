internal import KafkaClient
internal import RecordBatches

extension JournalState {
    /// What the producer has to begin with.
    ///
    /// - Parameter batches: the open batches as far as they could be built again, in the order of their tags.
    func resumption(_ batches: [(tag: UInt64, batch: SealedBatch?)]) -> ProducerResumption {
        var open: [TopicPartition: [PartitionResumption.Batch]] = [:]
        for (tag, batch) in batches {
            guard let known = self.batches[tag], known.records > 0 else { continue }
            open[known.place, default: []].append(
                PartitionResumption.Batch(
                    tag: tag, identity: known.identity, position: known.position,
                    firstSequence: known.firstSequence, recordCount: known.records, batch: batch,
                    firstSent: known.timestamp))
        }
        let left = partitions.compactMap { place, partition -> PartitionResumption? in
            // Nothing more will be sent under an identity that is not trusted, or was given up.
            if partition.identity.id != identity?.id && open[place] == nil { return nil }
            return PartitionResumption(
                place: place, identity: partition.identity, nextSequence: partition.nextSequence,
                settledSequence: partition.settledSequence, topicID: partition.topicID, batches: open[place] ?? [])
        }
        return ProducerResumption(clusterID: clusterID, identity: identity, partitions: left)
    }
}
