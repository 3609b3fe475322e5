import FileAccess
import KafkaProtocol
import Logging
import Primitives
import RecordBatches
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

/// A host with files, and one life of an agent after the other on it.
final class PipelineFixture {
    let root = temporaryDirectory()
    var configuration: AgentConfiguration
    private let system = PosixFileSystem()

    init(_ sources: [AgentSource]? = nil) throws {
        let logs = root.appending("logs")
        try system.createDirectories(logs)
        configuration = AgentConfiguration(
            hostName: "h", sources: sources ?? [.file(FileSource(name: "s", topic: "t", include: ["\(logs)/*.log"]))])
        configuration.stateDirectory = root.appending("state").string
        configuration.collector.compression = .none
    }

    deinit { removeTree(root) }

    var state: FilePath { root.appending("state") }

    func path(_ name: String) -> FilePath { root.appending("logs").appending(name) }

    func append(_ lines: [String], to name: String) throws {
        let file = try system.open(path(name), .create)
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        try file.write(bytes.rawBytes, at: try file.status().size)
    }

    func start(
        _ shipper: FakeShipper, once: Bool = true, topics: [String: Int] = ["t": 4], patience: Duration = .seconds(10)
    ) -> Life {
        Life(configuration, shipper, once: once, topics: topics, patience: patience)
    }

    /// Lets an agent read everything, with a collector that takes everything.
    @discardableResult
    func runOnce(_ shipper: FakeShipper = FakeShipper(), topics: [String: Int] = ["t": 4]) throws -> FakeShipper {
        _ = try start(shipper, topics: topics).end()
        return shipper
    }
}

/// An agent's pipeline on a thread of its own.
final class Life: Sendable {
    let shipper: FakeShipper
    private let ended = BlockingQueue<Result<PipelineCounters, any Error>>()
    private let hasEnded = Atomic(false)

    init(
        _ configuration: AgentConfiguration, _ shipper: FakeShipper, once: Bool, topics: [String: Int],
        patience: Duration
    ) {
        self.shipper = shipper
        for (topic, count) in topics { shipper.inbox.put(.topic(topic, partitions: count)) }
        DedicatedThread.start("pipeline") { [self] in
            defer { hasEnded.store(true, ordering: .releasing) }
            ended.put(
                Result {
                    let pipeline = try Pipeline(
                        configuration, inbox: shipper.inbox, fileSystem: PosixFileSystem(),
                        clock: SystemWallClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                        once: once, stopPatience: patience
                    ) { _, _ in shipper }
                    try pipeline.run()
                    #expect(pipeline.ledger.violations == 0)
                    return pipeline.counters
                })
        }
    }

    func stop() { shipper.inbox.put(.stop) }

    func end() throws -> PipelineCounters {
        let results = try #require(ended.takeAll(timeout: Patience.standard))
        return try #require(results.first, "the pipeline did not end").get()
    }

    /// Expects the pipeline to take a turn, and another one: what it knows does not make it end.
    func expectGoesOn(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<2 {
            shipper.inbox.put(.topic("nobody's", partitions: 1))
            try await eventually("the pipeline takes a message", sourceLocation: sourceLocation) {
                shipper.inbox.isEmpty || hasEnded.load(ordering: .acquiring)
            }
        }
        let goesOn = !hasEnded.load(ordering: .acquiring)
        #expect(goesOn, sourceLocation: sourceLocation)
    }
}

/// A collector as the pipeline sees it, that answers as the test says.
final class FakeShipper: Shipper {
    enum Answer: Sendable {
        case acknowledge
        case refuse(ErrorCode)
        case hold
        /// The partition is gone.
        case takeBack
    }

    struct Sent: Sendable {
        var batch: SealedBatch
        var topic: String
        var partition: Int32
        var tag: BatchTag

        /// The values of the batch's records.
        var lines: [String] { batch.lines }
    }

    private struct State {
        var sent: [Sent] = []
        var held: [BatchTag: Int] = [:]
        var answer: @Sendable (Int) -> Answer
        var released: Set<String> = []
    }

    let inbox = Inbox<PipelineMessage>()
    private let state: Mutex<State>
    private let onShip: @Sendable (Sent) -> Void

    /// - Parameter answer: to the n-th batch, at once.
    init(
        answer: @escaping @Sendable (Int) -> Answer = { _ in .acknowledge },
        onShip: @escaping @Sendable (Sent) -> Void = { _ in }
    ) {
        self.onShip = onShip
        state = Mutex(State(answer: answer))
    }

    func release(topics: Set<String>) { state.withLock { $0.released = topics } }

    var released: Set<String> { state.withLock { $0.released } }

    func ship(_ batch: SealedBatch, topic: String, partition: Int32, tag: BatchTag) {
        let sent = Sent(batch: batch, topic: topic, partition: partition, tag: tag)
        onShip(sent)
        let answer = state.withLock { state in
            state.sent.append(sent)
            state.held[tag] = batch.bytes.count
            return state.answer(state.sent.count - 1)
        }
        self.answer(tag, answer)
    }

    func answer(_ tag: BatchTag, _ answer: Answer) {
        if case .hold = answer { return }
        let batch = state.withLock { state in
            _ = state.held.removeValue(forKey: tag)
            return state.sent.first { $0.tag == tag }?.batch
        }
        if case .takeBack = answer {
            inbox.put(.takenBack(tag, kept: { [inbox] in inbox.put(.acknowledged(tag)) }))
        } else if case .refuse(let code) = answer, let batch {
            inbox.put(
                .refused(
                    RefusedRecords(
                        tag: tag, code: code, position: 0, batch: batch,
                        kept: { [inbox] in inbox.put(.acknowledged(tag)) })))
        } else {
            inbox.put(.acknowledged(tag))
        }
    }

    /// Acknowledges what was held back, and from now on everything.
    func acknowledgeAll() {
        let tags = state.withLock { state in
            state.answer = { _ in .acknowledge }
            return state.held.keys.sorted { $0.value < $1.value }
        }
        for tag in tags { answer(tag, .acknowledge) }
    }

    /// Answers questions about the pipeline that ships with this.
    func desk(load: (@Sendable () throws -> AgentConfiguration)? = nil) -> ControlDesk {
        ControlDesk(
            inbox: inbox, fileSystem: PosixFileSystem(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            load: load
        ) { _ in }
    }

    var sent: [Sent] { state.withLock { $0.sent } }
    var lines: [String] { sent.flatMap(\.lines) }
    var heldTags: [BatchTag] { state.withLock { Array($0.held.keys) } }
    var bytesHeld: Int { state.withLock { $0.held.values.reduce(0, +) } }
}
