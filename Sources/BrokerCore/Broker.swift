internal import CommitLog
package import FileAccess
internal import KafkaProtocol
package import Logging
package import NIOCore
package import Primitives
internal import Synchronization
internal import SystemPackage

/// The answer to a request.
package enum Reply: Sendable {
    /// The response's whole frame. It is counted in `responseMemory`: whoever takes it gives its bytes back when they
    /// are sent or dropped.
    case frame(ByteBuffer)
    /// The request wants none (acks=0).
    case nothing
    /// The connection cannot go on: the reason is for the log.
    case close(reason: String)
}

/// A collector: its topics, and the answers to requests about them.
package final class Broker: Sendable {
    let configuration: BrokerConfiguration
    let scheduler: any BrokerScheduler
    let clock: any WallClock
    let logger: Logger
    let clusterID: String
    let readers: ReaderPool
    let groups: GroupCoordinator
    let authorizer: Authorizer
    let quotas: ClientQuotas
    let fetchSessions: FetchSessionCache
    /// Of requests that were not allowed.
    let refusals: BoundedLog
    /// For requests, from their first byte to their answer.
    package let requestMemory: MemoryBudget
    /// For answers. Apart from the requests' memory, so that consumers that take no answers do not keep producers out.
    package let responseMemory: MemoryBudget
    private let directory: DataDirectory
    let storage: [StorageThread]
    let control: ControlThread
    let table = Mutex(TopicTable())
    private let timers = (retention: MaintenanceTimer(), compaction: MaintenanceTimer())
    let compactor: Compactor

    /// The topics there are.
    struct TopicTable {
        var byName: [String: Topic] = [:]
        var byID: [TopicID: Topic] = [:]
    }

    /// Takes the data directory over, and opens every partition.
    ///
    /// Blocks until all logs are recovered; not to be called from an event loop or a task.
    package init(
        _ configuration: BrokerConfiguration, fileSystem: any FileSystem, clock: any WallClock,
        scheduler: any BrokerScheduler, logger: Logger
    ) throws {
        self.configuration = configuration
        self.scheduler = scheduler
        self.clock = clock
        self.logger = logger
        let directory = try DataDirectory(configuration.dataDirectory, fileSystem: fileSystem)
        self.directory = directory
        clusterID = directory.clusterID
        authorizer = try Authorizer(configuration, in: directory.path, fileSystem: fileSystem)
        quotas = try ClientQuotas(
            defaults: configuration.quotas, in: directory.path, fileSystem: fileSystem, clock: clock)
        fetchSessions = FetchSessionCache(slots: configuration.fetchSessionSlots, clock: clock)
        refusals = BoundedLog(logger: logger, level: .notice)
        requestMemory = MemoryBudget(limit: configuration.maximumBytesInFlight / 2)
        responseMemory = MemoryBudget(limit: configuration.maximumBytesInFlight / 2)
        readers = ReaderPool(
            threads: configuration.readerThreads, waitingThreads: configuration.diskReaderThreads)
        let storage = (0..<configuration.storageThreads).map { number in
            StorageThread(
                number: number, fileSystem: fileSystem, flush: configuration.flush,
                reserve: DiskReserve(configuration.dataDirectory, minimum: configuration.minimumFreeBytes),
                clock: clock, logger: logger)
        }
        self.storage = storage
        compactor = Compactor(
            configuration.compactor, reserve: configuration.minimumFreeBytes, fileSystem: fileSystem, clock: clock,
            logger: logger)
        control = ControlThread()
        groups = GroupCoordinator(logger: logger)
        let admin: TopicAdmin
        let topics: [Topic]
        do {
            admin = try TopicAdmin(
                directory: directory, configuration: configuration, storage: storage, fileSystem: fileSystem,
                logger: logger)
            topics = try admin.openAll()
        } catch {
            compactor.stop()
            Self.stop(storage)
            readers.close()
            throw error
        }
        control.start(admin)
        table.withLock { table in
            for topic in topics {
                table.byName[topic.name] = topic
                table.byID[topic.id] = topic
            }
        }
        do {
            try groups.start(self, clock: clock)
        } catch {
            stop()
            throw error
        }
    }

    /// Begins with what is to be done from time to time: retention and compaction.
    package func startMaintenance() {
        timers.retention.start(every: configuration.retentionCheckInterval, scheduler) { [storage] in
            for thread in storage { thread.submit(.applyRetention) }
        }
        timers.compaction.start(every: configuration.compactor.interval, scheduler) { [weak self] in
            self?.compact()
        }
    }

    /// Has all that is due compacted, in the background.
    func compact() {
        let partitions = topics.flatMap(\.partitions).filter { partition in
            partition.failure == nil && partition.settings.log.cleanup.contains(.compact)
        }
        if !partitions.isEmpty { compactor.compact(partitions) }
    }

    /// Before connections are drained: nobody is kept waiting for other members of a group any more.
    package func beginStop() { groups.beginStop() }

    /// Stops: what is in the storage threads' hands is written and answered, logs are closed cleanly. Blocks until done.
    package func stop() {
        timers.retention.stop()
        timers.compaction.stop()
        compactor.stop()
        groups.stop()
        control.stop()
        Self.stop(storage)
        readers.close()
    }

    private static func stop(_ storage: [StorageThread]) {
        let done = BlockingQueue<Void>()
        for thread in storage { thread.stop { done.put(()) } }
        var left = storage.count
        while left > 0, let finished = done.takeAll() { left -= finished.count }
    }

    // MARK: Topics

    package var topics: [Topic] { table.withLock { Array($0.byName.values) } }

    func topic(named name: String) -> Topic? { table.withLock { $0.byName[name] } }

    func topic(id: TopicID) -> Topic? { table.withLock { $0.byID[id] } }

    func partition(_ topic: String, _ index: Int32) -> Partition? {
        guard let topic = self.topic(named: topic), topic.partitions.indices.contains(Int(index)) else { return nil }
        return topic.partitions[Int(index)]
    }

    /// Creates a topic, or finds that it is there.
    func createTopic(_ wanted: NewTopic, _ done: @escaping @Sendable (Result<Topic, TopicRefusal>) -> Void) {
        let accepted = control.submit { [self] admin in
            if let existing = topic(named: wanted.name) {
                return done(.failure(.exists(existing)))
            }
            let result = admin.create(wanted)
            if case .success(let topic) = result, !wanted.validateOnly {
                table.withLock { table in
                    table.byName[topic.name] = topic
                    table.byID[topic.id] = topic
                }
                logger.info(
                    "topic created",
                    metadata: ["topic": "\(topic.name)", "partitions": "\(topic.partitions.count)"])
            }
            done(result)
        }
        if !accepted { done(.failure(.failed(.kafkaStorageError, "the collector is stopping"))) }
    }

    /// Takes a producer id that nobody had before.
    func takeProducerID(_ done: @escaping @Sendable (Result<ProducerID, FileError>) -> Void) {
        let accepted = control.submit { admin in
            do throws(FileError) { done(.success(try admin.takeProducerID())) } catch { done(.failure(error)) }
        }
        if !accepted {
            done(.failure(FileError(operation: "open", path: configuration.dataDirectory, errno: .canceled)))
        }
    }
}
