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
    /// Bytes of one file in one turn, so that a flood in one keeps the others waiting for a moment only.
    private static let turn = 256 << 10
    /// Batches of one partition that are not answered, at the most: five are in flight, the others have the next ready
    /// when an answer comes. More would only take memory.
    private static let batchesPerPartition = 8
    /// How long files are read before everything else has its turn: metrics, waiting lines, what is to be stored.
    private static let readingTurn = Duration.milliseconds(20)
    /// While lines keep coming, files are looked at this often and not at each write; it is what a line waits at most.
    private static let coalescing = Duration.milliseconds(5)
    /// How often what was acknowledged is stored.
    private static let commitInterval = Duration.milliseconds(500)

    var configuration: AgentConfiguration
    let fileSystem: any FileSystem
    private let inbox: Inbox<PipelineMessage>
    private let shipper: any Shipper
    let clock: any WallClock
    private let logger: Logger
    private let once: Bool
    private let stopPatience: Duration
    let store: CheckpointStore
    private let deadLetters: DeadLetters
    let tailer: Tailer
    var metrics: [MetricsSource]
    private let compressor: BatchCompressor
    var topicOfSource: [String: String]

    private var partitionCounts: [String: Int] = [:]
    private var assemblers: [CheckpointStore.Placement: BatchAssembler] = [:]
    var routes: [TailedFileID: Route] = [:]
    private var shipments: [BatchTag: Shipment] = [:]
    private var nextTag: UInt64 = 0
    private var isStopping: ContinuousClock.Instant?
    private var lastRead = ContinuousClock.now
    /// Long ago, so that which sources were started is stored at once.
    private var lastCommit = ContinuousClock.now.advanced(by: .seconds(-60))
    private var shipmentBytes = 0
    private(set) var counters = PipelineCounters()

    /// Where a file's lines go.
    struct Route {
        var key: [UInt8]
        var assembler: BatchAssembler
    }

    /// - Parameter stopPatience: how long acknowledgements may take after a stop.
    init(
        _ configuration: AgentConfiguration, inbox: Inbox<PipelineMessage>, shipper: any Shipper,
        fileSystem: any FileSystem, clock: any WallClock, logger: Logger, once: Bool,
        stopPatience: Duration = .seconds(10)
    ) throws {
        self.configuration = configuration
        self.inbox = inbox
        self.fileSystem = fileSystem
        self.shipper = shipper
        self.clock = clock
        self.logger = logger
        self.once = once
        self.stopPatience = stopPatience
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
            startedBefore: store.sources, clock: clock, limits: configuration.tailLimits)
        for file in files { store.start(source: file.name) }
    }

    /// Runs until it is stopped; with `once`, until everything was read and acknowledged.
    ///
    /// - Throws: where the state directory cannot be written to: going on would only send everything twice.
    func run() throws {
        while true {
            var hasMore = false
            try takeMessages()
            if isStopping == nil {
                tailer.reconcile()
                // New files are stored before their first line leaves.
                try commit(force: false)
                hasMore = try readFiles()
                sampleMetrics()
            }
            sealWhatIsDue()
            tellProblems()
            try commit(force: false)
            if isDone { break }
            wait(hasMore: hasMore)
        }
        try commit(force: true)
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

    /// Whether everything that was read has been acknowledged.
    var isDrained: Bool { shipments.isEmpty && assemblers.values.allSatisfy(\.isEmpty) }

    private var isDone: Bool {
        if let since = isStopping { return isDrained || .now - since > stopPatience }
        guard once, isDrained, tailer.nextReadable() == nil, metrics.allSatisfy(\.wasSampled) else { return false }
        return !tailer.takeEndsAsFinal()
    }

    // MARK: Messages

    private func takeMessages() throws(AgentError) {
        for message in inbox.takeAll() {
            switch message {
            case .acknowledged(let tag): try finish(tag, refusal: nil)
            case .refused(let tag, let code): try finish(tag, refusal: code)
            case .topic(let topic, let partitions): partitionCounts[topic] = partitions
            case .control(let task): take(task)
            case .stop: if isStopping == nil { isStopping = .now }
            }
        }
    }

    private func finish(_ tag: BatchTag, refusal: ErrorCode?) throws(AgentError) {
        guard var shipment = shipments[tag], let batch = shipment.batch else {
            preconditionFailure("BUG: batch \(tag.value) was answered twice")
        }
        if let refusal {
            try keep(batch, shipment, refusal)
        } else {
            counters.recordsDelivered += Int64(shipment.records)
        }
        shipmentBytes -= shipment.heldBytes
        shipment.batch = nil
        shipments[tag] = shipment
        let placement = CheckpointStore.Placement(topic: shipment.topic, partition: shipment.partition)
        if let assembler = assemblers[placement] { acknowledgeFiles(of: assembler) }
    }

    /// A position stands for all lines before it, so a batch that is answered before an older one of its partition waits
    /// for that.
    private func acknowledgeFiles(of assembler: BatchAssembler) {
        while let oldest = assembler.underWay.first, let shipment = shipments[oldest], shipment.isAnswered {
            assembler.underWay.removeFirst()
            shipments[oldest] = nil
            for (file, end) in shipment.ends { tailer.acknowledge(file, upTo: end) }
        }
    }

    /// - Throws: where the dead letters cannot be written either. Going on would acknowledge later lines, and with them
    ///   these; so the agent ends, and tries them again when it is started again.
    private func keep(_ batch: SealedBatch, _ shipment: Shipment, _ refusal: ErrorCode) throws(AgentError) {
        do throws(FileError) {
            let path = try deadLetters.keep(batch, topic: shipment.topic, partition: shipment.partition)
            counters.recordsDeadLettered += Int64(shipment.records)
            logger.error(
                "\(shipment.records) records for \(shipment.topic)-\(shipment.partition) were refused with \(refusal); they are in \(path)"
            )
        } catch {
            throw AgentError(
                "\(shipment.records) records for \(shipment.topic)-\(shipment.partition) were refused with \(refusal), "
                    + "and cannot be kept: \(error)")
        }
    }

    // MARK: Files

    private var bytesHeld: Int {
        assemblers.values.reduce(shipper.bytesHeld + shipmentBytes) { $0 + $1.heldBytes }
    }

    private var mayRead: Bool { bytesHeld < configuration.memoryLimit - 2 * configuration.collector.batchBytes }

    /// - Returns: whether there is more to read at once.
    private func readFiles() throws(AgentError) -> Bool {
        // The memory of many empty batches must not keep the next lines out.
        if !mayRead { for assembler in assemblers.values { assembler.rest() } }
        let end = ContinuousClock.now + Self.readingTurn
        var skipped: Set<TailedFileID> = []
        while mayRead, let file = tailer.nextReadable() {
            guard let route = route(of: file), !isFull(route.assembler) else {
                // Its topic is not known yet, or its partition has enough to do.
                if !skipped.insert(file).inserted { return false }
                continue
            }
            let outcome = read(file, route)
            if outcome.lines > 0 {
                lastRead = .now
                skipped.removeAll()
            }
            try takeMessages()
            if isStopping != nil { return false }
            if .now >= end { return true }
        }
        return false
    }

    private func read(_ file: TailedFileID, _ route: Route) -> ReadOutcome {
        let now = clock.now()
        let assembler = route.assembler
        let key = route.key
        var goOn = true
        let outcome = tailer.read(file, limit: Self.turn) { line, info in
            let headers = info.headers
            let heldBefore = assembler.heldBytes
            var mustLook = false
            while !assembler.add(
                key: key.rawBytes, line: line, timestamp: now, headers: headers, file: file, end: info.end)
            {
                ship(assembler)
                mustLook = true
            }
            // Asked only where the answer may have changed: it counts everything that is held.
            if mustLook || assembler.heldBytes != heldBefore { goOn = mayRead && !isFull(assembler) }
            return goOn
        }
        counters.recordsRead += Int64(outcome.lines)
        return outcome
    }

    private func isFull(_ assembler: BatchAssembler) -> Bool { assembler.underWay.count >= Self.batchesPerPartition }

    private func route(of file: TailedFileID) -> Route? {
        if let route = routes[file] { return route }
        guard let checkpoint = tailer.checkpoint(of: file), let topic = topicOfSource[checkpoint.source] else {
            return nil
        }
        let key = Array(configuration.hostName.utf8) + [UInt8(ascii: ":")] + checkpoint.originalPath.bytes
        let placement: CheckpointStore.Placement
        guard let count = partitionCounts[topic] else { return nil }
        // Kept when the topic grows; but a topic that was made anew may have fewer.
        if let stored = store.placements[file], stored.topic == topic, stored.partition < count {
            placement = stored
        } else {
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
            if assembler.underWay.isEmpty || isStopping != nil || .now - since >= configuration.collector.lingerLimit {
                ship(assembler)
            }
        }
    }

    private func ship(_ assembler: BatchAssembler) {
        let shipment = assembler.seal(compressor)
        let tag = BatchTag(value: nextTag)
        nextTag += 1
        assembler.underWay.append(tag)
        shipments[tag] = shipment
        shipmentBytes += shipment.heldBytes
        guard let batch = shipment.batch else { preconditionFailure("BUG: a batch was answered before it was sent") }
        shipper.ship(batch, topic: shipment.topic, partition: shipment.partition, tag: tag)
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
        var isNew = false
        for checkpoint in tailer.takeChangedCheckpoints() {
            if store.files[checkpoint.id] == nil { isNew = true }
            store.put(checkpoint)
        }
        for retired in tailer.takeRetired() {
            store.retire(retired.id)
            routes[retired.id] = nil
            if retired.bytesLost > 0 {
                logger.error("\(retired.bytesLost) bytes of a file went before they could be read (\(retired.reason))")
            }
        }
        guard store.hasChanges, force || isNew || .now - lastCommit >= Self.commitInterval else { return }
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
