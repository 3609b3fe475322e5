internal import DequeModule
internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import RecordBatches

// What became of the batches.
extension Pipeline {
    /// A batch of an earlier life is in the producer's hands again.
    func resume(_ tag: BatchTag, _ rebuilt: Shipment, isSettled: Bool) {
        var shipment = rebuilt
        if shipment.isMissing { counters.batchesNotRebuilt += 1 } else { counters.batchesRebuilt += 1 }
        if !shipment.isMissing {
            for part in shipment.parts {
                counters.recordsRead += Int64(part.share.records)
                ledger.change(part.source) { $0.read = $0.read + part.share }
            }
        }
        hold(tag, &shipment)
        switch shipment.spool {
        case nil: assembler(shipment.place).underWay.append(tag)
        case let reference? where reference.spool == Replays.name: replays.sent(reference.ordinal)
        case let reference?:
            spools.first { $0.name == reference.spool }?.sent(reference.ordinal, RecordShare(), as: tag)
        }
        // Only the end of the tag was not told any more.
        if isSettled { acknowledged(tag) }
    }

    /// Keeps what has to be known of a batch until it is answered.
    func hold(_ tag: BatchTag, _ shipment: inout Shipment) {
        shipment.heldBytes = shipment.parts.reduce(shipment.batch?.byteCount ?? 0) { $0 + $1.extents.byteCount }
        shipmentBytes += shipment.heldBytes
        shipments[tag] = shipment
        for file in shipment.files { underWay[file, default: []].append(tag) }
    }

    func acknowledged(_ tag: BatchTag) {
        guard var shipment = shipments[tag], !shipment.isAnswered else {
            preconditionFailure("BUG: batch \(tag.value) was answered twice")
        }
        if !shipment.isMissing && !shipment.isTakenBack {
            for (index, part) in shipment.parts.enumerated() {
                let stored = part.share - (shipment.refused[index] ?? RecordShare())
                counters.recordsDelivered += Int64(stored.records)
                ledger.change(part.source) { $0.delivered = $0.delivered + stored }
            }
        }
        shipmentBytes -= shipment.heldBytes
        shipment.batch = nil
        if lookedInto?.tag == tag { lookedInto = nil }
        if shipment.isTakenBack && shipment.spool != nil {
            shipment.heldBytes = 0
            shipments[tag] = shipment
            homeless.append(tag)
            return
        }
        shipment.isAnswered = true
        shipments[tag] = shipment
        if shipment.isMissing && !shipment.isLost { resolve(shipment) }
        if let reference = shipment.spool {
            shipments[tag] = nil
            closeStored(tag, reference)
        } else {
            if let assembler = assemblers[shipment.place] { passAnswered(of: assembler) }
            acknowledgeFiles(from: tag)
        }
    }

    private func passAnswered(of assembler: BatchAssembler) {
        while let oldest = assembler.underWay.first, shipments[oldest]?.isAnswered ?? true {
            assembler.underWay.removeFirst()
        }
    }

    /// A position stands for all lines of the file before it, so a batch that is answered before an older one of its files
    /// waits for that, wherever that goes.
    private func acknowledgeFiles(from tag: BatchTag) {
        var candidates = [tag]
        while let tag = candidates.popLast() {
            guard let shipment = shipments[tag], shipment.isAnswered else { continue }
            let files = shipment.files
            guard files.allSatisfy({ underWay[$0]?.first == tag }) else { continue }
            shipments[tag] = nil
            answered.append(tag.value)
            if shipment.isLost || shipment.isTakenBack { broken.formUnion(files) } else { acknowledge(shipment) }
            for file in files {
                underWay[file]?.removeFirst()
                if let next = underWay[file]?.first {
                    candidates.append(next)
                } else {
                    underWay[file] = nil
                    goBack(file)
                }
            }
        }
    }

    private func acknowledge(_ shipment: Shipment) {
        for segment in shipment.parts.compactMap(\.segment) {
            if broken.contains(segment.file) {
                // Lines before these will be read again, and these with them.
                counters.count(.mayBeDoubled(shipment.place, records: Int64(segment.range.lines)))
                logger.error(
                    "\(segment.range.lines) records of \(shipment.place) are sent once more, behind those before them that were lost"
                )
            } else {
                acknowledge(segment)
            }
        }
    }

    private func acknowledge(_ segment: SourceSegment) {
        if tailer.checkpoint(of: segment.file) != nil {
            return tailer.acknowledge(segment.file, upTo: segment.range.end)
        }
        // Of a source that is not followed any more; it may be again.
        guard var checkpoint = unfollowed[segment.file], checkpoint.position < segment.range.end else { return }
        checkpoint.position = segment.range.end
        checkpoint.contentGuard = segment.range.contentGuard
        checkpoint.lineStart = nil
        checkpoint.size = max(checkpoint.size, checkpoint.position)
        unfollowed[segment.file] = checkpoint
        entries.append(.file(checkpoint))
    }

