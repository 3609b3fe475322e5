internal import FileAccess
internal import FileTailing
internal import HostMetrics
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// The agent's own thread: reads sources, fills batches, ships them, and keeps track of what was acknowledged.
final class Pipeline {
    /// How long acknowledgements may take after a stop.
    private static let stopPatience = Duration.seconds(10)
    /// Bytes of one file in one turn, so that a flood in one keeps the others waiting for a moment only.
    private static let turn = 256 << 10
    /// Batches of one partition that are not answered, at the most: five are in flight, the others have the next ready
    /// when an answer comes. More would only take memory.
    private static let batchesPerPartition = 8
    /// While lines keep coming, files are looked at this often and not at each write; it is what a line waits at most.
    private static let coalescing = Duration.milliseconds(5)
    /// How often what was acknowledged is stored.
    private static let commitInterval = Duration.milliseconds(500)

    private let configuration: AgentConfiguration
    private let inbox: Inbox<PipelineMessage>
    private let shipper: any Shipper
    private let clock: any WallClock
    private let logger: Logger
    private let once: Bool
    private let store: CheckpointStore
    private let deadLetters: DeadLetters
    private let tailer: Tailer
    private var metrics: [MetricsSource]
    private let compressor: BatchCompressor
    private let topicOfSource: [String: String]

    private var partitionCounts: [String: Int] = [:]
    private var assemblers: [CheckpointStore.Placement: BatchAssembler] = [:]
    private var routes: [TailedFileID: Route] = [:]
    private var shipments: [BatchTag: Shipment] = [:]
    private var nextTag: UInt64 = 0
    private var isStopping: ContinuousClock.Instant?
    private var lastRead = ContinuousClock.now
    private var lastCommit = ContinuousClock.now
    private(set) var counters = PipelineCounters()

    /// Where a file's lines go.
    private struct Route {
        var key: [UInt8]
        var assembler: BatchAssembler
    }

    init(
        _ configuration: AgentConfiguration, inbox: Inbox<PipelineMessage>, shipper: any Shipper,
        fileSystem: any FileSystem, clock: any WallClock, logger: Logger, once: Bool
    ) throws {
        self.configuration = configuration
        self.inbox = inbox
        self.shipper = shipper
        self.clock = clock
        self.logger = logger
        self.once = once
        let directory = FilePath(configuration.stateDirectory)
        store = try CheckpointStore(in: directory, fileSystem: fileSystem)
        if store.cutBytes > 0 {
            logger.notice("cut \(store.cutBytes) bytes of an unfinished write from the checkpoints")
        }
        deadLetters = DeadLetters(in: directory, fileSystem: fileSystem)
        compressor = try BatchCompressor(configuration.collector.compression.codec)
        let (files, metrics) = try configuration.split(fileSystem: fileSystem, clock: clock)
        self.metrics = metrics
        topicOfSource = Dictionary(uniqueKeysWithValues: configuration.sources.map { ($0.name, $0.topic) })
        let watcher: InotifyWatcher?
        do throws(FileError) {
            watcher = try InotifyWatcher()
        } catch {
            logger.warning("files are polled, since inotify cannot be used: \(error)")
            watcher = nil
        }
        tailer = Tailer(
            sources: files, fileSystem: fileSystem, watcher: watcher, resuming: Array(store.files.values),
            startedBefore: store.sources, clock: clock)
        for file in files { store.start(source: file.name) }
    }

    /// Runs until it is stopped; with `once`, until everything was read and acknowledged.
    ///
    /// - Throws: where the state directory cannot be written to: going on would only send everything twice.
    func run() throws {
        while true {
            takeMessages()
            if isStopping == nil {
                tailer.reconcile()
                // New files are stored before their first line leaves.
                try commit(force: false)
                readFiles()
                sampleMetrics()
            }
            sealWhatIsDue()
            tellProblems()
            try commit(force: false)
            if isDone { break }
            wait()
        }
        try commit(force: true)
    }

    private func wait() {
        if isStopping != nil || !mayRead { return inbox.wait(orReadable: -1, timeout: patience) }
        // A writer that writes line by line wakes once for many lines, not for each.
        if .now - lastRead < Self.coalescing {
            return inbox.wait(orReadable: -1, timeout: min(patience, Self.coalescing))
        }
        inbox.wait(orReadable: tailer.watchDescriptor, timeout: patience)
    }

    /// Whether everything that was read has been acknowledged.
    var isDrained: Bool { shipments.isEmpty && assemblers.values.allSatisfy(\.isEmpty) }

