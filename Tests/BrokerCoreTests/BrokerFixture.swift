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

@testable import BrokerCore

/// A broker on a directory of its own, asked through frames as a client would.
final class BrokerFixture: AskedBroker, Sendable {
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

    /// Waits until the broker has put a fetch aside for a time.
    func expectWaits<Request: KafkaRequest>(
        _ pending: Pending<Request>, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try blockUntil("the fetch waits", sourceLocation: sourceLocation) {
            !scheduler.delays.isEmpty || pending.replyCount > 0
        }
        #expect(pending.replyCount == 0, sourceLocation: sourceLocation)
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
