internal import DequeModule
internal import FileAccess
internal import FileTailing
internal import HostMetrics
internal import KafkaClient
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// The agent's own thread: reads sources, fills batches, ships them, and keeps track of what was acknowledged.
final class Pipeline {
    /// While lines keep coming, files are looked at this often and not at each write; it is what a line waits at most.
    private static let coalescing = Duration.milliseconds(5)
    /// How often what was acknowledged is stored.
    static let commitInterval = Duration.milliseconds(500)

    var configuration: AgentConfiguration
    let fileSystem: any FileSystem
    let inbox: Inbox<PipelineMessage>
    let shipper: any Shipper
    let clock: any WallClock
    let started: Timestamp
    let logger: Logger
    private let once: Bool
    private let stopPatience: Duration
    let journal: Journal
    let deadLetters: DeadLetters
    let replays: Replays
    var spools: [Spool]
    let tailer: Tailer
    var metrics: [MetricsSource]
    let compressor: BatchCompressor
    var topicOfSource: [String: String]

    var partitionCounts: [String: Int] = [:]
    /// Why topics are not known yet, as far as that was told.
    var topicProblems: [String: String] = [:]
    var assemblers: [TopicPartition: BatchAssembler] = [:]
    var routes: [TailedFileID: Route] = [:]
    var shipments: [BatchTag: Shipment] = [:]
    /// Per file its batches that are not done with, the oldest first, whichever places they go to: up to the first of them
    /// it is acknowledged.
    var underWay: [TailedFileID: Deque<BatchTag>] = [:]
    /// Files of which lines were taken back, or lost: read on, from where they are acknowledged, when nothing else of them
    /// is under way.
    var takenBack: Set<TailedFileID> = []
    /// Of those, files of which a batch was passed over, so that none behind it moves their position.
    var broken: Set<TailedFileID> = []
    /// See `pathsElsewhere`; nil where it is to be looked up.
    var elsewhere: Set<SourcePath>?
    /// As told to the shipper.
    var releasedTopics: Set<String> = []
    /// Sources may have other topics than what is under way.
    var mayHaveReleased = true
    /// Batches from spools that were taken back, in order, to be sent elsewhere.
    var homeless: [BatchTag] = []
    var shipmentBytes = 0
    var nextTag: UInt64
    /// Files with batches of an earlier life that could not be built again, and how many: not read until it is known what
    /// became of those.
    var unresolved: [TailedFileID: Int]
    /// Refused records that could not be kept yet, the oldest first.
    var unkept: [RefusedRecords] = []
    /// Bytes of the values of the batch of which records were refused last.
    var lookedInto: (tag: BatchTag, values: [Int])?
    var keepAgainAt: ContinuousClock.Instant?

    /// What the journal knows of files and sources, as this thread told it.
    var knownFiles: Set<TailedFileID>
    /// Files of sources that are not followed at present.
    var unfollowed: [TailedFileID: FileCheckpoint]
    /// Sources that were started at some time: for them `start: end` no longer counts.
    var startedSources: Set<String>
    var placements: [TailedFileID: TopicPartition]
    var sourcePlacements: [String: TopicPartition]
    /// To be told to the journal with the next commit.
    var entries: [JournalEntry] = []
    var answered: [UInt64] = []
    var spoolsDone: [String: UInt64] = [:]
    var lastCommit = ContinuousClock.now

    var isStopping: ContinuousClock.Instant?
    /// Another process has the state directory.
    private var dispossession: AgentError?
    /// The state directory is there again, and what it has besides the journal is to be made.
    private var hasNewDirectory = false
    /// No source of metrics has anything that is not stored.
    private var hasFinishedSources = false
    var lastRead = ContinuousClock.now
    var lastAccount = ContinuousClock.now
    var nextRest = ContinuousClock.now + .seconds(10)
    var isSpoolFailing = false
    var ledger = Ledger()
    var losses = LossTelling()
    var counters = PipelineCounters()