    private var isDone: Bool {
        if let since = isStopping { return isDrained || .now - since > Self.stopPatience }
        guard once, isDrained, tailer.nextReadable() == nil, metrics.allSatisfy(\.wasSampled) else { return false }
        return !tailer.takeEndsAsFinal()
    }

    // MARK: Messages

    private func takeMessages() {
        for message in inbox.takeAll() {
            switch message {
            case .acknowledged(let tag): finish(tag, refusal: nil)
            case .refused(let tag, let code): finish(tag, refusal: code)
            case .topic(let topic, let partitions): partitionCounts[topic] = partitions
            case .stop: if isStopping == nil { isStopping = .now }
            }
        }
    }

    private func finish(_ tag: BatchTag, refusal: ErrorCode?) {
        guard let shipment = shipments.removeValue(forKey: tag) else {
            preconditionFailure("BUG: batch \(tag.value) was answered twice")
        }
        if let refusal, !keep(shipment, refusal) { return }
        let placement = CheckpointStore.Placement(topic: shipment.topic, partition: shipment.partition)
        assemblers[placement]?.inFlight -= 1
        counters.recordsDelivered += refusal == nil ? Int64(shipment.records) : 0
        for (file, end) in shipment.ends { tailer.acknowledge(file, upTo: end) }
    }

    /// - Returns: false where the dead letters could not be written either: the lines then stay unacknowledged, and are
    ///   tried again after a restart.
    private func keep(_ shipment: Shipment, _ refusal: ErrorCode) -> Bool {
        counters.recordsDeadLettered += Int64(shipment.records)
        do throws(FileError) {
            let path = try deadLetters.keep(shipment.batch, topic: shipment.topic, partition: shipment.partition)
            logger.error(
                "\(shipment.records) records for \(shipment.topic)-\(shipment.partition) were refused with \(refusal); they are in \(path)"
            )
            return true
        } catch {
            logger.critical(
                "\(shipment.records) records were refused with \(refusal), and cannot be kept: \(error)")
            return false
        }
    }

    // MARK: Files

    private var bytesHeld: Int { assemblers.values.reduce(shipper.bytesHeld) { $0 + $1.heldBytes } }

    private var mayRead: Bool { bytesHeld < configuration.memoryLimit - 2 * configuration.collector.batchBytes }

    private func readFiles() {
        var skipped: Set<TailedFileID> = []
        while mayRead, let file = tailer.nextReadable() {
            guard let route = route(of: file), !isFull(route.assembler) else {
                // Its topic is not known yet, or its partition has enough to do.
                if !skipped.insert(file).inserted { return }
                continue
            }
            let outcome = read(file, route)
            if outcome.lines > 0 { lastRead = .now }
            takeMessages()
            if isStopping != nil { return }
        }
    }

    private func read(_ file: TailedFileID, _ route: Route) -> ReadOutcome {
        let now = clock.now()
        let assembler = route.assembler
        let key = route.key
        // What is held changes only when a batch is shipped; asking for each line would cost more than the line.
        var goOn = true
        let outcome = tailer.read(file, limit: Self.turn) { line, info in
            let headers = info.headers
            while !assembler.add(
                key: key.rawBytes, line: line, timestamp: now, headers: headers, file: file, end: info.end)
            {
                ship(assembler)
                goOn = mayRead && !isFull(assembler)
            }
            return goOn
        }
        counters.recordsRead += Int64(outcome.lines)
        return outcome
    }

    private func isFull(_ assembler: BatchAssembler) -> Bool { assembler.inFlight >= Self.batchesPerPartition }

    private func route(of file: TailedFileID) -> Route? {
        if let route = routes[file] { return route }
        guard let checkpoint = tailer.checkpoint(of: file), let topic = topicOfSource[checkpoint.source] else {
            return nil
        }
        let key = Array(configuration.hostName.utf8) + [UInt8(ascii: ":")] + checkpoint.originalPath.bytes
        let placement: CheckpointStore.Placement
        if let stored = store.placements[file], stored.topic == topic {
            placement = stored
        } else {
            guard let count = partitionCounts[topic] else { return nil }
            placement = CheckpointStore.Placement(
                topic: topic, partition: Int32(defaultPartition(forKey: key.rawBytes, partitionCount: count)))
            store.place(file, placement)
        }
        let route = Route(key: key, assembler: assembler(placement))
        routes[file] = route
        return route
    }

    private func assembler(_ placement: CheckpointStore.Placement) -> BatchAssembler {
        if let assembler = assemblers[placement] { return assembler }
        let assembler = BatchAssembler(
            topic: placement.topic, partition: placement.partition, limit: configuration.collector.batchBytes)
        assemblers[placement] = assembler
        return assembler
    }

