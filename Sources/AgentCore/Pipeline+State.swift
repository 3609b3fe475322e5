internal import FileAccess
internal import FileTailing
internal import Logging
internal import Primitives

// What the journal is told, and what people are.
extension Pipeline {
    /// How often the ledgers are told and checked.
    private static let accountInterval = Duration.seconds(60)
    /// Files that are behind for longer say so in their checkpoints.
    private static let behindAfter = Duration.seconds(30)
    /// How often memory is given back; the first time soon after the start.
    private static let restInterval = Duration.seconds(600)

    var hasChanges: Bool { !entries.isEmpty || !answered.isEmpty || !spoolsDone.isEmpty }

    /// Tells the journal what has changed, all of it or nothing: positions, and the batches that they stand for.
    func commit(force: Bool) {
        var isNew = tailer.hasUnstoredEvidence
        for checkpoint in tailer.takeChangedCheckpoints() {
            if knownFiles.insert(checkpoint.id).inserted { isNew = true }
            entries.append(.file(checkpoint))
        }
        for retired in tailer.takeRetired() { retire(retired) }
        guard hasChanges, force || isNew || .now - lastCommit >= Self.commitInterval else { return }
        if !answered.isEmpty { entries.append(.answered(answered)) }
        for (name, ordinal) in spoolsDone { entries.append(.spooled(name, through: ordinal)) }
        journal.note(entries)
        if !spoolsDone.isEmpty { for spool in spools { spool.removeDone() } }
        entries = []
        answered = []
        spoolsDone = [:]
        lastCommit = .now
    }

    private func retire(_ retired: RetiredFile) {
        knownFiles.remove(retired.id)
        placements[retired.id] = nil
        routes[retired.id] = nil
        entries.append(.retired(retired.id))
        guard retired.bytesLost > 0 else { return }
        if let line = losses.take(retired, at: .now) { logger.error("\(line)") }
        ledger.change(retired.source) { ledger in
            if retired.reason == .truncated {
                ledger.bytesTruncatedUnread += retired.bytesLost
            } else {
                ledger.bytesDeletedUnread += retired.bytesLost
            }
        }
    }

    func tellProblems() {
        for line in losses.takeSums(at: .now) { logger.error("\(line)") }
        for problem in tailer.takeProblems() { logger.warning("cannot read \(problem.path): \(problem.error)") }
        if .now - lastRead > .seconds(2) { for assembler in assemblers.values { assembler.rest() } }
    }

    /// Gives back the memory that starting and each burst took, once nothing is read.
    func restMemory() {
        guard .now >= nextRest, .now - lastRead > .seconds(2) else { return }
        nextRest = .now + Self.restInterval
        ResidentMemory.giveBackUnused()
    }

    // MARK: Accounts

    /// What was read and is neither delivered nor otherwise done with, counted where it is.
    var inFlight: [String: RecordShare] {
        var shares: [String: RecordShare] = [:]
        func add(_ share: RecordShare, _ source: String) {
            shares[source, default: RecordShare()] = shares[source, default: RecordShare()] + share
        }
        for assembler in assemblers.values {
            for (source, share) in assembler.shares { add(share, source) }
        }
        for shipment in shipments.values
        where !shipment.isAnswered && !shipment.isMissing && (!shipment.isTakenBack || shipment.spool != nil) {
            for (index, part) in shipment.parts.enumerated() {
                add(part.share - (shipment.refused[index] ?? RecordShare()), part.source)
            }
        }
        for metric in metrics {
            for spool in spools where spool.name == StoredBatches.spoolName(of: metric.name) {
                add(spool.unsent, metric.name)
            }
        }
        return shares
    }

    /// Tells once a minute, and at the end, what became of each source's input, and checks that it adds up.
    func account(force: Bool) {
        if force { for line in losses.takeSums(at: .now, force: true) { logger.error("\(line)") } }
        guard force || .now - lastAccount >= Self.accountInterval else { return }
        lastAccount = .now
        tailer.noteBehind(longerThan: Self.behindAfter)
        let inFlight = inFlight
        for (source, imbalance) in ledger.check(inFlight: inFlight) {
            logger.critical(
                "BUG: the account of \(source) does not add up: \(imbalance.records) records, \(imbalance.bytes) bytes; please report it"
            )
        }
        for (source, account) in ledger.sources.sorted(by: { $0.key < $1.key }) {
            logger.log(
                level: force ? .notice : .debug, "account",
                metadata: account.metadata(source, inFlight: inFlight[source] ?? RecordShare()))
        }
    }
}

extension SourceLedger {
    fileprivate func metadata(_ source: String, inFlight: RecordShare) -> Logger.Metadata {
        [
            "source": "\(source)", "read": "\(read.records)", "read_bytes": "\(read.bytes)",
            "delivered": "\(delivered.records)", "filtered": "\(filtered.records)",
            "dead_lettered": "\(deadLettered.records)", "dropped": "\(dropped.records)",
            "in_flight": "\(inFlight.records)", "truncated_unread_bytes": "\(bytesTruncatedUnread)",
            "deleted_unread_bytes": "\(bytesDeletedUnread)",
        ]
    }
}
