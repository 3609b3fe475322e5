internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// One thing that the journal remembers.
enum JournalEntry: Sendable, Equatable {
    /// How far a file is acknowledged, and all that is known of it.
    case file(FileCheckpoint)
    /// A file that is done with.
    case retired(TailedFileID)
    /// A source was started.
    case source(String)
    /// Where a file's records go, for all its life.
    case placement(TailedFileID, TopicPartition)
    case sourcePlacement(String, TopicPartition)
    case identity(ProducerIdentity)
    case cluster(String)
    case anchor(StateAnchor)
    /// A batch got its sequences: it may be sent from now on.
    case batch(tag: UInt64, JournalState.OpenBatch, topicID: TopicID?)
    /// An open batch got others.
    case renumbered(tag: UInt64, JournalState.Numbers, topicID: TopicID?)
    /// Of an open batch so many records, from the first on, are stored, or were refused and are kept as dead letters.
    case settled(tag: UInt64, through: Int)
    /// Batches that are acknowledged, or refused and kept: their source may go.
    case answered([UInt64])
    case partition(TopicPartition, JournalState.Partition)
    case spooled(String, through: UInt64)
    case nextTag(UInt64)
}

// An entry in bytes: u8 kind, u32 length of what follows, and then, big-endian, by kind:
//
//      1 file              a FileCheckpoint as it encodes itself
//      2 retired           file id
//      3 source            text to the end
//      4 placement         file id, i32 partition, topic to the end
//      5 batch             u64 tag, numbers, topic id, place, i64 timestamp, origin
//      6 renumbered        u64 tag, numbers, topic id
//      7 answered          u64 tags to the end
//      8 identity          identity
//      9 cluster           text to the end
//     10 anchor            u64 inode, u8 has birth [i64 seconds, u32 nanoseconds], text: machine id to the end
//     11 partition         place, identity, i32 next sequence, i32 settled sequence or -1, topic id
//     12 spool             u64 ordinal, name to the end
//     13 source placement  place, source's name to the end
//     14 next tag          u64
//     15 settled           u64 tag, i32 records
//
//     file id   u64 high, u64 low          text      u16 length, bytes
//     identity  i64 id, i16 epoch          place     text: topic, i32 partition
//     numbers   identity, i32 position, i32 first sequence, i32 records
//     topic id  u64 high, u64 low; zero for none
//     origin    u8 1, u32 count, segments; or u8 2, u64 ordinal, text: spool
//     segment   file id, i64 start, i64 end, u16 guard length, u64 guard hash, u32 lines,
//               u8 flags: 1 ends without a newline, 2 long lines are truncated; u32 the most bytes of a line
//
// The kinds 1 to 4 are those of the journal's predecessor, the file `checkpoints`.

extension JournalEntry {
    var kind: UInt8 {
        switch self {
        case .file: 1
        case .retired: 2
        case .source: 3
        case .placement: 4
        case .batch: 5
        case .renumbered: 6
        case .answered: 7
        case .identity: 8
        case .cluster: 9
        case .anchor: 10
        case .partition: 11
        case .spooled: 12
        case .sourcePlacement: 13
        case .nextTag: 14
        case .settled: 15
        }
    }