    /// Opens the state directory, and builds again what an earlier life sent and does not know to be acknowledged.
    ///
    /// - Parameters:
    ///   - stopPatience: how long acknowledgements may take after a stop.
    ///   - makeShipper: gets what the shipper has to begin with.
    init(
        _ configuration: AgentConfiguration, inbox: Inbox<PipelineMessage>, fileSystem: any FileSystem,
        clock: any WallClock, logger: Logger, once: Bool, stopPatience: Duration = .seconds(10),
        makeShipper: (ProducerResumption, Journal) -> any Shipper
    ) throws {
        self.configuration = configuration
        self.inbox = inbox
        self.fileSystem = fileSystem
        self.clock = clock
        started = clock.now()
        self.logger = logger
        self.once = once
        self.stopPatience = stopPatience
        let directory = FilePath(configuration.stateDirectory)
        journal = try Journal(in: directory, fileSystem: fileSystem, logger: logger) { inbox.put(.directory($0)) }
        var state = journal.loaded.state
        journal.loaded.tell(logger)
        compressor = try BatchCompressor(configuration.collector.compression.codec)
        let (files, metrics) = try configuration.split(fileSystem: fileSystem, clock: clock) { inbox.put(.sampled) }
        self.metrics = metrics
        topicOfSource = Dictionary(uniqueKeysWithValues: configuration.sources.map { ($0.name, $0.topic) })
        let stored = try StoredBatches(configuration, state, fileSystem: fileSystem)
        (spools, replays, deadLetters) = (stored.spools, stored.replays, stored.deadLetters)
        // In the journal before anything that follows from it.
        let settled = try deadLetters.settled(of: state.batches)
        journal.note(settled)
        for entry in settled { state.apply(entry) }
        let names = Set(configuration.sources.map(\.name))
        let (handovers, moved) = state.handOver(to: files, ofAll: names)
        for handover in handovers { logger.notice("\(handover.text)") }
        journal.note(moved)
        tailer = Tailer(
            sources: files, fileSystem: fileSystem, watcher: Self.makeWatcher(logger),
            resuming: Array(state.files.values), startedBefore: state.sources, clock: clock,
            limits: configuration.tailLimits)
        knownFiles = Set(state.files.keys)
        let followed = Set(files.map(\.name))
        unfollowed = state.files.filter { !followed.contains($0.value.source) }
        placements = state.placements
        sourcePlacements = state.sourcePlacements
        nextTag = state.nextTag
        startedSources = state.sources.union(followed)
        for file in files where !state.sources.contains(file.name) { entries.append(.source(file.name)) }

        tailer.reconcile()
        var rebuilder = Rebuilder(
            tailer, hostName: configuration.hostName, compressor: compressor, budget: configuration.memoryLimit,
            stored: { stored.entry($0) })
        let rebuilt = state.batches.sorted { $0.key < $1.key }.map { (tag: $0.key, rebuilder.rebuild($0.value)) }
        unresolved = rebuilder.unresolved
        shipper = makeShipper(state.resumption(rebuilt.map { ($0.tag, $0.1.batch) }), journal)
        for (tag, shipment) in rebuilt {
            resume(BatchTag(value: tag), shipment, isSettled: state.batches[tag]?.records == 0)
        }
    }

    private static func makeWatcher(_ logger: Logger) -> InotifyWatcher? {
        do throws(FileError) {
            return try InotifyWatcher()
        } catch {
            logger.warning("files are polled, since inotify cannot be used: \(error)")
            return nil
        }
    }

    /// Runs until it is stopped, or with `once` until everything is read to its end and acknowledged. Then the state
    /// directory is free.
    ///
    /// - Parameters:
    ///   - onNewDirectory: called when the directory was removed, and made anew.
    ///   - beforeClosing: called when nothing more is asked of the pipeline, and the directory is still its own.
    /// - Throws: where another process has taken the directory: what was under way is not waited for.
    func run(onNewDirectory: () -> Void = {}, beforeClosing: () -> Void = {}) throws(AgentError) {
        while true {
            var hasMore = false
            takeMessages()
            if let dispossession {
                journal.close()
                throw dispossession
            }
            if hasNewDirectory {
                hasNewDirectory = false
                counters.stateDirectoriesMadeAnew += 1
                for spool in spools { spool.beginAnew() }
                deadLetters.beginAnew()
                onNewDirectory()
            }
            keepRefused()
            if isStopping != nil, !hasFinishedSources { finishSources() }
            if isStopping == nil {
                tailer.reconcile()
                // New files are told before their first line leaves.
                commit(force: false)
                hasMore = readFiles()
                if !hasFinishedSources { sampleMetrics() }
                sendStored()
            }
            sealWhatIsDue()
            tellProblems()
            commit(force: false)
            account(force: false)
            restMemory()
            if isDone {
                if hasFinishedSources { break }
                // What they give has to be acknowledged too.
                finishSources()
                continue
            }
            wait(hasMore: hasMore)
        }
        commit(force: true)
        account(force: true)
        beforeClosing()
        journal.close()
    }

