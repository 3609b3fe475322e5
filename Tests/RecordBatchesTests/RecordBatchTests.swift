import Primitives
import RecordBatches
import Testing

private func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { $0 < 0x60 ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func contents(_ bytes: [UInt8], limit: Int = 1 << 20) throws(BatchError) -> RecordBatchContents {
    try RecordBatchContents(bytes.rawBytes, limit: limit)
}

private func check(_ bytes: [UInt8]) throws(BatchError) -> RecordBatchHeader {
    try RecordBatchHeader(checking: bytes.rawBytes)
}

private func append(_ builder: RecordBatchBuilder, key: String?, value: [UInt8], at time: Int64) -> Bool {
    let timestamp = Timestamp(milliseconds: time)
    guard let key else { return builder.append(key: nil, value: value.rawBytes, timestamp: timestamp) }
    let keyBytes = Array(key.utf8)
    return builder.append(key: keyBytes.rawBytes, value: value.rawBytes, timestamp: timestamp)
}

@Suite struct ForeignBatchTests {
    @Test(arguments: [(GoldenBatches.none, "none"), (GoldenBatches.gzip, "gzip"), (GoldenBatches.lz4, "lz4")])
    func `a batch that kafka-python built is read, record by record`(hex: String, codec: String) throws {
        let batch = try contents(bytes(hex: hex))
        #expect(batch.header.attributes.codec?.name == codec)
        #expect(batch.header.producerID == ProducerID(4711))
        #expect(batch.header.producerEpoch == ProducerEpoch(3))
        #expect(batch.header.baseSequence == SequenceNumber(77))
        #expect(batch.header.lastSequence == SequenceNumber(79))
        #expect(batch.header.maxTimestamp == Timestamp(milliseconds: 1_700_000_000_005))

        let records = try batch.records()
        #expect(records.map(\.offset.value) == [0, 1, 2])
        #expect(records.map(\.timestamp.milliseconds) == [1_700_000_000_000, 1_700_000_000_005, 1_699_999_999_990])
        let texts = records.map { record in
            [record.key, record.value].map { range in range.map { String(decoding: batch.payload[$0], as: UTF8.self) } }
        }
        #expect(
            texts == [["host:/var/log/a.log", "first line"], [nil, String(repeating: "x", count: 400)], ["k", nil]])
        #expect(
            records[1].headers.map { String(decoding: batch.payload[$0.key], as: UTF8.self) } == ["truncated", "none"])
        #expect(records[1].headers.map { $0.value == nil } == [false, true])
    }

    @Test func `our uncompressed batch is the same, byte for byte, as kafka-python's`() throws {
        let golden = bytes(hex: GoldenBatches.none)
        let builder = RecordBatchBuilder(limit: 1 << 20)
        let first = append(builder, key: "host:/var/log/a.log", value: Array("first line".utf8), at: 1_700_000_000_000)
        #expect(first)
        let single = builder.seal(
            with: try BatchCompressor(.none), producerID: ProducerID(4711), producerEpoch: ProducerEpoch(3),
            baseSequence: SequenceNumber(77))
        let theirs = try contents(golden)
        let ours = try contents(single.bytes)
        #expect(Array(theirs.payload.prefix(ours.payload.count)) == ours.payload)
        // The header, through our own encoder.
        #expect(theirs.header.encoded() == Array(golden.prefix(RecordBatchHeader.byteCount)))
    }
}

@Suite struct OwnBatchTests {
    private func line(_ number: Int) -> [UInt8] {
        Array("10.0.0.\(number % 256) - - \"GET /item/\(number &* 2_654_435_761) HTTP/1.1\" 200".utf8)
    }

    @Test(arguments: [CompressionCodec.none, .lz4, .gzip])
    func `what is put in comes out, in order, batch after batch`(codec: CompressionCodec) throws {
        let builder = RecordBatchBuilder(limit: 20_000)
        let compressor = try BatchCompressor(codec)
        var next = 0
        for _ in 0..<3 {
            let start = next
            while append(builder, key: "k", value: line(next), at: Int64(next)) { next += 1 }
            let batch = builder.seal(with: compressor)
            #expect(batch.recordCount == next - start)
            #expect(batch.uncompressedBytes <= 20_000)
            #expect(batch.header.attributes.codec == codec)
            let read = try contents(batch.bytes)
            let values = try read.records().map { Array(read.payload[$0.value!]) }
            #expect(values == (start..<next).map(line))
        }
    }

