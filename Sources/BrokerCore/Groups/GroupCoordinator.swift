internal import CommitLog
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import Synchronization

extension TopicName {
    /// Where groups and their offsets are: one partition, since there is one node, and one thread that writes to it.
    package static let offsets = "__consumer_offsets"

    /// Whether the broker alone writes to the topic.
    package static func isInternal(_ topic: String) -> Bool { topic == offsets }
}

/// The coordinator of consumer groups: a thread that owns all groups and their offsets.
///
/// It answers when what it answers is durable in `__consumer_offsets`, and comes back with it after a restart or a
/// crash: members go on in their generation. While it reads the log, requests are told so (COORDINATOR_LOAD_IN_PROGRESS).
final class GroupCoordinator: Sendable {
    typealias Work = @Sendable (GroupLoop) -> Void

    private let queue = BlockingQueue<Work>()
    private let broker = Mutex<WeakBroker>(WeakBroker())
    private let ended = BlockingQueue<Void>()
    private let logger: Logger

    /// The broker owns the coordinator.
    private struct WeakBroker: Sendable {
        weak var value: Broker?
    }

    init(logger: Logger) { self.logger = logger }

    /// Starts the thread, and reads the log where there is one.
    func start(_ broker: Broker, clock: any WallClock) throws {
        self.broker.withLock { $0.value = broker }
        let loop = try GroupLoop(self, broker.configuration.groups, clock: clock, logger: logger)
        loop.unavailable = .coordinatorLoadInProgress
        let partition = broker.partition(TopicName.offsets, 0)
        if let failure = partition?.failure {
            // Nothing known is not the same as nothing there: members must not begin anew.
            logger.error("no groups are served, since \(TopicName.offsets)-0 cannot be opened: \(failure)")
            loop.unavailable = .coordinatorNotAvailable
            return run(loop)
        }
        run(loop)
        guard let partition else {
            submit { $0.open(nil, StoredGroups()) }
            return
        }
        DedicatedThread.start("load-groups") { [self, logger] in
            var log = StoredGroupsReader(partition.log, logger: logger)
            log.read()
            let stored = log.stored
            submit { $0.open(partition, stored) }
        }
    }

    private func run(_ loop: sending GroupLoop) {
        let queue = queue
        let ended = ended
        DedicatedThread.start("groups") {
            loop.run(queue)
            ended.close()
        }
    }

    /// Has something done on the coordinator's thread.
    ///
    /// - Returns: false where it has ended; the work will not be done.
    @discardableResult
    func submit(_ work: @escaping Work) -> Bool { queue.put(work) }

    /// Answers the members who wait for others, and holds no more answers, so that connections can end.
    func beginStop() {
        submit { loop in
            loop.isDraining = true
            loop.releaseHeld()
        }
    }

    /// Writes and answers what it was given, and ends. Blocks until then.
    func stop() {
        guard submit({ $0.isStopping = true }) else { return }
        _ = ended.takeAll()
    }

    // MARK: The broker's topics

    func isTopic(_ name: String) -> Bool {
        broker.withLock { $0.value }.map { $0.topic(named: name) != nil } ?? true
    }

    func createTopic(_ done: @escaping @Sendable (Result<Partition, ChangeRefusal>) -> Void) {
        let stopping = ChangeRefusal(code: .coordinatorNotAvailable, message: "the collector is stopping")
        guard let broker = broker.withLock({ $0.value }) else { return done(.failure(stopping)) }
        broker.createTopic(.offsets) { result in
            switch result {
            case .success(let topic), .failure(.exists(let topic)): done(.success(topic.partitions[0]))
            case .failure(.failed(let code, let message)):
                done(.failure(ChangeRefusal(code: code, message: message)))
            }
        }
    }
}

extension NewTopic {
    /// Whatever the rules for topics say, it is kept, and durable before it is answered.
    fileprivate static var offsets: NewTopic {
        let settings = [
            (name: "cleanup.policy", value: "compact"),
            // Kafka's `offsets.topic.segment.bytes`.
            (name: "segment.bytes", value: "104857600"), (name: "retention.ms", value: "-1"),
            (name: "retention.bytes", value: "-1"), (name: "flush.messages", value: "1"),
            (name: "message.timestamp.type", value: "CreateTime"),
        ]
        return NewTopic(name: TopicName.offsets, partitions: 1, settings: settings, isInternal: true)
    }
}
