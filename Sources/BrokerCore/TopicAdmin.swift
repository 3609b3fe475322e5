internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import SystemPackage

/// A topic to create.
struct NewTopic: Sendable {
    var name: String
    /// nil: what the rules say.
    var partitions: Int32?
    var settings: [(name: String, value: String)] = []
    /// Only say whether it could be created.
    var validateOnly = false
    /// Whether the broker makes it for itself.
    var isInternal = false
}

/// Why a topic was not created.
enum TopicRefusal: Error, Sendable {
    case exists(Topic)
    case failed(ErrorCode, String)
}

/// The control thread's own side: what changes the set of topics, and gives producer ids away. It blocks.
final class TopicAdmin {
    /// More partitions for one topic than this are taken for a mistake.
    static let maximumPartitions: Int32 = 10_000

    let directory: DataDirectory
    let configuration: BrokerConfiguration
    private let storage: [StorageThread]
    let fileSystem: any FileSystem
    let logger: Logger
    var registry: TopicRegistry
    private var producerIDs: ProducerIDs
    private var nextStorageKey = 0

    init(
        directory: DataDirectory, configuration: BrokerConfiguration, storage: [StorageThread],
        fileSystem: any FileSystem, logger: Logger
    ) throws {
        self.directory = directory
        self.configuration = configuration
        self.storage = storage
        self.fileSystem = fileSystem
        self.logger = logger
        registry = try TopicRegistry(in: directory.path, fileSystem: fileSystem)
        producerIDs = try ProducerIDs(in: directory.path, fileSystem: fileSystem)
    }

    func takeProducerID() throws(FileError) -> ProducerID { try producerIDs.take() }

    /// Opens every topic of the registry; all storage threads work at it at once. A partition that cannot be opened is
    /// offline, and keeps no other from being served.
    func openAll() throws -> [Topic] {
        finishDeletions()
        return try open(registry.entries, toleratingFailures: true)
    }

    func create(_ wanted: NewTopic) -> Result<Topic, TopicRefusal> {
        if let problem = TopicName.problem(wanted.name) { return .failure(.failed(.invalidTopicException, problem)) }
        if TopicName.isInternal(wanted.name) && !wanted.isInternal {
            return .failure(.failed(.invalidTopicException, "\(wanted.name) is the collector's own topic"))
        }
        let partitions = wanted.partitions ?? configuration.topics.partitions(for: wanted.name)
        guard (1...Self.maximumPartitions).contains(partitions) else {
            return .failure(
                .failed(.invalidPartitions, "a topic has 1 to \(Self.maximumPartitions) partitions, not \(partitions)"))
        }
        switch configuration.topics.settings(for: wanted.name, overrides: wanted.settings) {
        case .failure(let problem): return .failure(.failed(.invalidConfig, problem.description))
        case .success: break
        }
        let entry = TopicRegistry.Entry(
            name: wanted.name, id: .random(), partitions: partitions, settings: wanted.settings)
        if wanted.validateOnly { return .success(Topic(name: entry.name, id: entry.id, partitions: [])) }
        do {
            try freeDirectories(of: entry)
            try registry.add(entry)
            do {
                return .success(try open([entry])[0])
            } catch {
                // It was refused, so it must not be there after the next start. Where this fails too, it will be, empty,
                // unless it is created anew before.
                try? registry.remove(entry.name)
                throw error
            }
        } catch {
            logger.error("cannot create topic \(wanted.name): \(error)")
            return .failure(.failed(.kafkaStorageError, "\(error)"))
        }
    }

