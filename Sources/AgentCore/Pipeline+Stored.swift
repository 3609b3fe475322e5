internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import Logging
internal import Primitives
internal import RecordBatches

// Input that cannot be read again: it is on disk, whole, before it is sent, and stays there while the cluster is away.
extension Pipeline {
    /// Batches of one spool that are under way, at the most: the others stay on disk.
    private static let batchesPerSpool = 4

    // MARK: In

    func sampleMetrics() {
        for index in metrics.indices where metrics[index].isDue {
            let own = metrics[index].reportsAgent ? status.figures(now: clock.now()) : []
            take(metrics[index].sample(own: own), of: metrics[index])
        }
    }

    /// Ends sources, for a stop or since they have others in their place: what they have put together so far is stored.
    func finish(_ sources: some Sequence<MetricsSource>) {
        for var source in sources { take(source.finish(), of: source) }
    }

    private func take(_ yield: MetricsSource.Yield, of source: MetricsSource) {
        for notice in yield.notices { logger.notice("\(source.name): \(notice)") }
        for warning in yield.warnings { logger.warning("\(source.name): \(warning)") }
        store(yield.records, of: source.name, for: source.topic)
    }

    private func store(_ records: [[UInt8]], of source: String, for topic: String) {
        guard let spool = spools.first(where: { $0.name == StoredBatches.spoolName(of: source) }) else {
            preconditionFailure("BUG: the source \(source) has no spool")
        }
        let key = recordKey(host: configuration.hostName, Array(source.utf8))
        let now = clock.now()
        let builder = RecordBatchBuilder(limit: configuration.collector.batchBytes)
        for record in records {
            if !builder.append(key: key.rawBytes, value: record.rawBytes, timestamp: now) {
                put(builder.seal(with: compressor), source, topic, key, into: spool)
                _ = builder.append(key: key.rawBytes, value: record.rawBytes, timestamp: now)
            }
        }
        if !builder.isEmpty { put(builder.seal(with: compressor), source, topic, key, into: spool) }
    }

    private func put(_ batch: SealedBatch, _ source: String, _ topic: String, _ key: [UInt8], into spool: Spool) {
        let share = RecordShare(records: batch.recordCount, bytes: Int64(batch.uncompressedBytes))
        counters.recordsRead += Int64(share.records)
        ledger.change(source) { $0.read = $0.read + share }
        do throws(FileError) {
            let file = try spool.append { ordinal in
                SpoolEntry(
                    ordinal: ordinal, source: source, topic: topic, partition: nil, key: key,
                    written: batch.header.baseTimestamp, batch: batch)
            }
            journal.noteSpoolChange(file)
            if isSpoolFailing { logger.notice("samples can be stored again") }
            isSpoolFailing = false
        } catch {
            counters.samplesDropped += Int64(share.records)
            ledger.change(source) { $0.dropped = $0.dropped + share }
            if !isSpoolFailing { logger.error("samples are lost until they can be stored: \(error)") }
            isSpoolFailing = true
        }
        bookDropped(of: spool, source)
    }

    private func bookDropped(of spool: Spool, _ source: String) {
        guard let dropped = spool.takeDropped() else { return }
        logger.error(
            "\(dropped.own.records + dropped.earlier.records) samples of \(source) were given up: the oldest in a full spool, or unreadable",
            metadata: ["limit": "\(configuration.spoolLimit)"])
        ledger.change(source) { ledger in
            ledger.read = ledger.read + dropped.earlier
            ledger.dropped = ledger.dropped + dropped.own + dropped.earlier
        }
    }

    // MARK: Out

    /// Sends what is stored, as far as there is room.
    func sendStored() {
        if !homeless.isEmpty { homeless = homeless.filter { !sendAgain($0) } }
        for spool in spools {
            while spool.hasUnsent, spool.batchesUnderWay < Self.batchesPerSpool, mayRead || spool.batchesUnderWay == 0 {
                guard sendNext(of: spool) else { break }
            }
        }
        replays.look()
        while replays.batchesUnderWay < Self.batchesPerSpool,
            let entry = replays.next(onDamage: { logger.error("\($0) is no dead letter, and stays where it is") })
        {
            let place = TopicPartition(topic: entry.topic, partition: entry.partition ?? 0)
            _ = send(entry, to: place, from: Replays.name, isEarlier: true)
            replays.sent(entry.ordinal)
        }
    }

