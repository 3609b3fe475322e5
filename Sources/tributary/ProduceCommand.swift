internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches
internal import Synchronization

enum Compression: String, ExpressibleByArgument, CaseIterable {
    case lz4, gzip, none

    var codec: CompressionCodec {
        switch self {
        case .lz4: .lz4
        case .gzip: .gzip
        case .none: .none
        }
    }
}

struct ProduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce",
        abstract: "Write standard input's lines to a topic, a record each.",
        discussion: "Exits with 0 when every record is acknowledged as stored.")

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The topic; made where the brokers make topics by themselves.") var topic: String
    @Option(help: "The key of all records.") var key: String?
    @Option(help: "What stands between key and value in each line.") var keySeparator: String?
    @Option(help: "lz4, gzip or none.") var compression = Compression.lz4
    @Option(help: "Write to this partition only. Default: by the key's hash, else in turn.") var partition: Int32?

    func validate() throws {
        if key != nil && keySeparator != nil {
            throw ValidationError("Only one of --key and --key-separator can be given.")
        }
        if keySeparator?.isEmpty ?? false { throw ValidationError("--key-separator must not be empty.") }
        if let partition, partition < 0 { throw ValidationError("Partitions are numbered from 0.") }
        _ = try cluster.addresses()
    }

    func run() async throws {
        try await withCluster(cluster) { cluster in
            // Where nobody answers, say so at once; a topic that is just being made needs a moment.
            _ = try await cluster.refresh(topics: [])
            let metadata = try await cluster.describe(
                topic: topic, allowCreation: true, retryFor: .seconds(10))
            if let partition, partition >= metadata.partitionCount {
                throw KafkaClientError.invalidArgument(
                    "\(topic) has \(metadata.partitionCount) partitions, numbered from 0: there is no \(partition)")
            }
            let tally = Tally()
            let producer = BatchProducer(cluster: cluster, sink: tally)
            let batcher = try LineBatcher(
                topic: topic, partitionCount: metadata.partitionCount, partition: partition,
                key: keying, codec: compression.codec, producer: producer)
            try await batcher.sendStandardInput()
            let isSettled = await producer.flush(within: .seconds(60))
            await producer.close()
            try check(isSettled, producer.batchesHeld, tally)
        }
    }

    private var keying: LineBatcher.Keying {
        if let key { return .fixed(Array(key.utf8)) }
        if let keySeparator { return .separated(by: Array(keySeparator.utf8)) }
        return .none
    }

    private func check(_ isSettled: Bool, _ unsettled: Int, _ tally: Tally) throws {
        let (refused, error) = tally.refusals
        if let error { say("\(refused) records were refused: \(error)") }
        if !isSettled { say("no answer within 60 s: \(unsettled) batches may or may not be stored") }
        if error != nil || !isSettled { throw ExitCode.failure }
    }
}

/// Counts what was refused.
final class Tally: ProducerSink {
    private let state = Mutex((count: 0, error: ErrorCode?.none))

    var refusals: (count: Int, error: ErrorCode?) { state.withLock { ($0.count, $0.error) } }

    func onSettled(_ settlement: BatchSettlement) {}

    func onRefused(_ refusal: BatchRefusal, kept: @escaping @Sendable () -> Void) {
        let error: ErrorCode? =
            switch refusal.reason {
            case .refused(let code): code
            case .placeIsGone: .unknownTopicOrPartition
            case .sourceIsGone: nil
            }
        if let error {
            state.withLock { $0 = ($0.count + refusal.recordCount, $0.error ?? error) }
        }
        kept()
    }

    func onIncident(_ incident: ProducerIncident) {
        switch incident {
        case .mayBeDoubled(let place, let records): say("\(records) records may be twice in \(place)")
        case .lostByBroker(let place, let records): say("\(place) lost \(records) acknowledged records")
        case .stateIsOld(let place): say("\(place) goes on under another producer id")
        case .topicIsAnother(let place): say("the topic of \(place) was made anew")
        case .clusterIsAnother(let was, let now): say("the addresses lead to cluster \(now) now, not to \(was)")
        }
    }
}
