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
        /// nil from brokers that have no topic ids.
        var topicID: TopicID?
    }

    /// A batch that was given sequences, and is not known to be acknowledged.
    struct OpenBatch: Hashable, Sendable {
        var place: TopicPartition
        var identity: ProducerIdentity
        var firstSequence: SequenceNumber
        var records: Int
        /// The time of reading, which its records bear.
        var timestamp: Timestamp
        var origin: BatchOrigin
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
            advance(batch.place, batch.identity, batch.firstSequence, batch.records, topicID)
        case .renumbered(let tag, let identity, let first):
            guard var batch = batches[tag] else { return }
            batch.identity = identity
            batch.firstSequence = first
            batches[tag] = batch
            advance(batch.place, identity, first, batch.records, partitions[batch.place]?.topicID)
        case .answered(let tags): for tag in tags { batches[tag] = nil }
        case .partition(let place, let partition): partitions[place] = partition
        case .spooled(let name, let ordinal): spools[name] = ordinal
        case .nextTag(let tag): nextTag = max(nextTag, tag)
        }
    }

    private mutating func advance(
        _ place: TopicPartition, _ identity: ProducerIdentity, _ first: SequenceNumber, _ records: Int,
        _ topicID: TopicID?
    ) {
        partitions[place] = Partition(
            identity: identity, nextSequence: first.advanced(by: Int64(records)), topicID: topicID)
    }

    /// Entries that say the same as all that were ever applied.
    var snapshot: [JournalEntry] {
        var entries: [JournalEntry] = [.nextTag(nextTag)]
        if let anchor { entries.append(.anchor(anchor)) }
        if let clusterID { entries.append(.cluster(clusterID)) }
        if let identity { entries.append(.identity(identity)) }
        entries += sources.map { .source($0) }
        entries += files.values.map { .file($0) }
        entries += placements.filter { files[$0.key] != nil }.map { .placement($0.key, $0.value) }
        entries += sourcePlacements.map { .sourcePlacement($0.key, $0.value) }
        entries += spools.map { .spooled($0.key, through: $0.value) }
        entries += batches.sorted { $0.key < $1.key }.map {
            .batch(tag: $0.key, $0.value, topicID: partitions[$0.value.place]?.topicID)
        }
        // Behind the batches, each of which moves its partition's state.
        entries += partitions.map { .partition($0.key, $0.value) }
        return entries
    }

    /// Nothing is sent under the old identity any more, because its next sequence cannot be told for sure. Open batches
    /// keep the one that they were sent under, to be looked up.
    mutating func distrustSequences() {
        identity = nil
    }
}
