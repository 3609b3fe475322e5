import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import Logging
import NIOCore
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

/// A broker on a file system in memory, asked with frames, as a client would.
final class AdminBench: AskedBroker, Sendable {
    let files: SimulatedFileSystem
    let broker: Broker
    let clock = ManualClock()
    let scheduler = ManualScheduler()
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
}
