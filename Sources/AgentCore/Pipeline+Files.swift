internal import FileTailing
internal import KafkaClient
internal import Primitives
internal import RecordBatches

// Lines from files into batches.
extension Pipeline {
    /// Bytes of one file in one turn, so that a flood in one keeps the others waiting for a moment only.
    private static let turn = 256 << 10
    /// Batches of one partition that are not answered, at the most: five are in flight, the others have the next ready
    /// when an answer comes. More would only take memory.
    private static let batchesPerPartition = 8
    /// How long files are read before everything else has its turn: metrics, waiting lines, what is to be stored.
    private static let readingTurn = Duration.milliseconds(20)

    var bytesHeld: Int {
        assemblers.values.reduce(shipper.bytesHeld + shipmentBytes) { $0 + $1.heldBytes }
    }

    var mayRead: Bool { bytesHeld < configuration.memoryLimit - 2 * configuration.collector.batchBytes }

    /// - Returns: whether there is more to read at once.
    func readFiles() -> Bool {
        // The memory of many empty batches must not keep the next lines out.
        if !mayRead { for assembler in assemblers.values { assembler.rest() } }
        let end = ContinuousClock.now + Self.readingTurn
        var skipped: Set<TailedFileID> = []
        lookElsewhere()
        while mayRead, let file = tailer.nextReadable() {
            guard unresolved[file] == nil, !takenBack.contains(file), let route = route(of: file),
                !isFull(route.assembler)
            else {
                // Its place is not known yet, or has enough to do.
                if !skipped.insert(file).inserted { return false }
                continue
            }
            let outcome = read(file, route)
            if tailer.hasUnstoredEvidence { commit(force: true) }
            if outcome.lines > 0 {
                lastRead = .now
                skipped.removeAll()
            }
            takeMessages()
            if isStopping != nil { return false }
            if .now >= end { return true }
        }
        return false
    }

    private func read(_ file: TailedFileID, _ route: Route) -> ReadOutcome {
        guard let cut = tailer.cut(of: file) else { return tailer.read(file, limit: Self.turn) { _, _ in false } }
        let now = clock.now()
        let assembler = route.assembler
        let key = route.key
        var goOn = true
        var lineBytes: Int64 = 0
        var held = assembler.heldBytes
        assembler.begin(file, source: route.source, cut: cut)
        let outcome = tailer.read(file, limit: Self.turn) { line, info in
            var mustLook = false
            while !assembler.add(key: key.rawBytes, line: line, timestamp: now, info) {
                assembler.prove(tailer.guardWhileReading(file, at: assembler.end))
                ship(assembler)
                mustLook = true
            }
            lineBytes += info.end - info.start
            // Asked only where the answer may have changed: it counts everything that is held.
            if mustLook || assembler.heldBytes != held {
                held = assembler.heldBytes
                goOn = mayRead && !isFull(assembler)
            }
            return goOn
        }
        assembler.prove(tailer.readGuard(of: file))
        if outcome.bytes > 0 {
            ledger.change(route.source) { ledger in
                ledger.read = ledger.read + RecordShare(records: outcome.lines, bytes: outcome.bytes)
                ledger.bytesSkipped += outcome.bytes - lineBytes
            }
            counters.recordsRead += Int64(outcome.lines)
        }
        return outcome
    }

    func isFull(_ assembler: BatchAssembler) -> Bool { assembler.underWay.count >= Self.batchesPerPartition }

    func assembler(_ place: TopicPartition) -> BatchAssembler {
        if let assembler = assemblers[place] { return assembler }
        let assembler = BatchAssembler(place, limit: configuration.collector.batchBytes)
        assemblers[place] = assembler
        return assembler
    }

    // MARK: Batches

    /// A batch leaves when it is full; when nothing of its partition is under way, so that a lone line waits for nobody;
    /// or when its first line has waited for the linger's limit.
    func sealWhatIsDue() {
        for assembler in assemblers.values where !assembler.isEmpty {
            guard let since = assembler.since else { continue }
            if assembler.underWay.isEmpty || isStopping != nil || .now - since >= configuration.collector.lingerLimit {
                ship(assembler)
            }
        }
    }

    private func ship(_ assembler: BatchAssembler) {
        let tag = send(assembler.seal(compressor))
        assembler.underWay.append(tag)
    }

    /// Tells the journal where a batch can be had again, and hands it to the producer.
    func send(_ sealed: Shipment) -> BatchTag {
        let tag = BatchTag(value: nextTag)
        nextTag += 1
        var shipment = sealed
        guard let batch = shipment.batch else { preconditionFailure("BUG: a batch without records is sent") }
        hold(tag, &shipment)
        journal.describe(tag.value, shipment.origin, shipment.timestamp)
        shipper.ship(batch, topic: shipment.place.topic, partition: shipment.place.partition, tag: tag)
        return tag
    }
}
