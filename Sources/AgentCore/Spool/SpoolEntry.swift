internal import KafkaProtocol
internal import Primitives
internal import RecordBatches

/// A batch on disk, whole, with where it is to go and, for a dead letter, where it came from.
///
/// In bytes, big-endian; what stands in a spool is a sequence of these:
///
///      4  "TRS1"
///      4  length of what follows the checksum
///      4  CRC-32C of what follows
///      8  ordinal
///      …  source; topic                     each u16 length and text
///      4  partition, -1 where it follows from the key
///      …  key                               u16 length and bytes; of a dead letter its coordinates
///      8  time it was written, in milliseconds since 1970
///      2  error code of a dead letter, 0 for other batches
///      2  how many parts of files follow, which its records were read from; of each
///         8  from   8  to   …  path: u16 length and bytes
///      4  bytes of the records before compression
///      …  the batch
///
/// Recovery: what is no whole entry is passed over, up to the next that is.
struct SpoolEntry: Sendable {
    /// The part of a file that a dead letter's records were read from.
    struct FileRange: Hashable, Sendable {
        var path: [UInt8]
        var from: Int64
        var to: Int64
    }

    var ordinal: UInt64
    var source: String
    var topic: String
    /// nil where it follows from the key.
    var partition: Int32?
    var key: [UInt8]
    var written: Timestamp
    var error: ErrorCode
    var origins: [FileRange]
    var batch: SealedBatch

    /// Its records, as a batch is booked.
    var part: BatchPart {
        BatchPart(
            source: source, share: RecordShare(records: batch.recordCount, bytes: Int64(batch.uncompressedBytes)),
            segment: nil)
    }

    static let magic: UInt32 = 0x5452_5331
    static let prefix = 12
    /// No batch is larger: a single record of a megabyte with its key is far below.
    static let sizeLimit = 64 << 20

    func encoded() -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(batch.byteCount + 256)
        content.appendBigEndian(ordinal)
        content.append(field: Array(source.utf8))
        content.append(field: Array(topic.utf8))
        content.appendBigEndian(partition ?? -1)
        content.append(field: key)
        content.appendBigEndian(written.milliseconds)
        content.appendBigEndian(error.rawValue)
        content.appendBigEndian(UInt16(clamping: origins.count))
        for origin in origins.prefix(Int(UInt16.max)) {
            content.appendBigEndian(origin.from)
            content.appendBigEndian(origin.to)
            content.append(field: origin.path)
        }
        content.appendBigEndian(UInt32(batch.uncompressedBytes))
        content += batch.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count + Self.prefix)
        bytes.appendBigEndian(Self.magic)
        bytes.appendBigEndian(UInt32(content.count))
        bytes.appendBigEndian(CRC32C.of(content.rawBytes))
        return bytes + content
    }

    /// How many bytes the entry takes whose first bytes these are; nil where no entry begins.
    static func size(prefix bytes: RawSpan) -> Int? {
        guard bytes.byteCount >= prefix, bytes.bigEndian(UInt32.self, at: 0) == magic else { return nil }
        let length = Int(bytes.bigEndian(UInt32.self, at: 4))
        return length <= sizeLimit ? prefix + length : nil
    }

    /// - Returns: nil where these are not the bytes of one whole entry.
    init?(_ bytes: RawSpan) {
        guard Self.size(prefix: bytes) == bytes.byteCount else { return nil }
        let content = bytes.extracting(Self.prefix..<bytes.byteCount)
        guard CRC32C.of(content) == bytes.bigEndian(UInt32.self, at: 8) else { return nil }
        var reader = SpoolFieldReader()
        guard let ordinal = reader.integer(UInt64.self, content), let source = reader.field(content),
            let topic = reader.field(content), let partition = reader.integer(Int32.self, content),
            let key = reader.field(content), let written = reader.integer(Int64.self, content),
            let error = reader.integer(Int16.self, content), let count = reader.integer(UInt16.self, content)
        else { return nil }
        var origins: [FileRange] = []
        for _ in 0..<count {
            guard let from = reader.integer(Int64.self, content), let to = reader.integer(Int64.self, content),
                let path = reader.field(content)
            else { return nil }
            origins.append(FileRange(path: path, from: from, to: to))
        }
        guard let uncompressed = reader.integer(UInt32.self, content),
            let batch = try? SealedBatch(
                stored: content.extracting(reader.position..<content.byteCount), uncompressedBytes: Int(uncompressed))
        else { return nil }
        self.ordinal = ordinal
        self.source = String(decoding: source, as: UTF8.self)
        self.topic = String(decoding: topic, as: UTF8.self)
        self.partition = partition < 0 ? nil : partition
        self.key = key
        self.written = Timestamp(milliseconds: written)
        self.error = ErrorCode(rawValue: error)
        self.origins = origins
        self.batch = batch
    }

    init(
        ordinal: UInt64, source: String, topic: String, partition: Int32?, key: [UInt8], written: Timestamp,
        error: ErrorCode = .none, origins: [FileRange] = [], batch: SealedBatch
    ) {
        self.ordinal = ordinal
        self.source = source
        self.topic = topic
        self.partition = partition
        self.key = key
        self.written = written
        self.error = error
        self.origins = origins
        self.batch = batch
    }
}

private struct SpoolFieldReader {
    var position = 0

    mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        _: Integer.Type, _ bytes: RawSpan
    ) -> Integer? {
        guard bytes.byteCount - position >= MemoryLayout<Integer>.size else { return nil }
        defer { position += MemoryLayout<Integer>.size }
        return bytes.bigEndian(Integer.self, at: position)
    }

    mutating func field(_ bytes: RawSpan) -> [UInt8]? {
        guard let count = integer(UInt16.self, bytes), bytes.byteCount - position >= Int(count) else { return nil }
        defer { position += Int(count) }
        return Array(bytes.extracting(position..<position + Int(count)))
    }
}

extension Array where Element == UInt8 {
    fileprivate mutating func append(field: [UInt8]) {
        precondition(field.count <= UInt16.max, "BUG: a name of \(field.count) bytes")
        appendBigEndian(UInt16(field.count))
        self += field
    }
}
