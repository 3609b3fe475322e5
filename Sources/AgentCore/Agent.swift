internal import YAMLConfiguration
package import FileAccess
internal import KafkaClient
internal import KafkaProtocol
package import Logging
internal import NIOPosix
internal import Primitives
internal import RecordBatches
internal import ServiceLifecycle
internal import Synchronization

/// The agent, from its configuration to the cluster.
package struct Agent: Service {
    private let configuration: AgentConfiguration
    private let fileSystem: any FileSystem
    private let logger: Logger
    private let once: Bool

    /// - Parameter once: read everything to its end, wait for the last acknowledgement, and return.
    package init(
        _ configuration: AgentConfiguration, fileSystem: any FileSystem = PosixFileSystem(), logger: Logger,
        once: Bool = false
    ) {
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.logger = logger
        self.once = once
    }

    /// Runs until a graceful shutdown, or with `once` until all is read and acknowledged. On a shutdown reading stops at
    /// once, and what is under way has ten seconds to be acknowledged; what is not is read again at the next start.
    package func run() async throws {
        DescriptorLimit.raise()
        let bootstrap = configuration.collector.bootstrap.map { "\($0)" }.joined(separator: ",")
        logger.notice(
            "started",
            metadata: ["sources": "\(configuration.sources.count)", "collector": "\(bootstrap)", "once": "\(once)"])
        let inbox = Inbox<PipelineMessage>()
        let cluster = KafkaCluster(
            ClusterConfiguration(
                bootstrap: configuration.collector.bootstrap.map { BrokerAddress(host: $0.host, port: $0.port) }),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let topics = Set(configuration.sources.map(\.topic))

        let result = await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self, returning: Result<Void, any Error>.self) { group in
                for topic in topics {
                    group.addTask { await find(topic, in: cluster, for: inbox) }
                }
                let result = await runPipeline(inbox, cluster)
                group.cancelAll()
                return result
            }
        } onGracefulShutdown: {
            inbox.put(.stop)
        }
        await cluster.close()
        try result.get()
    }

    /// The pipeline blocks, so it has a thread of its own.
    private func runPipeline(_ inbox: Inbox<PipelineMessage>, _ cluster: KafkaCluster) async -> Result<Void, any Error>
    {
        let result: Result<BatchProducer?, any Error> = await withCheckedContinuation { continuation in
            DedicatedThread.start("pipeline") { [configuration, fileSystem, logger, once] in
                continuation.resume(
                    returning: Result {
                        var producer: BatchProducer?
                        let pipeline = try Pipeline(
                            configuration, inbox: inbox, fileSystem: fileSystem, clock: SystemWallClock(),
                            logger: logger, once: once
                        ) { resumption, journal in
                            let made = BatchProducer(
                                cluster: cluster, resuming: resumption, journal: journal,
                                sink: PipelineSink(inbox: inbox, journal: journal, logger: logger))
                            producer = made
                            return ProducerShipper(producer: made)
                        }
                        pipeline.run()
                        return producer
                    })
            }
        }
        await (try? result.get())?.close()
        return result.map { _ in }
    }

    /// Asks for the topic, which creates it where the cluster does so, until it is there.
    private func find(_ topic: String, in cluster: KafkaCluster, for inbox: Inbox<PipelineMessage>) async {
        var isTold = false
        while !Task.isCancelled {
            do throws(KafkaClientError) {
                let count = try await cluster.describe(topic: topic, allowCreation: true).partitionCount
                if count > 0 {
                    if isTold { logger.notice("topic \(topic) is there") }
                    return inbox.put(.topic(topic, partitions: count))
                }
            } catch {
                if !isTold && !Task.isCancelled {
                    isTold = true
                    logger.warning("waiting for topic \(topic): \(error)")
                }
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }
}

/// The producer, as the pipeline ships with it.
private struct ProducerShipper: Shipper {
    let producer: BatchProducer

    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag) {
        producer.enqueue(batch, topic: topic, partition: partition, tag: tag.value)
    }

    var bytesHeld: Int { producer.bytesHeld }
}

/// What the producer tells, as messages to the pipeline and to the journal.
private struct PipelineSink: ProducerSink {
    let inbox: Inbox<PipelineMessage>
    let journal: Journal
    let logger: Logger

    func onSettled(_ settlement: BatchSettlement) {
        inbox.put(.acknowledged(BatchTag(value: settlement.tag)))
    }

    func onRefused(_ refusal: BatchRefusal, kept: @escaping @Sendable () -> Void) {
        let tag = BatchTag(value: refusal.tag)
        switch (refusal.reason, refusal.batch) {
        case (.refused(let code), let batch?):
            inbox.put(
                .refused(
                    RefusedRecords(tag: tag, code: code, position: refusal.position, batch: batch, kept: kept)))
        case (.refused, nil), (.sourceIsGone, _): inbox.put(.lost(tag, kept: kept))
        }
    }

    func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?) {
        journal.note([.identity(identity)])
        guard let replacing else { return }
        logger.warning("producer \(replacing) is no longer taken, and goes on as \(identity)")
    }

    func onCluster(_ clusterID: String) {
        journal.note([.cluster(clusterID)])
    }

    func onIncident(_ incident: ProducerIncident) {
        switch incident {
        case .mayBeDoubled(let place, let records):
            logger.error("\(records) records may be in \(place) twice")
        case .lostByBroker(let place, let records):
            logger.error("the broker lost \(records) records of \(place) that it had acknowledged")
        case .stateIsOld(let place):
            logger.error(
                "\(place) has more of this agent than its state directory knows: it was restored from a backup, or copied"
            )
        case .topicIsAnother(let place):
            logger.error("\(place.topic) was deleted and made again; what was not acknowledged goes to the new one")
        case .clusterIsAnother(let was, let now):
            logger.error("the collector is another cluster now: \(now) instead of \(was)")
        }
    }
}