    /// Opens the partitions from `first` on.
    ///
    /// - Parameter toleratingFailures: whether partitions that cannot be opened are offline; else it is an error.
    func open(
        _ entries: [TopicRegistry.Entry], from first: Int32 = 0, toleratingFailures: Bool = false
    ) throws -> [Topic] {
        typealias Opened = (
            entry: Int, index: Int32, key: Int, result: Result<(log: LogReader, report: RecoveryReport), LogError>
        )
        let answers = BlockingQueue<Opened>()
        let settings = try entries.map(resolved)
        var expected = 0
        for (number, entry) in entries.enumerated() {
            for index in first..<entry.partitions {
                let key = nextStorageKey
                nextStorageKey += 1
                expected += 1
                thread(for: key).submit(
                    .open(key: key, directory.partition(entry.name, index), settings[number].log) { result in
                        answers.put((number, index, key, result))
                    })
            }
        }
        var partitions = entries.map { [Partition?](repeating: nil, count: Int($0.partitions - first)) }
        var all: [Opened] = []
        while expected > 0, let batch = answers.takeAll() {
            expected -= batch.count
            all += batch
        }
        do {
            for opened in all {
                let entry = entries[opened.entry]
                let log: LogReader
                switch opened.result {
                case .success(let (reader, report)):
                    tell(report, entry.name, opened.index)
                    log = reader
                case .failure(let error):
                    guard toleratingFailures else { throw error }
                    log = offline(entry.name, opened.index, error)
                }
                partitions[opened.entry][Int(opened.index - first)] = Partition(
                    topic: entry.name, index: opened.index, log: log,
                    settings: settings[opened.entry], storageKey: opened.key,
                    storage: thread(for: opened.key))
            }
        } catch {
            // A second attempt opens the same directories: by then nobody else may hold them.
            for opened in all { thread(for: opened.key).submit(.discard(key: opened.key)) }
            throw error
        }
        return zip(entries, partitions).map { entry, partitions in
            Topic(name: entry.name, id: entry.id, partitions: partitions.compactMap { $0 })
        }
    }

    func resolved(_ entry: TopicRegistry.Entry) throws -> TopicSettings {
        switch configuration.topics.settings(for: entry.name, overrides: entry.settings) {
        case .success(let settings): return settings
        case .failure(let problem):
            throw DataDirectoryError(
                "the settings of topic \"\(entry.name)\": \(problem); correct the rules or use the program that wrote them"
            )
        }
    }

    private func thread(for key: Int) -> StorageThread { storage[key % storage.count] }

    private func offline(_ topic: String, _ index: Int32, _ error: LogError) -> LogReader {
        let path = directory.partition(topic, index)
        logger.error(
            "the partition cannot be opened and is offline, the others are served: \(error); stop the collector, run \"tributary-collector repair \(path)\" and start it anew",
            metadata: ["topic": "\(topic)", "partition": "\(index)"])
        return LogReader(unavailable: error, path)
    }

    private func tell(_ report: RecoveryReport, _ topic: String, _ index: Int32) {
        let metadata: Logger.Metadata = ["topic": "\(topic)", "partition": "\(index)"]
        if let reason = report.cutReason {
            let kept = report.cutTail.map { "; they are kept in \($0)" } ?? ""
            logger.warning(
                "cut \(report.cutBytes) bytes of an unfinished write: \(reason)\(kept)", metadata: metadata)
        }
        if report.rebuiltIndexes > 0 {
            logger.notice("rebuilt the indexes of \(report.rebuiltIndexes) segments", metadata: metadata)
        }
    }
}

/// The thread that changes the set of topics, one change at a time.
final class ControlThread: Sendable {
    private let queue = BlockingQueue<@Sendable (TopicAdmin) -> Void>()

    func start(_ admin: sending TopicAdmin) {
        let queue = queue
        DedicatedThread.start("control") {
            while let changes = queue.takeAll() {
                for change in changes { change(admin) }
            }
        }
    }

    /// - Returns: false where the thread was stopped; the change will not be made.
    func submit(_ change: @escaping @Sendable (TopicAdmin) -> Void) -> Bool { queue.put(change) }

    /// What was submitted before is done still.
    func stop() { queue.close() }
}
