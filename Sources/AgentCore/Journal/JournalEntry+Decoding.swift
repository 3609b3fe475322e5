internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// Bytes that are no entry of the journal, though their checksum is right: another program wrote them.
struct JournalEntryError: Error, CustomStringConvertible {
    var description: String
}

extension JournalEntry {
    /// Reads the entry at `position`, and moves `position` behind it.
    init(_ bytes: RawSpan, at position: inout Int) throws(JournalEntryError) {
        guard bytes.byteCount - position >= 5 else { throw JournalEntryError(description: "an entry is cut off") }
        let kind = bytes.byte(at: position)
        let length = Int(bytes.bigEndian(UInt32.self, at: position + 1))
        position += 5
        guard bytes.byteCount - position >= length else {
            throw JournalEntryError(description: "an entry of \(length) bytes is cut off")
        }
        try self.init(kind: kind, bytes.extracting(position..<position + length))
        position += length
    }

    init(kind: UInt8, _ payload: RawSpan) throws(JournalEntryError) {
        var reader = EntryReader()
        self = try reader.entry(kind, payload)
        guard reader.position == payload.byteCount else {
            throw JournalEntryError(description: "bytes follow an entry of kind \(kind)")
        }
    }
}

/// Reads fields one after the other.
private struct EntryReader {
    var position = 0

    mutating func entry(_ kind: UInt8, _ bytes: RawSpan) throws(JournalEntryError) -> JournalEntry {
        switch kind {
        case 1:
            position = bytes.byteCount
            do throws(CheckpointError) {
                return .file(try FileCheckpoint(decoding: bytes))
            } catch {
                throw JournalEntryError(description: "\(error)")
            }
        case 2: return .retired(try fileID(bytes))
        case 3: return .source(try rest(bytes))
        case 4:
            let id = try fileID(bytes)
            let partition = try integer(Int32.self, bytes)
            return .placement(id, TopicPartition(topic: try rest(bytes), partition: partition))
        case 5: return try batch(bytes)
        case 6:
            return .renumbered(
                tag: try integer(UInt64.self, bytes), try numbers(bytes), topicID: try topicID(bytes))
        case 7:
            var tags: [UInt64] = []
            while position < bytes.byteCount { tags.append(try integer(UInt64.self, bytes)) }
            return .answered(tags)
        case 8: return .identity(try identity(bytes))
        case 9: return .cluster(try rest(bytes))
        case 10: return .anchor(try anchor(bytes))
        case 11:
            let place = try place(bytes)
            let identity = try identity(bytes)
            let next = try sequence(bytes)
            let settled = try sequence(bytes)
            return .partition(
                place,
                JournalState.Partition(
                    identity: identity, nextSequence: next, settledSequence: settled.value < 0 ? nil : settled,
                    topicID: try topicID(bytes)))
        case 12:
            let ordinal = try integer(UInt64.self, bytes)
            return .spooled(try rest(bytes), through: ordinal)
        case 13:
            let place = try place(bytes)
            return .sourcePlacement(try rest(bytes), place)
        case 14: return .nextTag(try integer(UInt64.self, bytes))
        case 15:
            return .settled(tag: try integer(UInt64.self, bytes), through: Int(try integer(Int32.self, bytes)))
        default:
            throw JournalEntryError(
                description: "an entry of kind \(kind), which this program does not know; use the program that wrote it"
            )
        }
    }

    private mutating func take(_ count: Int, _ bytes: RawSpan) throws(JournalEntryError) -> Int {
        guard count >= 0, bytes.byteCount - position >= count else {
            throw JournalEntryError(description: "a field is cut off")
        }
        defer { position += count }
        return position
    }

