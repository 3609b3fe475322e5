internal import DequeModule
internal import KafkaProtocol
internal import Primitives

// After a lost answer, a death, or with a new identity.
extension ProducerPartition {
    /// Begins where an earlier life ended: with what was recorded and not settled. The leader is asked what it has of it
    /// before anything is sent; with nothing open too, since what it has tells whether the journal is of today.
    ///
    /// - Parameter goesOn: under `identity`; else it is only looked up what the leader has of that, and another one is
    ///   wanted, even where all agrees: a copy of the journal agrees too, and somebody else goes on with the original.
    init(
        window: Int, resumingWith identity: ProducerIdentity, goesOn: Bool = true, nextSequence: SequenceNumber,
        settledSequence: SequenceNumber?, isJournaled: Bool
    ) {
        self.init(window: window, identity: identity, nextSequence: nextSequence, isJournaled: isJournaled)
        sentThrough = nextSequence.advanced(by: -1)
        acknowledgedThrough = settledSequence
        phase = .resuming(goesOn ? .retry : .identity)
    }

    /// Adds a batch of the earlier life, in order.
    ///
    /// - Parameter earlier: of the batch.
    mutating func reenqueue(
        tag: UInt64, size: Int, position: Int64, recordCount: Int64, identity earlier: ProducerIdentity,
        firstSequence: SequenceNumber, payload: Payload
    ) {
        guard case .resuming = phase else {
            preconditionFailure("BUG: a batch of an earlier life came after the beginning")
        }
        precondition(recordCount > 0, "BUG: a batch without records")
        var entry = Entry(
            id: makeID(), tag: tag, size: size, position: position, recordCount: recordCount, endsTag: true,
            payload: payload)
        if earlier == identity {
            entry.firstSequence = firstSequence
            entry.maybeStored = true
        } else if earlier.id == identity?.id || payload.isMissing {
            // An epoch is raised only after all under the one before is acknowledged.
            entry.status = .acknowledged(nil)
        } else {
            // A fresh identity is taken only after what the leader has under the old one is known.
            entry.status = .stored
        }
        entries.append(entry)
    }

    /// What the leader has of this producer, of the present identity.
    mutating func resumed(_ state: LeaderState) {
        guard case .resuming(let then) = phase else { return }
        phase = .sending(alone: true)
        switch state {
        case .last(let last), .found(let last), .foundOnly(let last):
            guard let sent = sentThrough, last.distance(from: sent) <= 0 else {
                tell(.stateIsOld)
                phase = .needsIdentity
                return
            }
            goOn(after: last, state)
        case .earlierEpoch: goOn(after: SequenceNumber(0).advanced(by: -1), state)
        case .fenced(let known):
            tell(.stateIsOld)
            learn(known)
            phase = .needsIdentity
            return
        case .nothing: startOver(isCertain: true)
        case .forgotten: startOver(isCertain: false)
        case .unavailable:
            // Batches of a connection that is gone may still be on their way through the broker: that heals by itself.
            phase = outOfOrderAnswers <= 3 && gap == nil && then == .retry ? .paused(.retry) : .needsIdentity
            return
        }
        if phase == .needsIdentity { return }
        switch then {
        case .identity: phase = .needsIdentity
        case .retry, .resume, .renumber: break
        }
        release()
        settle()
    }

    /// Marks what is known to be stored under an identity that cannot be used any longer.
    private mutating func learn(_ state: LeaderState) {
        switch state {
        case .last(let last), .found(let last), .foundOnly(let last):
            _ = resolve(upTo: last, isCommitted: state != .last(last))
        case .nothing: break
        case .earlierEpoch, .fenced, .forgotten, .unavailable: return
        }
        for index in entries.indices where entries[index].status == .waiting { entries[index].maybeStored = false }
    }

    private mutating func goOn(after last: SequenceNumber, _ state: LeaderState) {
        tellLoss(behind: last, epochIsNew: state == .earlierEpoch)
        guard resolve(upTo: last, isCommitted: state == .found(last) || state == .foundOnly(last)) else {
            phase = .needsIdentity
            return
        }
        let next = last.advanced(by: 1)
        let missing = entries.first { $0.status == .waiting && $0.firstSequence != nil }?.firstSequence
        if let old = gap, old.distance(from: next) < 0 { (gap, gapNeedsEpoch) = (nil, false) }
        gapIsResolved = true
        if let missing, missing == next { return }
        // What takes any sequence has no gap. Under the old numbers a late attempt of an earlier life stays a duplicate; under
        // those of another epoch it would be stored a second time.
        if missing != nil, gap == nil, state == .foundOnly(last) { return }
        guard missing != nil || gap != nil else {
            nextSequence = next
            return
        }
        // Sequences that no batch of ours will ever fill: a refused one's, or acknowledged records that are gone.
        gapNeedsEpoch = gapNeedsEpoch || missing != nil
        gap = next
    }

    private mutating func tellLoss(behind last: SequenceNumber, epochIsNew: Bool) {
        guard let acknowledged = acknowledgedThrough else { return }
        let records = acknowledged.distance(from: last)
        if records > 0 { tell(.lostByBroker(records: records)) }
        acknowledgedThrough = epochIsNew ? nil : last
    }

