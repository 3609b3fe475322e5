internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches

/// Records that the cluster will never take.
struct RefusedRecords {
    var tag: BatchTag
    var code: ErrorCode
    var batch: SealedBatch
    /// The ordinal of the first in the batch that was sent.
    var first: Int
}

// What became of the batches.
extension Pipeline {
    /// A batch of an earlier life is in the producer's hands again.
    func resume(_ tag: BatchTag, _ shipment: Shipment) {
        shipments[tag] = shipment
        shipmentBytes += shipment.heldBytes
        if shipment.batch == nil { counters.batchesNotRebuilt += 1 } else { counters.batchesRebuilt += 1 }
        for part in shipment.parts where shipment.batch != nil {
            counters.recordsRead += Int64(part.share.records)
            ledger.change(part.source) { $0.read = $0.read + part.share }
        }
        guard let spool = shipment.spool else { return assembler(shipment.place).underWay.append(tag) }
        if spool.spool == Replays.name {
            replays.sent(spool.ordinal)
        } else if let spool = spools.first(where: { $0.name == spool.spool }), let ordinal = shipment.spool?.ordinal {
            spool.sent(ordinal, as: tag)
        }
        if let batch = shipment.batch { account(spooled: batch.recordCount, batch, tag) }
    }

    func acknowledged(_ tag: BatchTag) {
        guard var shipment = shipments[tag], !shipment.isAnswered else {
            preconditionFailure("BUG: batch \(tag.value) was answered twice")
        }
        for (index, part) in shipment.parts.enumerated() where shipment.batch != nil {
            let refused = shipment.refused[index] ?? RecordShare()
            counters.recordsDelivered += Int64(part.share.records - refused.records)
            ledger.change(part.source) { ledger in
                ledger.delivered = ledger.delivered + (part.share - refused)
                ledger.deadLettered = ledger.deadLettered + refused
            }
        }
        let wasRebuilt = shipment.batch != nil
        shipmentBytes -= shipment.heldBytes
        shipment.batch = nil
        shipment.isAnswered = true
        shipments[tag] = shipment
        if !wasRebuilt { resolve(shipment) }
        close(tag, shipment)
    }

    /// The cluster does not have a batch that cannot be built again. Its lines, where they are still there, are read as
    /// new ones: the files' positions stand before them.
    func lost(_ tag: BatchTag) {
        guard let shipment = shipments[tag], shipment.batch == nil, !shipment.isAnswered else {
            preconditionFailure("BUG: batch \(tag.value) was lost, and could have been sent")
        }
        counters.batchesLost += 1
        shipments[tag] = nil
        assemblers[shipment.place]?.underWay.removeAll { $0 == tag }
        answered.append(tag.value)
        // Known to the journal before anything of those lines is sent anew.
        commit(force: true)
        resolve(shipment)
        if shipment.spool != nil {
            logger.error("a batch for \(shipment.place) is lost: it is neither in its spool nor in the cluster")
            shipments[tag] = shipment
            close(tag, shipment)
        }
        if let assembler = assemblers[shipment.place] { acknowledgeFiles(of: assembler) }
    }

    /// It is known what became of a batch that was not built again.
    private func resolve(_ shipment: Shipment) {
        for file in Set(shipment.parts.compactMap { $0.segment?.file }) {
            guard let left = unresolved[file] else { continue }
            unresolved[file] = left > 1 ? left - 1 : nil
        }
    }

    private func close(_ tag: BatchTag, _ shipment: Shipment) {
        // What was refused is kept before it is forgotten where it came from.
        if unkept.contains(where: { $0.tag == tag }) { return }
        guard let reference = shipment.spool else {
            if let assembler = assemblers[shipment.place] { acknowledgeFiles(of: assembler) }
            return
        }
        shipments[tag] = nil
        closeStored(tag, reference)
    }