    private func finishSources() {
        hasFinishedSources = true
        finish(metrics)
        sendStored()
    }

    private func wait(hasMore: Bool) {
        if hasMore && isStopping == nil { return inbox.wait(orReadable: -1, timeout: .zero) }
        if isStopping != nil || !mayRead { return inbox.wait(orReadable: -1, timeout: patience) }
        // A writer that writes line by line wakes once for many lines, not for each.
        if .now - lastRead < Self.coalescing {
            return inbox.wait(orReadable: -1, timeout: min(patience, Self.coalescing))
        }
        inbox.wait(orReadable: tailer.watchDescriptor, timeout: patience)
    }

    /// How long there is nothing to do unless something happens.
    private var patience: Duration {
        if isStopping != nil { return .milliseconds(100) }
        var patience = min(tailer.timeToReconcile, once ? .milliseconds(100) : .seconds(1))
        if !hasFinishedSources { for source in metrics { patience = min(patience, source.timeLeft) } }
        let now = ContinuousClock.now
        for assembler in assemblers.values {
            guard let since = assembler.since else { continue }
            patience = min(patience, max(.zero, configuration.collector.lingerLimit - (now - since)))
        }
        if hasChanges { patience = min(patience, max(.zero, Self.commitInterval - (now - lastCommit))) }
        return patience
    }

    /// Whether everything that was read has been acknowledged.
    var isDrained: Bool { shipments.isEmpty && assemblers.values.allSatisfy(\.isEmpty) }

    private var isDone: Bool {
        if let since = isStopping { return isDrained || .now - since > stopPatience }
        guard once, isDrained, tailer.nextReadable() == nil, metrics.allSatisfy(\.wasSampled), replays.isDrained,
            spools.allSatisfy(\.isDrained)
        else { return false }
        return !tailer.takeEndsAsFinal()
    }

    func takeMessages() {
        for message in inbox.takeAll() {
            switch message {
            case .acknowledged(let tag): acknowledged(tag)
            case .refused(let records):
                unkept.append(records)
                keepRefused()
            case .lost(let tag, let kept): lost(tag, kept)
            case .takenBack(let tag, let kept): takeBack(tag, kept)
            case .topic(let topic, let partitions):
                learn(topic, partitions: partitions)
                topicProblems[topic] = nil
            case .topicProblem(let topic, let reason): topicProblems[topic] = reason
            case .sampled: break
            case .control(let task): take(task)
            case .directory(.madeAnew): hasNewDirectory = true
            case .directory(.taken(let reason)): dispossession = AgentError(reason)
            case .incident(let incident): counters.count(incident)
            case .stop: if isStopping == nil { isStopping = .now }
            }
        }
    }
}

/// What the pipeline did since it was made.
struct PipelineCounters: Sendable {
    var recordsRead: Int64 = 0
    var recordsDelivered: Int64 = 0
    var recordsDeadLettered: Int64 = 0
    /// Metrics that could not be written to their spool.
    var samplesDropped: Int64 = 0
    /// Batches of an earlier life that were built again, and those that could not be.
    var batchesRebuilt: Int64 = 0
    var batchesNotRebuilt: Int64 = 0
    /// Of the latter, those that the cluster did not have: their lines are read as new ones, where they are still there.
    var batchesLost: Int64 = 0
    /// Of those, what was no longer there.
    var recordsLost: Int64 = 0
    /// Records whose partition was deleted before it acknowledged them: they are read again.
    var recordsTakenBack: Int64 = 0
    /// Records that may be stored twice, as far as that is known.
    var recordsMayBeDoubled: Int64 = 0
    /// How often the state directory was removed while it was in use.
    var stateDirectoriesMadeAnew: Int64 = 0
    /// Records that were acknowledged, and that no broker has any longer.
    var recordsLostByBroker: Int64 = 0

    mutating func count(_ incident: ProducerIncident) {
        switch incident {
        case .mayBeDoubled(_, let records): recordsMayBeDoubled += records
        case .lostByBroker(_, let records): recordsLostByBroker += records
        case .stateIsOld, .topicIsAnother, .clusterIsAnother: break
        }
    }
}
