internal import DequeModule
internal import KafkaProtocol
internal import Primitives

// What became of batches in flight, and what follows from it.
extension ProducerPartition {
    mutating func answered(_ id: UInt64, _ code: ErrorCode, baseOffset: Offset) {
        let index = land(id)
        switch ProduceVerdict(code) {
        case .acknowledged:
            acknowledge(index, baseOffset: code == .none && baseOffset.value >= 0 ? baseOffset : nil)
        case .retry(let maybeStored, let refreshMetadata):
            noteAttempt(index, maybeStored: maybeStored)
            wantsMetadata = wantsMetadata || refreshMetadata
            fail(.retry)
        case .retryThenRefuse(let maybeStored):
            noteAttempt(index, maybeStored: maybeStored)
            entries[index].doubts += 1
            if entries[index].doubts < ProduceVerdict.attemptLimit {
                fail(.retry)
            } else {
                refuse(index, .refused(code))
                fail(.retry, isFailure: false)
            }
        case .resume: outOfOrder(index)
        case .newIdentity: fail(.identity)
        case .split:
            if !split(index, at: entries[index].recordCount / 2) { refuse(index, .refused(code)) }
            fail(.retry, isFailure: false)
        case .refuse:
            refuse(index, .refused(code))
            fail(.retry, isFailure: false)
        }
        release()
        settle()
    }

    /// The connection ended, or gave no usable answer. Goes on after asking the leader what it has: by the time that
    /// somebody answers, a broker may remember one batch of five, or none.
    mutating func lost(_ id: UInt64) {
        let index = land(id)
        noteAttempt(index, maybeStored: true)
        wantsMetadata = true
        fail(.resume)
        settle()
    }

    /// There is a new connection to the leader. What may be stored is asked for anew: the broker may have forgotten it since.
    mutating func reconnected() {
        guard inFlight == 0 else { return }
        let isOpen = entries.contains { $0.isUncertain || $0.status == .stored && $0.firstSequence != nil }
        switch phase {
        case .sending: phase = isOpen ? .resuming(.retry) : .sending(alone: true)
        case .paused(.retry) where isOpen: phase = .paused(.resume)
        case .draining, .paused, .resuming, .needsIdentity: break
        }
    }

    /// The pause is over.
    mutating func retryDue() {
        guard case .paused(let remedy) = phase else { return }
        phase = remedy == .resume ? .resuming(.retry) : .sending(alone: true)
        settle()
    }

    private mutating func land(_ id: UInt64) -> Int {
        let index = index(of: id)
        precondition(entries[index].status == .inFlight, "BUG: an answer to a batch that is not in flight")
        inFlight -= 1
        entries[index].status = .waiting
        return index
    }

    private mutating func noteAttempt(_ index: Int, maybeStored: Bool) {
        entries[index].maybeStored = entries[index].maybeStored || maybeStored
    }

    private mutating func acknowledge(_ index: Int, baseOffset: Offset?) {
        failures = 0
        outOfOrderAnswers = 0
        entries[index].status = .acknowledged(baseOffset)
        if let last = entries[index].lastSequence, acknowledgedThrough.map({ last.distance(from: $0) > 0 }) ?? true {
            acknowledgedThrough = last
        }
        if phase == .sending(alone: true) { phase = .sending(alone: false) }
        for earlier in 0..<index where entries[earlier].isLive {
            precondition(entries[earlier].status != .inFlight, "BUG: answers came out of order")
            if entries[earlier].status == .stored || entries[earlier].maybeStored {
                // The broker takes a batch only right behind its predecessor: that one is stored, and as durable.
                entries[earlier].status = .acknowledged(nil)
            } else {
                // Certainly not stored, and its place in the sequence is gone: the partition had lost this producer's
                // state, and took a later batch as the first one.
                entries[earlier].firstSequence = nil
                entries[earlier].ticket = nil
                fail(.renumber)
            }
        }
    }

    private mutating func outOfOrder(_ index: Int) {
        // Behind a batch that failed, a gap is what the broker must see; the others' remedy heals it.
        if case .draining = phase, !entries[index].maybeStored { return }
        wantsMetadata = true
        outOfOrderAnswers += 1
        entries[index].doubts += 1
        if entries[index].doubts >= ProduceVerdict.attemptLimit {
            // The leader has it and will not say so, nor can the log be read.
            return fail(.identity)
        }
        fail(.resume)
    }

    /// Gives a batch, or a piece of one, up.
    mutating func refuse(_ index: Int, _ reason: BatchRefusal.Reason) {
        if let first = entries[index].firstSequence {
            if gap.map({ first.distance(from: $0) < 0 }) ?? true { gap = first }
            gapNeedsEpoch = gapNeedsEpoch || entries[index].maybeStored
            gapIsResolved = false
        }
        entries[index].status = .refused(reason)
    }

    /// Cuts a batch in two that keep its sequences, each a piece of the tag.
    ///
    /// - Returns: false where it cannot be cut.
    mutating func split(_ index: Int, at count: Int64) -> Bool {
        let whole = entries[index]
        guard count > 0, count < whole.recordCount, let halves = whole.payload.split(at: count) else { return false }
        var head = whole
        head.payload = halves.head
        head.recordCount = count
        head.endsTag = false
        head.size = 0
        var tail = Entry(
            id: makeID(), tag: whole.tag, size: whole.size, position: whole.position + count,
            recordCount: whole.recordCount - count, endsTag: whole.endsTag, payload: halves.tail)
        tail.firstSequence = whole.firstSequence?.advanced(by: count)
        tail.ticket = whole.ticket
        tail.maybeStored = whole.maybeStored
        tail.status = whole.status
        entries[index] = head
        entries.insert(tail, at: index + 1)
        return true
    }