    private mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        _: Integer.Type, _ bytes: RawSpan
    ) throws(JournalEntryError) -> Integer {
        bytes.bigEndian(Integer.self, at: try take(MemoryLayout<Integer>.size, bytes))
    }

    private mutating func rest(_ bytes: RawSpan) throws(JournalEntryError) -> String {
        try text(bytes, count: bytes.byteCount - position)
    }

    private mutating func text(_ bytes: RawSpan) throws(JournalEntryError) -> String {
        try text(bytes, count: Int(try integer(UInt16.self, bytes)))
    }

    private mutating func text(_ bytes: RawSpan, count: Int) throws(JournalEntryError) -> String {
        let start = try take(count, bytes)
        guard let text = String(validating: Array(bytes.extracting(start..<start + count)), as: UTF8.self) else {
            throw JournalEntryError(description: "a name is no UTF-8")
        }
        return text
    }

    private mutating func fileID(_ bytes: RawSpan) throws(JournalEntryError) -> TailedFileID {
        TailedFileID(high: try integer(UInt64.self, bytes), low: try integer(UInt64.self, bytes))
    }

    private mutating func place(_ bytes: RawSpan) throws(JournalEntryError) -> TopicPartition {
        TopicPartition(topic: try text(bytes), partition: try integer(Int32.self, bytes))
    }

    private mutating func identity(_ bytes: RawSpan) throws(JournalEntryError) -> ProducerIdentity {
        ProducerIdentity(
            id: ProducerID(try integer(Int64.self, bytes)), epoch: ProducerEpoch(try integer(Int16.self, bytes)))
    }

    private mutating func sequence(_ bytes: RawSpan) throws(JournalEntryError) -> SequenceNumber {
        SequenceNumber(try integer(Int32.self, bytes))
    }

    private mutating func numbers(_ bytes: RawSpan) throws(JournalEntryError) -> JournalState.Numbers {
        let identity = try identity(bytes)
        let position = Int(try integer(Int32.self, bytes))
        let first = try sequence(bytes)
        let records = Int(try integer(Int32.self, bytes))
        // A batch of which all is settled stays open until that is told.
        guard position >= 0, records >= 0, position + records > 0, first.value >= 0 else {
            throw JournalEntryError(description: "a batch of \(records) records behind \(position)")
        }
        return JournalState.Numbers(identity: identity, position: position, firstSequence: first, records: records)
    }

    private mutating func topicID(_ bytes: RawSpan) throws(JournalEntryError) -> TopicID? {
        let id = TopicID(high: try integer(UInt64.self, bytes), low: try integer(UInt64.self, bytes))
        return id == .zero ? nil : id
    }

    private mutating func anchor(_ bytes: RawSpan) throws(JournalEntryError) -> StateAnchor {
        let inode = try integer(UInt64.self, bytes)
        var born: FileTime?
        if try integer(UInt8.self, bytes) != 0 {
            born = FileTime(
                seconds: try integer(Int64.self, bytes), nanoseconds: Int64(try integer(UInt32.self, bytes)))
        }
        let machine = try rest(bytes)
        return StateAnchor(inode: inode, born: born, machine: machine.isEmpty ? nil : machine)
    }

    private mutating func batch(_ bytes: RawSpan) throws(JournalEntryError) -> JournalEntry {
        let tag = try integer(UInt64.self, bytes)
        let numbers = try numbers(bytes)
        let topicID = try topicID(bytes)
        let place = try place(bytes)
        let timestamp = Timestamp(milliseconds: try integer(Int64.self, bytes))
        let batch = JournalState.OpenBatch(
            place: place, identity: numbers.identity, position: numbers.position,
            firstSequence: numbers.firstSequence, records: numbers.records, timestamp: timestamp,
            origin: try origin(bytes))
        return .batch(tag: tag, batch, topicID: topicID)
    }

    private mutating func origin(_ bytes: RawSpan) throws(JournalEntryError) -> BatchOrigin {
        switch try integer(UInt8.self, bytes) {
        case 1:
            let count = Int(try integer(UInt32.self, bytes))
            var segments: [SourceSegment] = []
            for _ in 0..<count { segments.append(try segment(bytes)) }
            return .files(segments)
        case 2:
            let ordinal = try integer(UInt64.self, bytes)
            return .spool(SpoolReference(spool: try text(bytes), ordinal: ordinal))
        case let kind: throw JournalEntryError(description: "a batch from a source of kind \(kind)")
        }
    }

    private mutating func segment(_ bytes: RawSpan) throws(JournalEntryError) -> SourceSegment {
        let file = try fileID(bytes)
        let start = try integer(Int64.self, bytes)
        let end = try integer(Int64.self, bytes)
        let hash = ContentHash(
            length: Int(try integer(UInt16.self, bytes)), value: try integer(UInt64.self, bytes))
        let lines = Int(try integer(UInt32.self, bytes))
        let flags = try integer(UInt8.self, bytes)
        let maximum = Int(try integer(UInt32.self, bytes))
        guard start >= 0, end >= start, lines > 0, maximum > 0, flags < 4 else {
            throw JournalEntryError(description: "a part of a file from \(start) to \(end) of \(lines) lines")
        }
        return SourceSegment(
            file: file,
            range: ReadRange(
                start: start, contentGuard: ContentGuard(end: end, hash: hash), lines: lines,
                endsUnterminated: flags & 1 != 0,
                cut: ReadRange.Cut(maximumLineBytes: maximum, longLines: flags & 2 != 0 ? .truncate : .split)))
    }
}
