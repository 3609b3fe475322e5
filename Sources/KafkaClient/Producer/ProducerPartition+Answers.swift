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
            }
        case .resume: outOfOrder(index)
        case .newIdentity: fail(.identity)
        case .split:
            if !split(index, at: entries[index].recordCount / 2) { refuse(index, .refused(code)) }
            fail(.retry, isFailure: false)
        case .refuse: refuse(index, .refused(code))
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
            // The leader says that it has the batch, and does not take it for a duplicate: cut in another way, then.
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
        if case .sending = phase { fail(.retry, isFailure: false) }
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
        if case .sending = phase, gap != nil { healGap() }
        if case .sending = phase, gap == nil { sendNewestStoredAgain() }
    }

    private mutating func apply(_ remedy: Remedy) {
        let isUncertain = entries.contains(where: \.isUncertain)
        switch remedy {
        case .identity: phase = isUncertain ? .resuming(.identity) : .needsIdentity
        case .renumber: if isUncertain { phase = .resuming(.renumber) } else { raiseEpoch() }
        case .resume: phase = failures <= 1 ? .resuming(.retry) : .paused(.resume)
        case .retry: phase = failures == 0 ? .sending(alone: true) : .paused(.retry)
        }
    }

    /// Gives the sequences from the gap on to what follows, once all before it is acknowledged and every refusal kept.
    func isHealable(_ entry: Entry) -> Bool {
        switch entry.status {
        case .waiting: isBeyondGap(entry)
        case .stored: entry.firstSequence == nil
        case .refused, .told: false
        case .inFlight, .acknowledged: true
        }
    }

    private mutating func healGap() {
        guard let from = gap, entries.allSatisfy(isHealable) else { return }
        let isUncertain = gapNeedsEpoch || entries.contains(where: \.isUncertain)
        if isUncertain && !gapIsResolved {
            phase = .resuming(.retry)
        } else if isUncertain {
            raiseEpoch()
        } else {
            closeGap(from)
        }
    }

    /// Gives the sequences of a refused batch to what follows, none of which is stored.
    private mutating func closeGap(_ from: SequenceNumber) {
        nextSequence = from
        for index in entries.indices where isBeyondGap(entries[index]) {
            guard let first = entries[index].firstSequence else { continue }
            switch entries[index].status {
            case .waiting:
                entries[index].firstSequence = nil
                entries[index].ticket = nil
            // Taken in spite of the gap, so the broker counts on from here.
            case .acknowledged: nextSequence = first.advanced(by: entries[index].recordCount)
            case .inFlight, .stored, .refused, .told: break
            }
        }
        (gap, gapNeedsEpoch, gapIsResolved) = (nil, false, false)
    }

    // MARK: Telling

    /// The caller has kept what was refused.
    mutating func kept(_ id: UInt64) {
        guard let first = entries.first, first.id == id, first.status == .told else {
            preconditionFailure("BUG: a refusal was kept twice, or out of order")
        }
        remove()
        release()
        settle()
    }

    /// Tells what is over, in order, up to a refusal that is not kept yet.
    mutating func release() {
        while let first = entries.first {
            switch first.status {
            case .acknowledged(let offset):
                if storedOfTag == 0 { baseOffsetOfTag = offset }
                storedOfTag += first.recordCount
                remove()
            case .refused(let reason):
                entries[0].status = .told
                tell(
                    .refused(
                        id: first.id, tag: first.tag, position: first.position, recordCount: first.recordCount,
                        reason, first.payload))
                return
            case .waiting, .inFlight, .stored, .told: return
            }
        }
    }

    private mutating func remove() {
        let first = entries.removeFirst()
        guard first.endsTag else { return }
        tell(.settled(tag: first.tag, size: first.size, storedRecords: storedOfTag, baseOffset: baseOffsetOfTag))
        (storedOfTag, baseOffsetOfTag) = (0, nil)
    }
}
