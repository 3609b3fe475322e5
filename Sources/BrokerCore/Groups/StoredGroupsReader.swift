internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches

/// Reads a log of groups from its beginning to its end. What is damaged is left out, counted and told; the rest counts.
struct StoredGroupsReader {
    private static let bytesAtOnce = 1 << 20

    private(set) var stored = StoredGroups()
    /// Places where a batch or a record could not be read.
    private(set) var damaged = 0
    /// Records of kinds that are not ours.
    private(set) var foreign = 0
    private let log: LogReader
    private let logger: Logger

    init(_ log: LogReader, logger: Logger) {
        self.log = log
        self.logger = logger
    }

    mutating func read() {
        let view = log.view
        var offset = view.startOffset
        while offset < view.endOffset {
            do throws(LogError) {
                guard let slice = try log.slice(from: offset, maxBytes: Self.bytesAtOnce) else { break }
                offset = max(offset + 1, try apply(slice, from: offset))
            } catch {
                tell("\(error)", at: offset)
                // What follows in this segment cannot be found; the next can.
                guard let next = view.segments.map(\.baseOffset).first(where: { $0 > offset }) else { break }
                offset = next
            }
        }
        if foreign > 0 { logger.notice("\(TopicName.offsets): left \(foreign) records of other kinds alone") }
        logger.info(
            "groups loaded",
            metadata: ["groups": "\(stored.groups.count)", "offsets": "\(stored.offsets.count)"])
    }

    /// - Returns: the offset to go on at.
    private mutating func apply(_ slice: LogSlice, from start: Offset) throws(LogError) -> Offset {
        var buffer = ByteBuffer()
        do throws(FileError) {
            try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: slice.byteCount) {
                (bytes) throws(FileError) -> Int in
                try unsafe slice.read(into: bytes)
            }
        } catch {
            throw .file(error)
        }
        let bytes = [UInt8](buffer.readableBytesView)
        let end = RecordBatchHeader.wholeBatches(in: bytes.rawBytes)
        var position = 0
        var offset = start
        while position < end {
            let rest = bytes.rawBytes.extracting(position..<end)
            guard let header = try? RecordBatchHeader(parsing: rest), header.totalBytes <= rest.byteCount else { break }
            apply(rest, at: header.baseOffset)
            position += header.totalBytes
            offset = max(offset, header.nextOffset)
        }
        return offset
    }

    private mutating func apply(_ batch: RawSpan, at offset: Offset) {
        do throws(BatchError) {
            let contents = try RecordBatchContents(batch)
            // A transaction's end: nothing of it is a record of ours.
            if contents.header.attributes.isControl { return }
            for record in try contents.records() { apply(record, contents.payload) }
        } catch {
            tell("\(error)", at: offset)
        }
    }

    private mutating func apply(_ record: RecordBatchContents.Record, _ payload: [UInt8]) {
        guard let key = record.key else { return tell("a record without a key", at: record.offset) }
        do throws(WireError) {
            let value = record.value.map { ByteBuffer(bytes: payload[$0]) }
            guard let parsed = try GroupRecord(key: ByteBuffer(bytes: payload[key]), value: value) else {
                foreign += 1
                return
            }
            stored.apply(parsed)
        } catch {
            tell("\(error)", at: record.offset)
        }
    }

    private mutating func tell(_ problem: String, at offset: Offset) {
        damaged += 1
        // A log that is damaged all over must not fill the disk with what is said of it.
        guard damaged <= 100 else { return }
        logger.error("\(TopicName.offsets)-0, offset \(offset), is left out: \(problem)")
    }
}