    private func sendNext(of spool: Spool) -> Bool {
        do throws(FileError) {
            guard let entry = try spool.next() else {
                bookDropped(of: spool, spool.name)
                return false
            }
            guard let place = place(of: entry, in: spool) else { return false }
            // In order: what was sent to a place that is not the source's any more is answered first, or taken back.
            if let newest = spool.newestUnderWay, let before = shipments[newest], before.place != place { return false }
            if topicOfSource[entry.source] != entry.topic { mayHaveReleased = true }
            let tag = send(entry, to: place, from: spool.name, isEarlier: spool.isEarlier(entry.ordinal))
            spool.sent(entry.ordinal, entry.part.share, as: tag)
            return true
        } catch {
            if !isSpoolFailing { logger.error("a spool cannot be read; it is tried again: \(error)") }
            isSpoolFailing = true
            return false
        }
    }

    /// Sends a batch that was taken back to where its source's records go now.
    ///
    /// - Returns: false where that is not known yet.
    private func sendAgain(_ old: BatchTag) -> Bool {
        guard let shipment = shipments[old], let reference = shipment.spool else { return true }
        let spool = spools.first { $0.name == reference.spool }
        do throws(FileError) {
            let stored =
                reference.spool == Replays.name
                ? try replays.entry(reference.ordinal) : try spool?.entry(reference.ordinal)
            guard var entry = stored else {
                dropHomeless(old, shipment, reference)
                return true
            }
            if releasedTopics.contains(entry.topic), let topic = topicOfSource[entry.source] { entry.topic = topic }
            guard let place = spool.map({ place(of: entry, in: $0) }) ?? placeOfLetter(entry) else { return false }
            shipments[old] = nil
            // What was refused of it is sent, and counted, again.
            for (index, share) in shipment.refused {
                ledger.change(shipment.parts[index].source) { $0.read = $0.read + share }
            }
            let tag = send(entry, to: place, from: reference.spool, isEarlier: false)
            spool?.sentAgain(old, as: tag)
            return true
        } catch {
            if !isSpoolFailing { logger.error("a spool cannot be read; it is tried again: \(error)") }
            isSpoolFailing = true
            return false
        }
    }

    /// It is no longer in its spool, which was full, or damaged.
    private func dropHomeless(_ tag: BatchTag, _ shipment: Shipment, _ reference: SpoolReference) {
        for (index, part) in shipment.parts.enumerated() {
            let share = part.share - (shipment.refused[index] ?? RecordShare())
            logger.error(
                "\(share.records) records of \(part.source) were given up: their partition is gone, and so are they")
            ledger.change(part.source) { $0.dropped = $0.dropped + share }
        }
        shipments[tag] = nil
        closeStored(tag, reference)
    }

    /// A letter goes to the partition that refused it, as long as the topic has that.
    private func placeOfLetter(_ entry: SpoolEntry) -> TopicPartition? {
        guard let count = partitionCounts[entry.topic] else { return nil }
        if let partition = entry.partition, partition < count {
            return TopicPartition(topic: entry.topic, partition: partition)
        }
        return TopicPartition(
            topic: entry.topic, partition: Int32(defaultPartition(forKey: entry.key.rawBytes, partitionCount: count)))
    }

    /// Where a spool's records go, for all its life as long as the topic has that partition.
    private func place(of entry: SpoolEntry, in spool: Spool) -> TopicPartition? {
        let count = partitionCounts[entry.topic]
        if let stored = sourcePlacements[spool.name], stored.topic == entry.topic,
            count.map({ stored.partition < $0 }) ?? true
        {
            return stored
        }
        guard let count else { return nil }
        let partition = defaultPartition(forKey: entry.key.rawBytes, partitionCount: count)
        let place = TopicPartition(topic: entry.topic, partition: Int32(partition))
        sourcePlacements[spool.name] = place
        entries.append(.sourcePlacement(spool.name, place))
        return place
    }

    private func send(_ entry: SpoolEntry, to place: TopicPartition, from spool: String, isEarlier: Bool) -> BatchTag {
        if isEarlier {
            counters.recordsRead += Int64(entry.batch.recordCount)
            ledger.change(entry.source) { $0.read = $0.read + entry.part.share }
        }
        return send(
            Shipment(
                place: place, timestamp: entry.batch.header.baseTimestamp, parts: [entry.part],
                spool: SpoolReference(spool: spool, ordinal: entry.ordinal), batch: entry.batch))
    }

    /// A batch from a spool was answered.
    func closeStored(_ tag: BatchTag, _ reference: SpoolReference) {
        if reference.spool == Replays.name {
            do throws(FileError) {
                // Before the journal forgets it: or it would be sent as a new one.
                try replays.answered(reference.ordinal)
                answered.append(tag.value)
            } catch {
                logger.error("a dead letter was replayed, and cannot be removed: \(error)")
            }
            return
        }
        guard let spool = spools.first(where: { $0.name == reference.spool }) else { return answered.append(tag.value) }
        guard let done = spool.answered(tag) else { return }
        answered += done.tags.map(\.value)
        spoolsDone[spool.name] = done.through
    }
}
