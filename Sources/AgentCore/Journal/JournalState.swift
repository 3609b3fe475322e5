internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// What the journal says, all entries taken together.
struct JournalState: Sendable, Equatable {
    /// What a producer left of a partition.
    struct Partition: Hashable, Sendable {
        var identity: ProducerIdentity
        /// Behind the last one that was ever given to a record.
        var nextSequence: SequenceNumber
        /// The last one under this identity that is known to be settled.
        var settledSequence: SequenceNumber?
        /// nil from brokers that have no topic ids.
        var topicID: TopicID?
    }

    /// A batch that was given sequences, and is not known to be acknowledged.
    struct OpenBatch: Hashable, Sendable {
        var place: TopicPartition
        var identity: ProducerIdentity
        /// So many of its records, from the first on, are settled.
        var position: Int
        /// Of the record at `position`.
        var firstSequence: SequenceNumber
        /// From `position` on.
        var records: Int
        /// The time of reading, which its records bear.
        var timestamp: Timestamp
        var origin: BatchOrigin

        var nextSequence: SequenceNumber { firstSequence.advanced(by: Int64(records)) }
    }

    /// What changes of an open batch when it gets other sequences.
    struct Numbers: Hashable, Sendable {
        var identity: ProducerIdentity
        var position: Int
        var firstSequence: SequenceNumber
        var records: Int
    }

    var files: [TailedFileID: FileCheckpoint] = [:]
    var placements: [TailedFileID: TopicPartition] = [:]
    /// Sources that were started at some time.
    var sources: Set<String> = []
    /// Where the records of sources that are no files go.
    var sourcePlacements: [String: TopicPartition] = [:]
    /// The one that new batches are sent under; nil to ask the cluster for one.
    var identity: ProducerIdentity?
    var clusterID: String?
    var partitions: [TopicPartition: Partition] = [:]
    var batches: [UInt64: OpenBatch] = [:]
    /// Per spool the ordinal up to which everything is done with.
    var spools: [String: UInt64] = [:]
    /// Never used for a batch.
    var nextTag: UInt64 = 0
    /// What the state directory was known by when the journal was last opened.
    var anchor: StateAnchor?

    mutating func apply(_ entry: JournalEntry) {
        switch entry {
        case .file(let checkpoint): files[checkpoint.id] = checkpoint
        case .retired(let id):
            files[id] = nil
            placements[id] = nil
        case .source(let name): sources.insert(name)
        case .placement(let id, let place): placements[id] = place
        case .sourcePlacement(let name, let place): sourcePlacements[name] = place
        case .identity(let new): identity = new
        case .cluster(let id): clusterID = id
        case .anchor(let new): anchor = new
        case .batch(let tag, let batch, let topicID):
            batches[tag] = batch
            nextTag = max(nextTag, tag &+ 1)
            advance(batch, topicID)
        case .renumbered(let tag, let numbers, let topicID):
            guard var batch = batches[tag] else { return }
            batch.identity = numbers.identity
            batch.position = numbers.position
            batch.firstSequence = numbers.firstSequence
            batch.records = numbers.records
            batches[tag] = batch
            advance(batch, topicID)
        case .settled(let tag, let through): settle(tag, through: through)
        case .answered(let tags): for tag in tags { answer(tag) }
        case .partition(let place, let partition): partitions[place] = partition
        case .spooled(let name, let ordinal): spools[name] = ordinal
        case .nextTag(let tag): nextTag = max(nextTag, tag)
        }
    }

    private mutating func advance(_ batch: OpenBatch, _ topicID: TopicID?) {
        let before = partitions[batch.place]
        partitions[batch.place] = Partition(
            identity: batch.identity, nextSequence: batch.nextSequence,
            settledSequence: before?.identity == batch.identity ? before?.settledSequence : nil,
            topicID: topicID ?? before?.topicID)
    }

    /// The first records of a batch are settled.
    private mutating func settle(_ tag: UInt64, through: Int) {
        guard var batch = batches[tag], through > batch.position else { return }
        let count = min(through - batch.position, batch.records)
        batch.position += count
        batch.firstSequence = batch.firstSequence.advanced(by: Int64(count))
        batch.records -= count
        batches[tag] = batch
    }

    private mutating func answer(_ tag: UInt64) {
        guard let batch = batches.removeValue(forKey: tag) else { return }
        if partitions[batch.place]?.identity == batch.identity {
            partitions[batch.place]?.settledSequence = batch.nextSequence.advanced(by: -1)
        }
    }

    /// Hands over entries that say the same as all that were ever applied, one by one: a list of them would take as much
    /// memory again as the state.
    func forEachEntry(_ body: (JournalEntry) -> Void) {
        body(.nextTag(nextTag))
        if let anchor { body(.anchor(anchor)) }
        if let clusterID { body(.cluster(clusterID)) }
        if let identity { body(.identity(identity)) }
        for name in sources { body(.source(name)) }
        for checkpoint in files.values { body(.file(checkpoint)) }
        for (id, place) in placements where files[id] != nil { body(.placement(id, place)) }
        for (name, place) in sourcePlacements { body(.sourcePlacement(name, place)) }
        for (name, ordinal) in spools { body(.spooled(name, through: ordinal)) }
        for (tag, batch) in batches.sorted(by: { $0.key < $1.key }) {
            body(.batch(tag: tag, batch, topicID: partitions[batch.place]?.topicID))
        }
        // Behind the batches, each of which moves its partition's state.
        for (place, partition) in partitions { body(.partition(place, partition)) }
    }

    /// Nothing is sent under the old identity any more, because its next sequence cannot be told for sure. Open batches
    /// keep the one that they were sent under, to be looked up.
    mutating func distrustSequences() {
        identity = nil
    }
}