    private mutating func fail(_ remedy: Remedy, isFailure: Bool = true) {
        switch phase {
        case .draining(let other): phase = .draining(max(remedy, other))
        case .sending:
            if isFailure { failures += 1 }
            phase = .draining(remedy)
        case .paused, .resuming, .needsIdentity: preconditionFailure("BUG: a failure while nothing was in flight")
        }
    }

    // MARK: Once nothing is in flight

    mutating func settle() {
        guard inFlight == 0 else { return }
        if let how = afresh { return applyAfresh(how) }
        if case .draining(let remedy) = phase { apply(remedy) }
        if case .sending = phase { giveUpMissing() }
        release()
        if case .sending = phase, gap != nil { healGap() }
        if case .sending = phase, gap == nil { sendNewestStoredAgain() }
    }

    private mutating func apply(_ remedy: Remedy) {
        let isUncertain = entries.contains(where: \.isUncertain)
        switch remedy {
        case .identity: phase = isUncertain ? .resuming(.identity) : .needsIdentity
        case .renumber:
            // All that is numbered and waits is beyond the gap; what is stored is acknowledged first.
            gap = entries.first { $0.status == .waiting && $0.firstSequence != nil }?.firstSequence ?? nextSequence
            (gapNeedsEpoch, gapIsResolved) = (true, !isUncertain)
            phase = isUncertain ? .resuming(.retry) : .sending(alone: true)
        case .resume: phase = failures <= 1 ? .resuming(.retry) : .paused(.resume)
        // After a pause a broker may remember less than before; so what it has is asked, where that is not certain.
        case .retry: phase = failures == 0 ? .sending(alone: true) : .paused(isUncertain ? .resume : .retry)
        }
    }

    /// Gives the sequences from the gap on to what follows, once all before it is acknowledged and every refusal kept.
    private mutating func healGap() {
        guard let from = gap, isHealable else { return }
        let isUncertain = gapNeedsEpoch || entries.contains(where: \.isUncertain)
        if isUncertain && !gapIsResolved {
            phase = .resuming(.retry)
        } else if isUncertain {
            raiseEpoch()
        } else {
            closeGap(from)
        }
    }

    private var isHealable: Bool {
        for entry in entries {
            switch entry.status {
            case .waiting: return isBeyondGap(entry)
            case .inFlight, .refused, .told: return false
            case .stored where entry.firstSequence != nil: return false
            case .stored, .acknowledged, .kept: continue
            }
        }
        return true
    }

    /// Gives the sequences of a refused batch to what follows, none of which is stored.
    private mutating func closeGap(_ from: SequenceNumber) {
        nextSequence = from
        for index in entries.indices where isBeyondGap(entries[index]) {
            guard let first = entries[index].firstSequence else { continue }
            switch entries[index].status {
            // What was refused behind something that waits is sent, and refused, again when its turn comes.
            case .waiting, .refused:
                entries[index].status = .waiting
                entries[index].firstSequence = nil
                entries[index].ticket = nil
            // Taken in spite of the gap, so the broker counts on from here.
            case .acknowledged: nextSequence = first.advanced(by: entries[index].recordCount)
            case .inFlight, .stored, .told, .kept: break
            }
        }
        (gap, gapNeedsEpoch, gapIsResolved) = (nil, false, false)
        settle()
    }

    /// What cannot be sent is given up when its turn comes: then its sequences are known to be free.
    private mutating func giveUpMissing() {
        for index in entries.indices where entries[index].status == .waiting {
            guard entries[index].payload.isMissing, !isBeyondGap(entries[index]) else { return }
            if entries[index].maybeStored && !entries[index].wasAwaited { return awaitMissing() }
            refuse(index, .sourceIsGone)
        }
    }

    /// Before what cannot be sent is given up, and its successors get other numbers, attempts of an earlier life that are
    /// still in the leader's queue have time to arrive: it is asked again after a long pause. Once all of them did, nothing
    /// can be doubled. (What is behind a missing batch is sent by this life only when that is resolved: so one pause does for
    /// all that are missing.)
    private mutating func awaitMissing() {
        for index in entries.indices where entries[index].payload.isMissing { entries[index].wasAwaited = true }
        failures = max(failures, ProduceVerdict.attemptLimit)
        phase = .paused(.resume)
    }

    // MARK: Telling

    /// The caller has kept what was refused.
    mutating func kept(_ id: UInt64) {
        let index = index(of: id)
        precondition(entries[index].status == .told, "BUG: a refusal was kept that was not told")
        entries[index].status = .kept
        release()
        settle()
    }

    /// Tells what is over, in order. What an earlier identity stored holds up no refusal behind it.
    mutating func release() {
        for index in entries.indices {
            let entry = entries[index]
            switch entry.status {
            case .refused(let reason):
                entries[index].status = .told
                tell(
                    .refused(
                        id: entry.id, tag: entry.tag, position: entry.position, recordCount: entry.recordCount,
                        reason, entry.payload))
                continue
            case .acknowledged, .told, .kept: continue
            case .stored where entry.firstSequence == nil: continue
            case .waiting, .inFlight, .stored: break
            }
            break
        }
        while let first = entries.first {
            switch first.status {
            case .acknowledged(let offset):
                if storedOfTag == 0 { baseOffsetOfTag = offset }
                storedOfTag += first.recordCount
            case .kept: break
            case .waiting, .inFlight, .stored, .refused, .told: return
            }
            remove()
        }
    }

    private mutating func remove() {
        let first = entries.removeFirst()
        guard first.endsTag else { return }
        tell(.settled(tag: first.tag, size: first.size, storedRecords: storedOfTag, baseOffset: baseOffsetOfTag))
        (storedOfTag, baseOffsetOfTag) = (0, nil)
    }
}
