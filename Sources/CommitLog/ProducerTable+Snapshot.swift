internal import Primitives

// A snapshot of the producers, `<offset>.producers`: the state before the batch at that offset.
//
//     byte  size
//        0     4  CRC-32C of all that follows
//        4     2  version, 1
//        6     8  offset
//       14     4  number of producers, and for each:
//             8   producer id
//             2   epoch
//             8   last arrival, ms
//             8   sequences up to the last that are known without a gap
//             1   number of batches, at least 1, and for each:
//                 4 first sequence, 4 last sequence, 8 last offset, 8 timestamp
//
// All big-endian. A snapshot that does not read back is ignored: the state is rebuilt from an older one and the log.
extension ProducerTable {
    private static let version: Int16 = 1

    func snapshot(at offset: Offset) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0]
        bytes.appendBigEndian(Self.version)
        bytes.appendBigEndian(offset.value)
        bytes.appendBigEndian(Int32(producers.count))
        for (id, producer) in producers {
            bytes.appendBigEndian(id.value)
            bytes.appendBigEndian(producer.epoch.value)
            bytes.appendBigEndian(producer.lastArrival.milliseconds)
            bytes.appendBigEndian(producer.contiguous)
            bytes.append(UInt8(producer.window.count))
            for batch in producer.window {
                bytes.appendBigEndian(batch.firstSequence.value)
                bytes.appendBigEndian(batch.lastSequence.value)
                bytes.appendBigEndian(batch.lastOffset.value)
                bytes.appendBigEndian(batch.timestamp.milliseconds)
            }
        }
        bytes.setBigEndian(CRC32C.of(bytes.rawBytes.extracting(4..<bytes.count)), at: 0)
        return bytes
    }

    /// - Returns: nil where the bytes are not a snapshot at `offset`.
    init?(snapshot bytes: [UInt8], at offset: Offset) {
        let raw = bytes.rawBytes
        guard raw.byteCount >= 18, raw.bigEndian(UInt32.self, at: 0) == CRC32C.of(raw.extracting(4..<raw.byteCount)),
            raw.bigEndian(Int16.self, at: 4) == Self.version, raw.bigEndian(Int64.self, at: 6) == offset.value
        else { return nil }
        self.init()
        var position = 18
        for _ in 0..<max(0, raw.bigEndian(Int32.self, at: 14)) {
            guard raw.byteCount - position >= 27 else { return nil }
            let id = ProducerID(raw.bigEndian(Int64.self, at: position))
            let epoch = ProducerEpoch(raw.bigEndian(Int16.self, at: position + 8))
            let arrival = Timestamp(milliseconds: raw.bigEndian(Int64.self, at: position + 10))
            let contiguous = raw.bigEndian(Int64.self, at: position + 18)
            let count = Int(raw.byte(at: position + 26))
            position += 27
            guard count > 0, raw.byteCount - position >= count * 24 else { return nil }
            let window = (0..<count).map { index in
                let start = position + index * 24
                return AppendedBatch(
                    firstSequence: SequenceNumber(raw.bigEndian(Int32.self, at: start)),
                    lastSequence: SequenceNumber(raw.bigEndian(Int32.self, at: start + 4)),
                    lastOffset: Offset(raw.bigEndian(Int64.self, at: start + 8)),
                    timestamp: Timestamp(milliseconds: raw.bigEndian(Int64.self, at: start + 16)))
            }
            position += count * 24
            producers[id] = Producer(
                epoch: epoch, window: window, contiguous: contiguous, lastArrival: arrival)
        }
    }
}