    /// A position stands for all lines before it, so a batch that is answered before an older one of its partition waits
    /// for that.
    private func acknowledgeFiles(of assembler: BatchAssembler) {
        while let oldest = assembler.underWay.first, let shipment = shipments[oldest], shipment.isAnswered,
            !unkept.contains(where: { $0.tag == oldest })
        {
            assembler.underWay.removeFirst()
            shipments[oldest] = nil
            answered.append(oldest.value)
            for segment in shipment.parts.compactMap(\.segment) { acknowledge(segment) }
        }
    }

    private func acknowledge(_ segment: SourceSegment) {
        if tailer.checkpoint(of: segment.file) != nil {
            return tailer.acknowledge(segment.file, upTo: segment.range.end)
        }
        // Of a source that is not followed any more; it may be again.
        guard var checkpoint = journal.loaded.state.files[segment.file], knownFiles.contains(segment.file),
            topicOfSource[checkpoint.source] == nil
        else { return }
        checkpoint.position = segment.range.end
        checkpoint.contentGuard = segment.range.contentGuard
        checkpoint.lineStart = nil
        checkpoint.size = max(checkpoint.size, checkpoint.position)
        entries.append(.file(checkpoint))
    }

    // MARK: What is refused

    /// Keeps what was refused; what cannot be kept is tried again, and holds up its partition's acknowledgements only.
    func keepRefused() {
        if unkept.isEmpty { return }
        if let keepAgainAt, keepAgainAt > .now { return }
        while let refused = unkept.first, var shipment = shipments[refused.tag] {
            let parts = shipment.parts(from: refused.first, count: refused.batch.recordCount)
            do throws(FileError) {
                let path = try deadLetters.keep { letter(refused, shipment, parts.map(\.index), ordinal: $0) }
                logger.error(
                    "\(refused.batch.recordCount) records for \(shipment.place) were refused with \(refused.code); they are in \(path)"
                )
            } catch {
                if keepAgainAt == nil {
                    logger.error(
                        "\(refused.batch.recordCount) records for \(shipment.place) were refused with \(refused.code), and cannot be kept; it is tried again until they can: \(error)"
                    )
                }
                keepAgainAt = .now + .seconds(1)
                return
            }
            keepAgainAt = nil
            unkept.removeFirst()
            counters.recordsDeadLettered += Int64(refused.batch.recordCount)
            book(parts, of: refused.tag, &shipment)
            if shipment.isAnswered { close(refused.tag, shipment) }
        }
    }

    private func book(_ parts: [(index: Int, share: RecordShare)], of tag: BatchTag, _ shipment: inout Shipment) {
        for (index, share) in parts {
            if shipment.isAnswered {
                // It was booked as delivered before it could be kept.
                counters.recordsDelivered -= Int64(share.records)
                ledger.change(shipment.parts[index].source) { ledger in
                    ledger.delivered = ledger.delivered - share
                    ledger.deadLettered = ledger.deadLettered + share
                }
            }
            shipment.refused[index] = (shipment.refused[index] ?? RecordShare()) + share
        }
        shipments[tag] = shipment
    }

    private func letter(
        _ refused: RefusedRecords, _ shipment: Shipment, _ parts: [Int], ordinal: UInt64
    ) -> SpoolEntry {
        var origins: [SpoolEntry.FileRange] = []
        for index in parts {
            guard let segment = shipment.parts[index].segment else { continue }
            let path = tailer.checkpoint(of: segment.file)?.path.bytes ?? Array("\(segment.file)".utf8)
            origins.append(SpoolEntry.FileRange(path: path, from: segment.range.start, to: segment.range.end))
        }
        return SpoolEntry(
            ordinal: ordinal, source: parts.first.map { shipment.parts[$0].source } ?? "",
            topic: shipment.place.topic, partition: shipment.place.partition, key: [], written: clock.now(),
            error: refused.code, origins: origins, batch: refused.batch)
    }
}
