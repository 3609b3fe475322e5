internal import YAMLConfiguration
package import FileAccess
internal import KafkaClient
internal import KafkaProtocol
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Primitives
internal import RecordBatches
internal import ServiceLifecycle
internal import UnixSignals
internal import SystemPackage
internal import Synchronization

/// The agent, from its configuration to the cluster.
package struct Agent: Service {
    private let configuration: AgentConfiguration
    private let fileSystem: any FileSystem
    private let logger: Logger
    private let once: Bool
    private let reload: (@Sendable () throws -> AgentConfiguration)?

    /// - Parameters:
    ///   - once: read everything to its end, wait for the last acknowledgement, and return.
    ///   - reload: reads and checks the configuration anew, when SIGHUP or `tributary-agent reload` asks for it.
    package init(
        _ configuration: AgentConfiguration, fileSystem: any FileSystem = PosixFileSystem(), logger: Logger,
        once: Bool = false, reload: (@Sendable () throws -> AgentConfiguration)? = nil
    ) {
        self.configuration = configuration
        self.fileSystem = fileSystem
        self.logger = logger
        self.once = once
        self.reload = reload
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
        // One loop: each takes a thread, three descriptors and 200 KiB, and all that goes over it is one agent's batches.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let cluster = KafkaCluster(
            ClusterConfiguration(
                bootstrap: configuration.collector.bootstrap.map { BrokerAddress(host: $0.host, port: $0.port) }),
            eventLoopGroup: loops, logger: logger)
        let requested = RequestedTopics(Set(configuration.sources.map(\.topic)))
        let desk = ControlDesk(inbox: inbox, fileSystem: fileSystem, logger: logger, load: reload) {
            requested.request($0)
        }

        let result = await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self, returning: Result<Void, any Error>.self) { group in
                group.addTask { await watch(requested.topics, in: cluster, for: inbox) }
                group.addTask { await reloadOnSignal(desk) }
                if let address = configuration.statusListen {
                    let server = StatusServer(
                        at: address, asking: inbox, clock: SystemWallClock(),
                        eventLoop: loops.next(), logger: logger)
                    group.addTask { await server.run() }
                }
                let result = await runPipeline(inbox, cluster, desk)
                group.cancelAll()
                // A request that nobody answers would be waited for until its time is over.
                await cluster.close()
                return result
            }
        } onGracefulShutdown: {
            inbox.put(.stop)
        }
        try? await loops.shutdownGracefully()
        try result.get()
    }

    /// The pipeline blocks, so it has a thread of its own.
    private func runPipeline(
        _ inbox: Inbox<PipelineMessage>, _ cluster: KafkaCluster, _ desk: ControlDesk
    ) async -> Result<Void, any Error> {
        let result: Result<BatchProducer?, any Error> = await withCheckedContinuation { continuation in
            DedicatedThread.start("pipeline") { [configuration, fileSystem, logger, once] in
                // What reading the command line and the configuration took.
                ResidentMemory.giveBackUnused()
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
                        // From here on the state directory is this agent's.
                        let directory = FilePath(configuration.stateDirectory)
                        var control = listen(directory, desk)
                        try pipeline.run(
                            onNewDirectory: {
                                control?.stop()
                                control = listen(directory, desk)
                            }, beforeClosing: { control?.stop() })
                        return producer
                    })
            }
        }
        await (try? result.get())?.close()
        return result.map { _ in }
    }

    /// Runs until it is cancelled.
    private func watch(
        _ topics: AsyncStream<String>, in cluster: KafkaCluster, for inbox: Inbox<PipelineMessage>
    ) async {
        let watch = TopicWatch(
            count: { topic, allowCreation async throws(KafkaClientError) in
                try await cluster.describe(topic: topic, allowCreation: allowCreation).partitionCount
            },
            pause: { try await Task.sleep(for: $0) }, tell: { inbox.put(.topic($0, partitions: $1)) },
            tellProblem: { inbox.put(.topicProblem($0, $1)) }, logger: logger)
        await withDiscardingTaskGroup { watches in
            for await topic in topics { watches.addTask { await watch.run(topic) } }
        }
    }

    /// The agent works without it too.
    private func listen(_ directory: FilePath, _ desk: ControlDesk) -> ControlSocket? {
        do throws(FileError) {
            return try ControlSocket(in: directory, desk: desk)
        } catch {
            logger.warning("no questions are answered while the agent runs: \(error)")
            return nil
        }
    }

    /// SIGHUP.
    private func reloadOnSignal(_ desk: ControlDesk) async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            DedicatedThread.start("reload") { _ = desk.reload() }
        }
    }
}

/// The producer, as the pipeline ships with it.
private struct ProducerShipper: Shipper {
    let producer: BatchProducer

    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag) {
        producer.enqueue(batch, topic: topic, partition: partition, tag: tag.value)
    }

    func release(topics: Set<String>) { producer.release(topics: topics) }

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
                    RefusedRecords(
                        tag: tag, code: code, position: refusal.position, batch: batch, message: refusal.message,
                        kept: kept)))
        case (.refused, nil), (.sourceIsGone, _): inbox.put(.lost(tag, kept: kept))
        case (.placeIsGone, _): inbox.put(.takenBack(tag, kept: kept))
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

    func onTopic(_ topic: String, partitions: Int) {
        inbox.put(.topic(topic, partitions: partitions))
    }

    func onIncident(_ incident: ProducerIncident) {
        inbox.put(.incident(incident))
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
