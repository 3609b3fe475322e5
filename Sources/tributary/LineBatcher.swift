internal import KafkaClient
internal import Primitives
internal import RecordBatches

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Makes batches of standard input's lines.
///
/// A batch is sent when it is full, or when no more input has come for some milliseconds.
final class LineBatcher {
    enum Keying {
        case none
        case fixed([UInt8])
        case separated(by: [UInt8])
    }

    private let topic: String
    private let partitionCount: Int
    private let partition: Int32?
    private let keying: Keying
    private let producer: BatchProducer
    private let compressor: BatchCompressor
    private var builders: [Int: RecordBatchBuilder] = [:]
    /// Where records without a key go until their batch is full.
    private var turn = 0
    private var nextTag: UInt64 = 0
    private var partial: [UInt8] = []

    /// Uncompressed; below the million bytes that brokers take by default.
    private static let batchLimit = 900_000
    private static let heldLimit = 32 << 20
    private static let linger: CInt = 5

    init(
        topic: String, partitionCount: Int, partition: Int32?, key keying: Keying, codec: CompressionCodec,
        producer: BatchProducer
    ) throws {
        self.topic = topic
        self.partitionCount = partitionCount
        self.partition = partition
        self.keying = keying
        self.producer = producer
        self.compressor = try BatchCompressor(codec)
    }

    /// Reads to the end of the input. The last line needs no newline.
    func sendStandardInput() async throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            if !inputComes(within: Self.linger) { sealAll() }
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(0, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                throw StandardInputFailed(reason: unsafe String(cString: strerror(errno)))
            }
            if count == 0 { break }
            split(chunk.rawBytes.extracting(0..<count))
            while producer.bytesHeld > Self.heldLimit { try await Task.sleep(for: .milliseconds(2)) }
        }
        if !partial.isEmpty { add(partial.rawBytes) }
        sealAll()
    }

    /// - Returns: false where nothing came within `milliseconds`.
    private func inputComes(within milliseconds: CInt) -> Bool {
        var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&input, 1, milliseconds) != 0
    }

    private func split(_ bytes: RawSpan) {
        var start = 0
        while let end = newline(in: bytes, from: start) {
            if partial.isEmpty {
                add(bytes.extracting(start..<end))
            } else {
                partial.append(bytes.extracting(start..<end))
                add(partial.rawBytes)
                partial.removeAll(keepingCapacity: true)
            }
            start = end + 1
        }
        partial.append(bytes.extracting(start..<bytes.byteCount))
    }

    private func newline(in bytes: RawSpan, from start: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { all in
            guard start < all.count, let base = all.baseAddress,
                let found = unsafe memchr(base + start, 10, all.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private func add(_ line: RawSpan) {
        switch keying {
        case .none: put(key: nil, value: line)
        case .fixed(let key): put(key: key.rawBytes, value: line)
        case .separated(let separator):
            guard let place = find(separator, in: line) else { return put(key: nil, value: line) }
            put(
                key: line.extracting(0..<place), value: line.extracting((place + separator.count)..<line.byteCount))
        }
    }

    private func find(_ separator: [UInt8], in line: RawSpan) -> Int? {
        guard line.byteCount >= separator.count else { return nil }
        return (0...(line.byteCount - separator.count)).first { start in
            separator.indices.allSatisfy { line.byte(at: start + $0) == separator[$0] }
        }
    }

    private func put(key: RawSpan?, value: RawSpan) {
        let place: Int
        if let partition {
            place = Int(partition)
        } else if let key {
            place = defaultPartition(forKey: key, partitionCount: partitionCount)
        } else {
            place = turn
        }
        let builder = builders[place] ?? RecordBatchBuilder(limit: Self.batchLimit)
        builders[place] = builder
        let now = SystemWallClock().now()
        if builder.append(key: key, value: value, timestamp: now) { return }
        seal(builder, place)
        guard key != nil || partition != nil else { return put(key: nil, value: value) }
        _ = builder.append(key: key, value: value, timestamp: now)
    }

    private func seal(_ builder: RecordBatchBuilder, _ place: Int) {
        producer.enqueue(builder.seal(with: compressor), topic: topic, partition: Int32(place), tag: nextTag)
        nextTag += 1
        if place == turn { turn = (turn + 1) % partitionCount }
    }

    private func sealAll() {
        for (place, builder) in builders where !builder.isEmpty { seal(builder, place) }
    }
}

struct StandardInputFailed: Error {
    var reason: String
}
