import BrokerCore
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

/// A broker on a file system in memory, asked with frames, as a client would.
final class AdminBench: Sendable {
    let files: SimulatedFileSystem
    let broker: Broker
    let clock = SettableClock()
    let scheduler = PatientScheduler()
    let client = ClientConnection(localAddress: BrokerAddress(host: "box", port: 9092), remote: "test")

    init(
        _ files: SimulatedFileSystem = SimulatedFileSystem(), _ change: (inout BrokerConfiguration) -> Void = { _ in }
    ) throws {
        self.files = files
        files.time = clock.now()
        var configuration = BrokerConfiguration(dataDirectory: "/data")
        configuration.storageThreads = 2
        configuration.readerThreads = 2
        change(&configuration)
        broker = try Broker(
            configuration, fileSystem: files, clock: clock, scheduler: scheduler,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func restarted(_ change: (inout BrokerConfiguration) -> Void = { _ in }) throws -> AdminBench {
        broker.stop()
        files.restart(after: .kill)
        return try AdminBench(files, change)
    }

    func start<Request: KafkaRequest>(
        _ request: Request, from other: ClientConnection? = nil, version: Int16? = nil
    ) -> BlockingQueue<Reply> {
        let replies = BlockingQueue<Reply>()
        var frame = request.frame(version: version ?? Request.lastVersionByName, correlationID: 1, clientID: "test")
        frame.moveReaderIndex(forwardBy: 4)
        broker.handle(frame, from: other ?? client) { replies.put($0) }
        return replies
    }

    func answer<Request: KafkaRequest>(
        _: Request.Type, _ replies: BlockingQueue<Reply>, version: Int16? = nil
    ) throws -> Request.Response {
        let reply = try #require(replies.takeAll(timeout: .seconds(20))?.first)
        guard case .frame(var frame) = reply else { throw Unanswered() }
        frame.moveReaderIndex(forwardBy: 4)
        return try ResponseFrame(frame).decode(Request.self, version: version ?? Request.lastVersionByName)
    }

    struct Unanswered: Error {}

    func ask<Request: KafkaRequest>(
        _ request: Request, from other: ClientConnection? = nil, version: Int16? = nil
    ) throws -> Request.Response {
        try answer(Request.self, start(request, from: other, version: version), version: version)
    }

    @discardableResult
    func create(
        _ name: String, partitions: Int32 = 1, _ settings: [(String, String)] = []
    ) throws -> CreateTopicsResponse.Topic {
        let topic = CreateTopicsRequest.Topic(
            name: name, partitionCount: partitions,
            configs: settings.map { CreateTopicsRequest.Config(name: $0, value: $1) })
        return try ask(CreateTopicsRequest(topics: [topic])).topics[0]
    }

    func delete(_ name: String) throws -> DeleteTopicsResponse.Topic {
        try ask(DeleteTopicsRequest(topics: [DeleteTopicsRequest.Topic(name: name)])).topics[0]
    }

    @discardableResult
    func produce(
        _ value: String, to topic: String, _ partition: Int32 = 0, time: Int64 = 1000
    ) throws -> ProduceResponse.Partition {
        let builder = RecordBatchBuilder(limit: 1 << 22)
        let bytes = Array(value.utf8)
        _ = builder.append(key: nil, value: bytes.rawBytes, timestamp: Timestamp(milliseconds: time))
        let batch = builder.seal(with: try BatchCompressor(.none))
        let data = ProduceRequest.Partition(index: partition, records: ByteBuffer(bytes: batch.bytes))
        let request = ProduceRequest(
            acknowledgements: -1, topics: [ProduceRequest.Topic(name: topic, partitions: [data])])
        return try ask(request).topics[0].partitions[0]
    }

    /// Writes a record with a key.
    @discardableResult
    func put(
        _ key: String, _ value: String, to topic: String, codec: CompressionCodec = .none
    ) throws -> ProduceResponse.Partition {
        let builder = RecordBatchBuilder(limit: 1 << 22)
        let (key, value) = (Array(key.utf8), Array(value.utf8))
        _ = builder.append(key: key.rawBytes, value: value.rawBytes, timestamp: clock.now())
        let batch = builder.seal(with: try BatchCompressor(codec))
        let data = ProduceRequest.Partition(index: 0, records: ByteBuffer(bytes: batch.bytes))
        return try ask(
            ProduceRequest(acknowledgements: -1, topics: [ProduceRequest.Topic(name: topic, partitions: [data])])
        ).topics[0].partitions[0]
    }

    /// Every record of a partition that can be read, by offset: its key and the length of its value.
    func records(_ topic: String) throws -> [Int64: (key: String, bytes: Int)] {
        var found: [Int64: (key: String, bytes: Int)] = [:]
        var offset: Int64 = 0
        while true {
            let part = try fetch(topic, from: offset)
            #expect(part.errorCode == .none)
            guard let bytes = part.records, bytes.readableBytes > 0 else { break }
            var rest = bytes.readableBytesView[...]
            while !rest.isEmpty {
                let batch = try RecordBatchContents(Array(rest).rawBytes)
                for record in try batch.records() {
                    found[record.offset.value] = (
                        String(decoding: batch.payload[record.key ?? 0..<0], as: UTF8.self), record.value?.count ?? 0
                    )
                }
                rest = rest.dropFirst(batch.header.totalBytes)
                offset = batch.header.nextOffset.value
            }
        }
        #expect(try fetch(topic, from: offset).highWatermark == Offset(offset), "a consumer stops before the end")
        return found
    }

    func fetchRequest(
        _ topic: String, _ partition: Int32 = 0, from offset: Int64 = 0, wait: Int32 = 0
    ) throws -> FetchRequest {
        let id = try #require(broker.topics.first { $0.name == topic }?.id)
        return FetchRequest(
            maxWaitMilliseconds: wait, minBytes: 1, maxBytes: 1 << 20,
            topics: [
                FetchRequest.Topic(
                    name: topic, id: id,
                    partitions: [
                        FetchRequest.Partition(index: partition, fetchOffset: Offset(offset), maxBytes: 1 << 20)
                    ])
            ])
    }

    func fetch(_ topic: String, from offset: Int64 = 0) throws -> FetchResponse.Partition {
        try ask(try fetchRequest(topic, from: offset)).topics[0].partitions[0]
    }

    /// The settings of a topic as DescribeConfigs tells them.
    func settings(
        _ topic: String, documentation: Bool = false
    ) throws -> [String: DescribeConfigsResponse.Config] {
        let resource = DescribeConfigsRequest.Resource(type: .topic, name: topic)
        let result = try ask(
            DescribeConfigsRequest(resources: [resource], includeDocumentation: documentation)
        ).results[0]
        #expect(result.errorCode == .none)
        return Dictionary(uniqueKeysWithValues: result.configs.map { ($0.name, $0) })
    }

    func change(
        _ topic: String, _ name: String, to value: String?, validateOnly: Bool = false
    ) throws -> IncrementalAlterConfigsResponse.Result {
        let config = IncrementalAlterConfigsRequest.Config(
            name: name, operation: value == nil ? .delete : .set, value: value)
        return try ask(
            IncrementalAlterConfigsRequest(
                resources: [.init(type: .topic, name: topic, configs: [config])], validateOnly: validateOnly)
        ).results[0]
    }

    func directories() throws -> [String] {
        try files.list("/data").filter { $0.kind == .directory }.map(\.name.string).sorted()
    }

    /// Waits until something is so.
    func expectSoon(_ what: String, _ condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(20)
        while try !condition() {
            guard ContinuousClock.now < end else {
                Issue.record("never: \(what)")
                return
            }
            _ = BlockingQueue<Void>().takeAll(timeout: .milliseconds(2))
        }
    }
}

final class SettableClock: WallClock {
    private let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))

    func now() -> Timestamp { time.withLock { $0 } }

    func advance(milliseconds: Int64) { time.withLock { $0.milliseconds += milliseconds } }
}

/// Runs what is scheduled when the test says so.
final class PatientScheduler: BrokerScheduler {
    private let works = Mutex<[Int: @Sendable () -> Void]>([:])
    private let last = Atomic<Int>(0)

    func schedule(in delay: Duration, _ work: @escaping @Sendable () -> Void) -> any ScheduledWork {
        let id = last.add(1, ordering: .relaxed).newValue
        works.withLock { $0[id] = work }
        return Scheduled(id: id, scheduler: self)
    }

    var count: Int { works.withLock { $0.count } }

    func runAll() {
        let due = works.withLock { works in
            defer { works = [:] }
            return works
        }
        for work in due.values { work() }
    }

    private struct Scheduled: ScheduledWork {
        let id: Int
        let scheduler: PatientScheduler

        func cancel() { scheduler.works.withLock { $0[id] = nil } }
    }
}