    // MARK: Metrics

    private func sampleMetrics() {
        for index in metrics.indices where metrics[index].isDue {
            let topic = metrics[index].topic
            guard let count = partitionCounts[topic] else { continue }
            let (records, changes) = metrics[index].sample()
            for change in changes { logger.warning("\(change)") }
            let key = Array("\(configuration.hostName):\(metrics[index].name)".utf8)
            guard mayRead else {
                counters.samplesDropped += Int64(records.count)
                continue
            }
            let assembler = assembler(
                CheckpointStore.Placement(
                    topic: topic, partition: Int32(defaultPartition(forKey: key.rawBytes, partitionCount: count))))
            let now = clock.now()
            for record in records {
                while !assembler.add(key: key.rawBytes, value: record.rawBytes, timestamp: now) { ship(assembler) }
            }
            counters.recordsRead += Int64(records.count)
        }
    }

    // MARK: Batches

    /// A batch leaves when it is full; when nothing of its partition is under way, so that a lone line waits for nobody;
    /// or when its first line has waited for the linger's limit.
    private func sealWhatIsDue() {
        for assembler in assemblers.values where !assembler.isEmpty {
            guard let since = assembler.since else { continue }
            if assembler.inFlight == 0 || isStopping != nil || .now - since >= configuration.collector.lingerLimit {
                ship(assembler)
            }
        }
    }

    private func ship(_ assembler: BatchAssembler) {
        let shipment = assembler.seal(compressor)
        let tag = BatchTag(value: nextTag)
        nextTag += 1
        assembler.inFlight += 1
        shipments[tag] = shipment
        shipper.ship(shipment.batch, topic: shipment.topic, partition: shipment.partition, tag: tag)
    }

    /// How long there is nothing to do unless something happens.
    private var patience: Duration {
        if isStopping != nil { return .milliseconds(100) }
        var patience = min(tailer.timeToReconcile, once ? .milliseconds(100) : .seconds(1))
        for source in metrics where partitionCounts[source.topic] != nil { patience = min(patience, source.timeLeft) }
        let now = ContinuousClock.now
        for assembler in assemblers.values {
            guard let since = assembler.since else { continue }
            patience = min(patience, max(.zero, configuration.collector.lingerLimit - (now - since)))
        }
        if store.hasChanges { patience = min(patience, max(.zero, Self.commitInterval - (now - lastCommit))) }
        return patience
    }

    // MARK: State

    private func commit(force: Bool) throws {
        for checkpoint in tailer.takeChangedCheckpoints() { store.put(checkpoint) }
        for retired in tailer.takeRetired() {
            store.retire(retired.id)
            routes[retired.id] = nil
            if retired.bytesLost > 0 {
                logger.error("\(retired.bytesLost) bytes of a file went before they could be read (\(retired.reason))")
            }
        }
        guard store.hasChanges, force || .now - lastCommit >= Self.commitInterval else { return }
        do throws(FileError) {
            try store.commit()
        } catch {
            throw AgentError("cannot store how far files are acknowledged: \(error)")
        }
        lastCommit = .now
    }

    private func tellProblems() {
        for problem in tailer.takeProblems() { logger.warning("cannot read \(problem.path): \(problem.error)") }
        if .now - lastRead > .seconds(2) { for assembler in assemblers.values { assembler.rest() } }
    }
}

/// What the pipeline did since it was made.
struct PipelineCounters: Sendable {
    var recordsRead: Int64 = 0
    var recordsDelivered: Int64 = 0
    var recordsDeadLettered: Int64 = 0
    /// Metrics that were not taken because the memory limit was reached.
    var samplesDropped: Int64 = 0
}

extension LineInfo {
    /// The record's headers: only where there is something to say.
    var headers: RecordHeaders? {
        if case .whole = part { return isUnterminated ? Self.unterminated : nil }
        var fields: [(key: String, value: [UInt8])] = []
        switch part {
        case .whole: break
        case .firstFragment: fields.append(("fragment", Array("0".utf8)))
        case .middleFragment(let index): fields.append(("fragment", Array("\(index)".utf8)))
        case .lastFragment(let index):
            fields.append(("fragment", Array("\(index)".utf8)))
            fields.append(("fragment.last", Array("true".utf8)))
        case .truncated(let length):
            fields.append(("truncated", Array("true".utf8)))
            fields.append(("original_bytes", Array("\(length)".utf8)))
        }
        if isUnterminated { fields.append(("unterminated", Array("true".utf8))) }
        return RecordHeaders(fields)
    }

    private static let unterminated = RecordHeaders([("unterminated", Array("true".utf8))])
}