    @Test func `bytes that do not shrink are sent uncompressed, and never outgrow the limit that Kafka sets`() throws {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<999_900).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for codec in [CompressionCodec.lz4, .gzip] {
            let builder = RecordBatchBuilder(limit: 1_000_000)
            let added = append(builder, key: nil, value: noise, at: 0)
            #expect(added)
            let batch = builder.seal(with: try BatchCompressor(codec))
            #expect(batch.header.attributes.codec == CompressionCodec.none)
            #expect(batch.bytes.count < 1_048_588)
        }
    }

    @Test func `a record larger than the limit makes a batch of its own`() throws {
        let builder = RecordBatchBuilder(limit: 100)
        let added = append(builder, key: nil, value: [UInt8](repeating: 7, count: 5000), at: 0)
        #expect(added)
        let second = append(builder, key: nil, value: [1], at: 0)
        #expect(!second)
        let read = try contents(builder.seal(with: try BatchCompressor(.lz4)).bytes)
        #expect(try read.records().count == 1)
    }

    @Test func `a restamped batch carries the new producer fields and a right checksum`() throws {
        let builder = RecordBatchBuilder(limit: 100)
        _ = append(builder, key: nil, value: [1, 2, 3], at: 0)
        var batch = builder.seal(with: try BatchCompressor(.lz4))
        batch.stamp(producerID: ProducerID(9), epoch: ProducerEpoch(1), baseSequence: SequenceNumber(42))
        let header = try check(batch.bytes)
        #expect(header.producerID == ProducerID(9))
        #expect(header.baseSequence == SequenceNumber(42))
        #expect(header == batch.header)
    }
}

@Suite struct DamagedBatchTests {
    @Test(arguments: [GoldenBatches.none, GoldenBatches.gzip, GoldenBatches.lz4])
    func `a batch cut at any length is refused`(hex: String) {
        let whole = bytes(hex: hex)
        for length in 0..<whole.count {
            #expect(throws: BatchError.self) { try contents(Array(whole.prefix(length))) }
        }
    }

    @Test(arguments: [GoldenBatches.none, GoldenBatches.gzip, GoldenBatches.lz4])
    func `a flipped bit is noticed wherever the checksum counts, and never crashes elsewhere`(hex: String) {
        let whole = bytes(hex: hex)
        for bit in 0..<whole.count * 8 {
            var damaged = whole
            damaged[bit / 8] ^= 1 << (bit % 8)
            let refused = (try? check(damaged)) == nil
            if bit / 8 >= 16 { #expect(refused, "bit \(bit)") }
        }
    }

    @Test func `damage behind a right checksum is an error, not a crash`() {
        var generator = SystemRandomNumberGenerator()
        for hex in [GoldenBatches.none, GoldenBatches.gzip, GoldenBatches.lz4] {
            let whole = bytes(hex: hex)
            for _ in 0..<3000 {
                var damaged = whole
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    damaged[Int.random(in: 61..<damaged.count, using: &generator)] = .random(
                        in: 0...255, using: &generator)
                }
                damaged.setBigEndian(CRC32C.of(damaged.rawBytes.extracting(21..<damaged.count)), at: 17)
                // Either the records are refused or all of them are there: nothing else is an answer.
                if let read = try? contents(damaged), let records = try? read.records() {
                    #expect(records.count == 3)
                }
            }
        }
    }

    /// The base offset lies outside of the checksum, so anybody can have set it.
    @Test(arguments: [Int64.max, .max - 1, .min, .min + 1, -1])
    func `a base offset from which no offsets can be counted is an error, not a crash`(base: Int64) {
        for hex in [GoldenBatches.none, GoldenBatches.lz4] {
            var damaged = bytes(hex: hex)
            for index in 0..<8 { damaged[index] = UInt8(truncatingIfNeeded: base >> Int64(56 - 8 * index)) }
            do {
                let read = try contents(damaged)
                #expect(try read.records().last?.offset == read.header.lastOffset)
                #expect(read.header.nextOffset.value > base)
            } catch {
                #expect("\(error)".contains("offset"), "\(error)")
                #expect(base > 0)
            }
        }
    }

    @Test func `a few bytes that claim to be gigabytes are refused at the reader's limit`() throws {
        let builder = RecordBatchBuilder(limit: 1 << 26)
        _ = append(builder, key: nil, value: [UInt8](repeating: 0, count: 1 << 25), at: 0)
        for codec in [CompressionCodec.lz4, .gzip] {
            let batch = builder.isEmpty ? nil : builder.seal(with: try BatchCompressor(codec))
            if let batch {
                #expect(batch.bytes.count < 1 << 19)
                #expect(throws: BatchError.tooLarge(limit: 1 << 20)) { try contents(batch.bytes, limit: 1 << 20) }
            }
            _ = append(builder, key: nil, value: [UInt8](repeating: 0, count: 1 << 25), at: 0)
        }
    }
}
