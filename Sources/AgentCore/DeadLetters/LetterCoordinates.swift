internal import FileAccess
internal import KafkaClient
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Which records a dead letter has: where its first one stands in the batch that was sent; and what the broker said of
/// them. In a letter's file this takes the key's place: u64 tag, u32 position, big-endian, and text to the end; letters of
/// earlier versions have no text, or nothing at all.
struct LetterCoordinates: Hashable, Sendable {
    var tag: BatchTag
    /// How many records of the batch are before it.
    var position: Int
    /// What the broker said besides its error code.
    var message: String?

    init(tag: BatchTag, position: Int, message: String?) {
        self.tag = tag
        self.position = position
        self.message = message
    }

    /// In bytes: who writes longer ones is cut short.
    private static let longestMessage = 1000

    private static let size = 12

    init?(key: [UInt8]) {
        guard key.count >= Self.size else { return nil }
        let bytes = key.rawBytes
        tag = BatchTag(value: bytes.bigEndian(UInt64.self, at: 0))
        position = Int(bytes.bigEndian(UInt32.self, at: 8))
        if key.count > Self.size { message = String(decoding: key[Self.size...], as: UTF8.self) }
    }

    var key: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(tag.value)
        bytes.appendBigEndian(UInt32(clamping: position))
        // A broker's text may hold anything; what is shown is one line.
        bytes += (message ?? "").utf8.prefix(Self.longestMessage).map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }
        return bytes
    }
}

extension DeadLetters {
    /// What the journal was not told any more: an earlier life kept letters of batches that are open, and ended before their
    /// records were noted as settled. Without the note they would be sent, refused and kept a second time.
    ///
    /// Letters are looked at from the newest on, back to the time of the oldest open batch: a letter is younger than
    /// its batch. That also tells it from one of another journal's batch with the same tag.
    func settled(of open: [UInt64: JournalState.OpenBatch]) throws(FileError) -> [JournalEntry] {
        guard let oldest = open.values.map(\.timestamp).min() else { return [] }
        var through: [UInt64: Int] = [:]
        for place in [directory, replayDirectory] {
            for file in try Self.files(in: place, fileSystem).reversed() {
                guard let bytes = try? fileSystem.readWhole(file.path, limit: SpoolEntry.prefix + SpoolEntry.sizeLimit),
                    let letter = SpoolEntry(bytes.rawBytes)
                else { continue }
                if letter.written < oldest { break }
                guard let at = LetterCoordinates(key: letter.key), let batch = open[at.tag.value],
                    batch.place.topic == letter.topic, batch.place.partition == letter.partition,
                    letter.written >= batch.timestamp
                else { continue }
                let end = at.position + letter.batch.recordCount
                guard end > batch.position, end <= batch.position + batch.records else { continue }
                through[at.tag.value] = max(through[at.tag.value] ?? 0, end)
            }
        }
        return through.sorted { $0.key < $1.key }.map { .settled(tag: $0.key, through: $0.value) }
    }
}