    /// Appends the entry's bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.append(kind)
        let lengthAt = bytes.count
        bytes.appendBigEndian(UInt32(0))
        encodePayload(into: &bytes)
        bytes.setBigEndian(UInt32(bytes.count - lengthAt - 4), at: lengthAt)
    }

    private func encodePayload(into bytes: inout [UInt8]) {
        switch self {
        case .file(let checkpoint): bytes += checkpoint.encoded()
        case .retired(let id): bytes.append(id)
        case .source(let name): bytes += Array(name.utf8)
        case .placement(let id, let place):
            bytes.append(id)
            bytes.appendBigEndian(place.partition)
            bytes += Array(place.topic.utf8)
        case .batch(let tag, let batch, let topicID):
            bytes.appendBigEndian(tag)
            bytes.append(
                JournalState.Numbers(
                    identity: batch.identity, position: batch.position, firstSequence: batch.firstSequence,
                    records: batch.records))
            bytes.append(topicID)
            bytes.append(batch.place)
            bytes.appendBigEndian(batch.timestamp.milliseconds)
            bytes.append(batch.origin)
        case .renumbered(let tag, let numbers, let topicID):
            bytes.appendBigEndian(tag)
            bytes.append(numbers)
            bytes.append(topicID)
        case .settled(let tag, let through):
            bytes.appendBigEndian(tag)
            bytes.appendBigEndian(Int32(through))
        case .answered(let tags): for tag in tags { bytes.appendBigEndian(tag) }
        case .identity(let identity): bytes.append(identity)
        case .cluster(let id): bytes += Array(id.utf8)
        case .anchor(let anchor): bytes.append(anchor)
        case .partition(let place, let partition):
            bytes.append(place)
            bytes.append(partition.identity)
            bytes.appendBigEndian(partition.nextSequence.value)
            bytes.appendBigEndian(partition.settledSequence?.value ?? -1)
            bytes.append(partition.topicID)
        case .spooled(let name, let ordinal):
            bytes.appendBigEndian(ordinal)
            bytes += Array(name.utf8)
        case .sourcePlacement(let name, let place):
            bytes.append(place)
            bytes += Array(name.utf8)
        case .nextTag(let tag): bytes.appendBigEndian(tag)
        }
    }
}

extension Array where Element == UInt8 {
    fileprivate mutating func append(text: String) {
        precondition(text.utf8.count <= UInt16.max, "BUG: a name of \(text.utf8.count) bytes")
        appendBigEndian(UInt16(text.utf8.count))
        self += Array(text.utf8)
    }

    fileprivate mutating func append(_ id: TailedFileID) {
        appendBigEndian(id.high)
        appendBigEndian(id.low)
    }

    fileprivate mutating func append(_ place: TopicPartition) {
        append(text: place.topic)
        appendBigEndian(place.partition)
    }

    fileprivate mutating func append(_ identity: ProducerIdentity) {
        appendBigEndian(identity.id.value)
        appendBigEndian(identity.epoch.value)
    }

    fileprivate mutating func append(_ numbers: JournalState.Numbers) {
        append(numbers.identity)
        appendBigEndian(Int32(numbers.position))
        appendBigEndian(numbers.firstSequence.value)
        appendBigEndian(Int32(numbers.records))
    }

    fileprivate mutating func append(_ topicID: TopicID?) {
        appendBigEndian((topicID ?? .zero).high)
        appendBigEndian((topicID ?? .zero).low)
    }

    fileprivate mutating func append(_ anchor: StateAnchor) {
        appendBigEndian(anchor.inode)
        append(anchor.born == nil ? 0 : 1)
        if let born = anchor.born {
            appendBigEndian(born.seconds)
            appendBigEndian(UInt32(born.nanoseconds))
        }
        self += Array((anchor.machine ?? "").utf8)
    }

    fileprivate mutating func append(_ origin: BatchOrigin) {
        switch origin {
        case .files(let segments):
            append(1)
            appendBigEndian(UInt32(segments.count))
            for segment in segments { append(segment) }
        case .spool(let reference):
            append(2)
            appendBigEndian(reference.ordinal)
            append(text: reference.spool)
        }
    }

    private mutating func append(_ segment: SourceSegment) {
        let range = segment.range
        append(segment.file)
        appendBigEndian(range.start)
        appendBigEndian(range.end)
        appendBigEndian(UInt16(range.contentGuard.hash.length))
        appendBigEndian(range.contentGuard.hash.value)
        appendBigEndian(UInt32(range.lines))
        append((range.endsUnterminated ? 1 : 0) | (range.cut.longLines == .truncate ? 2 : 0))
        appendBigEndian(UInt32(range.cut.maximumLineBytes))
    }
}