    /// Marks what the leader has, up to a sequence.
    ///
    /// - Returns: false where it has a part of a batch that cannot be cut.
    private mutating func resolve(upTo last: SequenceNumber, isCommitted: Bool) -> Bool {
        var index = 0
        while index < entries.count {
            defer { index += 1 }
            guard entries[index].isLive, let first = entries[index].firstSequence,
                let end = entries[index].lastSequence
            else { continue }
            if last.distance(from: end) >= 0 {
                entries[index].status = isCommitted || entries[index].payload.isMissing ? .acknowledged(nil) : .stored
            } else {
                entries[index].status = .waiting
                let present = last.distance(from: first) + 1
                // A part of it is there: it was cut in an earlier life. What follows its head is looked at next.
                if present > 0 {
                    guard split(index, at: present) else { return false }
                    entries[index].status =
                        isCommitted || entries[index].payload.isMissing ? .acknowledged(nil) : .stored
                }
            }
        }
        return true
    }

    /// The leader has no state of this identity: it takes any sequence.
    private mutating func startOver(isCertain: Bool) {
        var doubtful: Int64 = 0
        for index in entries.indices where entries[index].isLive && entries[index].firstSequence != nil {
            // What an earlier identity stored has no sequence here, and is not what the leader has forgotten.
            if entries[index].isUncertain || entries[index].status == .stored {
                doubtful += entries[index].recordCount
            }
            entries[index].status = .waiting
        }
        gapIsResolved = true
        if doubtful > 0 && !isCertain { tell(.mayDouble(records: doubtful)) }
    }

    // MARK: New numbers

    /// Goes on under the next epoch, which fences what may still be on its way under this one (KIP-360).
    mutating func raiseEpoch() {
        guard let old = identity, old.epoch.value < .max else {
            phase = .needsIdentity
            return
        }
        renumber(as: ProducerIdentity(id: old.id, epoch: ProducerEpoch(old.epoch.value + 1)), isResolved: true)
    }

    /// Starts over at sequence 0 with another identity. What may be stored under the old one may be stored twice.
    mutating func adopt(_ new: ProducerIdentity) {
        precondition(inFlight == 0, "BUG: an identity was changed with batches in flight")
        if isTelling { return }
        if identity == nil && phase != .needsIdentity {
            identity = new
            return
        }
        renumber(as: new, isResolved: false)
    }

    private mutating func renumber(as new: ProducerIdentity, isResolved: Bool) {
        identity = new
        nextSequence = SequenceNumber(0)
        (gap, gapNeedsEpoch, gapIsResolved) = (nil, false, false)
        (sentThrough, acknowledgedThrough) = (nil, nil)
        outOfOrderAnswers = 0
        var doubled: Int64 = 0
        for index in entries.indices {
            // Refused, but not told before its turn comes: it is sent, and refused, again.
            if case .refused = entries[index].status { entries[index].status = .waiting }
            guard entries[index].isLive else { continue }
            if !isResolved && entries[index].isUncertain && !entries[index].payload.isMissing {
                doubled += entries[index].recordCount
            }
            entries[index].firstSequence = nil
            entries[index].ticket = nil
            entries[index].maybeStored = false
            entries[index].doubts = 0
        }
        if doubled > 0 { tell(.mayDouble(records: doubled)) }
        phase = .sending(alone: true)
        release()
        settle()
    }

    /// With nothing behind them, the newest batch stored under an earlier identity must be sent once more, under this one,
    /// to release all of them.
    mutating func sendNewestStoredAgain() {
        guard let newest = entries.lastIndex(where: \.isLive), entries[newest].status == .stored,
            entries[newest].firstSequence == nil
        else { return }
        entries[newest].status = .waiting
        tell(.mayDouble(records: entries[newest].recordCount))
    }

    // MARK: Another topic or cluster

    /// The topic or the cluster is another one, which has nothing of this producer: everything is sent to it.
    mutating func startAfresh(_ how: Afresh) {
        if afresh == .elsewhere { return }
        afresh = how
        if case .sending = phase { phase = .draining(.retry) }
        settle()
    }

    mutating func applyAfresh(_ how: Afresh) {
        if isTelling { return }
        if how == .elsewhere { return giveBack() }
        afresh = nil
        for index in entries.indices where entries[index].isLive {
            entries[index].status = .waiting
            entries[index].maybeStored = false
        }
        switch how {
        case .nextEpoch: raiseEpoch()
        case .freshIdentity: phase = .needsIdentity
        case .elsewhere: preconditionFailure("BUG: what is given back was numbered anew")
        }
    }

    /// Gives back what came so far, and then what came until that was kept; in the end nothing is known of the partition.
    private mutating func giveBack() {
        for index in entries.indices where entries[index].isLive { entries[index].status = .refused(.placeIsGone) }
        release()
        guard entries.isEmpty else { return }
        afresh = nil
        identity = nil
        nextSequence = SequenceNumber(0)
        (gap, gapNeedsEpoch, gapIsResolved) = (nil, false, false)
        (sentThrough, acknowledgedThrough) = (nil, nil)
        (failures, outOfOrderAnswers) = (0, 0)
        phase = .sending(alone: true)
    }

    /// Gives everything up; nothing may be in flight.
    mutating func refuseAll(_ code: ErrorCode) {
        guard inFlight == 0 else { return }
        for index in entries.indices where entries[index].isLive { refuse(index, .refused(code)) }
        phase = .sending(alone: true)
        failures = 0
        release()
        settle()
    }
}
