import FileAccess
import KafkaProtocol
import Logging
import NIOCore
import Primitives
import RecordBatches
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore

/// A broker on a directory of its own, asked through frames as a client would.
final class BrokerFixture: Sendable {
    let directory: FilePath
    let broker: Broker
    let scheduler = ManualScheduler()
    let clock = ManualClock()
    let client = ClientConnection(localAddress: BrokerAddress(host: "10.0.0.1", port: 9092), remote: "10.0.0.2:1")

    /// - Parameter directory: of an earlier broker, to go on with it.
    init(
        in directory: FilePath? = nil, fileSystem: any FileSystem = PosixFileSystem(),
        _ change: (inout BrokerConfiguration) -> Void = { _ in }
    ) throws {
        self.directory = directory ?? temporaryDirectory()
        var configuration = BrokerConfiguration(dataDirectory: self.directory)
        configuration.storageThreads = 2
        configuration.readerThreads = 2
        change(&configuration)
        broker = try Broker(
            configuration, fileSystem: fileSystem, clock: clock, scheduler: scheduler,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit {
        broker.stop()
        removeTree(directory)
    }

    /// Another broker, on a copy of the directory: of a broker that was stopped, or as after a crash.
    func restarted() throws -> BrokerFixture {
        let copy = temporaryDirectory()
        try copyTree(directory, copy)
        return try BrokerFixture(in: copy)
    }

    /// Hands a request in.
    func start<Request: KafkaRequest>(_ request: Request, version: Int16? = nil) -> Pending<Request> {
        let version = version ?? Request.lastVersionByName
        let pending = Pending<Request>(version: version)
        broker.handle(
            unframed(request.frame(version: version, correlationID: 7, clientID: "test")), from: client,
            reply: pending.put)
        return pending
    }

    func ask<Request: KafkaRequest>(_ request: Request, version: Int16? = nil) throws -> Request.Response {
        try start(request, version: version).response()
    }

    /// Hands bytes in, as the frame of a request without its length.
    func send(_ bytes: [UInt8]) throws -> Reply {
        let pending = Pending<ApiVersionsRequest>(version: 0)
        broker.handle(ByteBuffer(bytes: bytes), from: client, reply: pending.put)
        return try pending.reply()
    }

    func create(_ topic: String, partitions: Int32 = 1) throws {
        let response = try ask(
            CreateTopicsRequest(topics: [CreateTopicsRequest.Topic(name: topic, partitionCount: partitions)]))
        #expect(response.topics[0].errorCode == .none)
    }

    func produce(
        _ batch: [UInt8]?, to topic: String, _ partition: Int32 = 0, acknowledgements: Int16 = -1
    ) throws -> ProduceResponse.Partition {
        try ask(produceRequest(batch, to: topic, partition, acknowledgements: acknowledgements)).topics[0]
            .partitions[0]
    }
}

func produceRequest(
    _ batch: [UInt8]?, to topic: String, _ partition: Int32 = 0, acknowledgements: Int16 = -1
) -> ProduceRequest {
    ProduceRequest(
        acknowledgements: acknowledgements,
        topics: [
            ProduceRequest.Topic(
                name: topic,
                partitions: [
                    ProduceRequest.Partition(index: partition, records: batch.map { ByteBuffer(bytes: $0) })
                ])
        ])
}

/// A request without the length before it.
func unframed(_ frame: ByteBuffer) -> ByteBuffer {
    var frame = frame
    frame.moveReaderIndex(forwardBy: 4)
    return frame
}

/// A reply that is to come exactly once.
final class Pending<Request: KafkaRequest>: Sendable {
    private let replies = BlockingQueue<Reply>()
    private let version: Int16

    init(version: Int16) { self.version = version }

    var put: @Sendable (Reply) -> Void { { [replies] in replies.put($0) } }

    /// - Returns: the only reply; the test fails where none comes, or two.
    func reply(within seconds: Int64 = 20) throws -> Reply {
        let all = try #require(replies.takeAll(timeout: .seconds(seconds)))
        #expect(all.count == 1)
        return try #require(all.first)
    }

    /// Whether there is none yet.
    var isWaiting: Bool { (replies.takeAll(timeout: .milliseconds(30)) ?? []).isEmpty }

    func response() throws -> Request.Response {
        guard case .frame(let frame) = try reply() else {
            Issue.record("the request was not answered with a response")
            throw NoResponse()
        }
        let answer = try ResponseFrame(unframed(frame))
        #expect(answer.correlationID == 7)
        return try answer.decode(Request.self, version: version)
    }

    struct NoResponse: Error {}
}

/// Time that stands still until it is told to go on.
final class ManualScheduler: BrokerScheduler {
    private struct Entry {
        var delay: Duration
        var work: @Sendable () -> Void
    }

    private let entries = Mutex<[Int: Entry]>([:])
    private let next = Atomic<Int>(0)

    func schedule(in delay: Duration, _ work: @escaping @Sendable () -> Void) -> any ScheduledWork {
        let id = next.add(1, ordering: .relaxed).newValue
        entries.withLock { $0[id] = Entry(delay: delay, work: work) }
        return Work(id: id, scheduler: self)
    }

    var delays: [Duration] { entries.withLock { $0.values.map(\.delay).sorted() } }

    /// Everything that waits becomes due.
    func runAll() {
        let due = entries.withLock { entries in
            defer { entries = [:] }
            return entries
        }
        for entry in due.values { entry.work() }
    }

    private struct Work: ScheduledWork {
        let id: Int
        let scheduler: ManualScheduler

        func cancel() { scheduler.entries.withLock { $0[id] = nil } }
    }
}

final class ManualClock: WallClock {
    private let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))

    func now() -> Timestamp { time.withLock { $0 } }

    func advance(milliseconds: Int64) {
        time.withLock { $0.milliseconds += milliseconds }
    }
}

/// A batch of so many records, the timestamps a millisecond apart.
func batch(
    _ count: Int = 1, valueBytes: Int = 20, producer: Int64 = -1, epoch: Int16 = 0, sequence: Int32 = 0,
    time: Int64 = 1_700_000_000_000
) throws -> [UInt8] {
    let builder = RecordBatchBuilder(limit: 1 << 28)
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: valueBytes)
    for index in 0..<count {
        let time = Timestamp(milliseconds: time + Int64(index))
        let isAdded = builder.append(key: nil, value: value.rawBytes, timestamp: time)
        #expect(isAdded)
    }
    let compressor = try BatchCompressor(.none)
    let sealed = builder.seal(
        with: compressor, producerID: ProducerID(producer), producerEpoch: ProducerEpoch(producer < 0 ? -1 : epoch),
        baseSequence: SequenceNumber(producer < 0 ? -1 : sequence))
    return sealed.bytes
}