    // MARK: What is not stored

    /// The cluster does not have a batch that could not be built again. Its lines, where they are still there, are read as
    /// new ones: the files' positions stand before them.
    func lost(_ tag: BatchTag, _ kept: @escaping @Sendable () -> Void) {
        guard var shipment = shipments[tag], shipment.isMissing, !shipment.isAnswered else {
            preconditionFailure("BUG: batch \(tag.value) was lost, and could have been sent")
        }
        // Known to the journal before anything of those lines is sent anew.
        journal.note([.answered([tag.value])], confirm: kept)
        // Each piece of one that was cut is told.
        if shipment.isLost { return }
        shipment.isLost = true
        shipments[tag] = shipment
        counters.batchesLost += 1
        if shipment.spool != nil {
            logger.error("a batch for \(shipment.place) is lost: it is neither in its spool nor in the cluster")
        }
        for segment in shipment.parts.compactMap(\.segment) {
            takenBack.insert(segment.file)
            bookLost(segment, shipment.place)
        }
        elsewhere = nil
        resolve(shipment)
    }

    /// Lines are read again only where their file is known and stands before them.
    private func bookLost(_ segment: SourceSegment, _ place: TopicPartition) {
        let checkpoint = tailer.checkpoint(of: segment.file) ?? unfollowed[segment.file]
        if let checkpoint, checkpoint.position <= segment.range.start { return }
        counters.recordsLost += Int64(segment.range.lines)
        let path = checkpoint.map { "\($0.path)" } ?? "a file that is gone"
        logger.error(
            "\(segment.range.lines) lines of \(path) are lost: they are neither there any more nor in \(place)",
            metadata: ["from": "\(segment.range.start)", "to": "\(segment.range.end)"])
    }

    /// It is known what became of a batch that was not built again.
    private func resolve(_ shipment: Shipment) {
        for file in Set(shipment.parts.compactMap { $0.segment?.file }) {
            guard let left = unresolved[file] else { continue }
            unresolved[file] = left > 1 ? left - 1 : nil
        }
    }

    /// Keeps what was refused. What cannot be kept is tried again, and holds up nothing but its partition.
    func keepRefused() {
        if unkept.isEmpty { return }
        if let keepAgainAt, keepAgainAt > .now { return }
        while let refused = unkept.first, var shipment = shipments[refused.tag] {
            let count = refused.batch.recordCount
            let slices = shipment.slices(from: refused.position, count: count, values: valueLengths(refused.tag))
            let what =
                "\(count) records for \(shipment.place) were refused with \(refused.code)"
                + (refused.message.map { " (\($0))" } ?? "")
            do throws(FileError) {
                let path = try deadLetters.keep { letter(refused, shipment, slices, ordinal: $0) }
                logger.error("\(what); they are in \(path)")
            } catch {
                if keepAgainAt == nil {
                    logger.error("\(what), and cannot be kept; it is tried again until they can: \(error)")
                }
                keepAgainAt = .now + .seconds(1)
                return
            }
            keepAgainAt = nil
            unkept.removeFirst()
            counters.recordsDeadLettered += Int64(count)
            for slice in slices {
                shipment.refused[slice.part] = (shipment.refused[slice.part] ?? RecordShare()) + slice.share
                ledger.change(shipment.parts[slice.part].source) { $0.deadLettered = $0.deadLettered + slice.share }
            }
            shipments[refused.tag] = shipment
            journal.note(
                [.settled(tag: refused.tag.value, through: refused.position + count)], confirm: refused.kept)
        }
    }

    /// A batch whose records are refused one by one is looked into once.
    private func valueLengths(_ tag: BatchTag) -> [Int] {
        if let looked = lookedInto, looked.tag == tag { return looked.values }
        let values = shipments[tag]?.batch?.valueLengths ?? []
        lookedInto = (tag, values)
        return values
    }

    private func letter(
        _ refused: RefusedRecords, _ shipment: Shipment, _ slices: [RecordSlice], ordinal: UInt64
    ) -> SpoolEntry {
        let origins = slices.compactMap(\.range).map { range in
            SpoolEntry.FileRange(
                path: tailer.checkpoint(of: range.file)?.path.bytes ?? Array("\(range.file)".utf8), from: range.start,
                to: range.end)
        }
        return SpoolEntry(
            ordinal: ordinal, source: slices.first.map { shipment.parts[$0.part].source } ?? "",
            topic: shipment.place.topic, partition: shipment.place.partition,
            key: LetterCoordinates(tag: refused.tag, position: refused.position, message: refused.message).key,
            written: clock.now(), error: refused.code, origins: origins, batch: refused.batch)
    }
}
