internal import DequeModule
internal import KafkaProtocol
internal import Primitives

/// Decides what becomes of one partition's batches: which one goes next, under which sequence, and what an answer means.
///
/// Knows no connection and no clock. Invariants:
/// - Batches leave in the order of `enqueue`, and are acknowledged to the caller in that order.
/// - A batch keeps its sequence as long as the broker may have stored it under that sequence.
/// - Nothing is acknowledged because of DescribeProducers: what that shows as stored waits for the answer to a later
///   batch, or to itself sent again.
/// - While a failure is pending, nothing is sent before all that is in flight has been answered or lost.
///
/// The first batch after each beginning and each failure goes alone: a partition without any state of this producer accepts
/// any sequence, so a second batch could overtake a first one that fails (KAFKA.md 2.6).
struct ProducerPartition<Payload> {
    enum Want: Equatable {
        case nothing
        /// An identity; then `adopt`.
        case identity
        /// `takeNext`.
        case send
        /// A pause that belongs to so many failures in a row; then `retryDue`.
        case pause(failures: Int)
        /// The leader's last sequence of this producer; then `resumed`.
        case lastSequence
    }

    struct Outgoing {
        let ordinal: UInt64
        let identity: ProducerIdentity
        let firstSequence: SequenceNumber
    }

    enum Outcome: Equatable {
        case acknowledged(tag: UInt64, size: Int, baseOffset: Offset?)
        case refused(tag: UInt64, size: Int, ErrorCode)
        /// So many records may be stored twice: the broker no longer tells.
        case mayDouble(records: Int64)
        /// The broker no longer has so many records that it acknowledged.
        case lostByBroker(records: Int64)
    }

    enum LastSequence: Equatable {
        case of(SequenceNumber)
        /// The leader remembers nothing of this producer.
        case none
        /// The broker cannot tell.
        case unavailable
    }

    private enum Status: Equatable {
        case waiting
        case inFlight
        /// The leader has it, but has not acknowledged it.
        case stored
        /// Acknowledged, or refused and told; leaves when it is first.
        case acknowledged(Offset?)
        case refused
    }

    private struct Entry {
        let tag: UInt64
        /// What the caller counts; told back with the outcome.
        let size: Int
        let recordCount: Int64
        var payload: Payload
        var status = Status.waiting
        var firstSequence: SequenceNumber?
        /// An attempt under `firstSequence` ended without saying that the batch was not stored.
        var maybeStored = false
        /// How often the broker called it damaged.
        var doubts = 0

        var lastSequence: SequenceNumber? { firstSequence?.advanced(by: recordCount - 1) }
        var isLive: Bool {
            switch status {
            case .waiting, .inFlight, .stored: true
            case .acknowledged, .refused: false
            }
        }
    }

    /// What to do once nothing is in flight; the greatest of several wins.
    private enum Remedy: Int, Comparable {
        case retry, resume, identity
        static func < (left: Remedy, right: Remedy) -> Bool { left.rawValue < right.rawValue }
    }

    private enum Phase: Equatable {
        case sending(alone: Bool)
        case draining(Remedy)
        case paused(Remedy)
        case resuming
        case needsIdentity
    }

    private(set) var identity: ProducerIdentity?
    private var nextSequence: SequenceNumber
    private let window: Int
    private var entries: Deque<Entry> = []
    private var firstOrdinal: UInt64 = 0
    private var phase = Phase.sending(alone: true)
    private(set) var inFlight = 0
    /// The first sequence of a refused batch. The broker will have no batch beyond it until others have got its sequences.
    private var gap: SequenceNumber?
    /// An earlier attempt of a refused batch may have been stored after all.
    private var gapMayBeFilled = false
    private var failures = 0
    private var unavailableAnswers = 0
    /// A failure suggests that the leader is elsewhere. Whoever asks for metadata sets it back.
    var wantsMetadata = false

    /// - Parameter window: the most batches in flight; brokers remember five.
    init(window: Int, identity: ProducerIdentity?, nextSequence: SequenceNumber) {
        precondition((1...5).contains(window), "BUG: a broker remembers five batches, not \(window)")
        self.window = window
        self.identity = identity
        self.nextSequence = nextSequence
    }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    mutating func enqueue(tag: UInt64, size: Int, recordCount: Int64, payload: Payload) {
        precondition(recordCount > 0, "BUG: a batch without records")
        entries.append(Entry(tag: tag, size: size, recordCount: recordCount, payload: payload))
    }

    var want: Want {
        if entries.isEmpty { return .nothing }
        switch phase {
        case .draining: return .nothing
        case .paused: return .pause(failures: failures)
        case .resuming: return .lastSequence
        case .needsIdentity: return .identity
        case .sending(let alone):
            if identity == nil { return .identity }
            if inFlight >= (alone ? 1 : window) { return .nothing }
            return nextIndex == nil ? .nothing : .send
        }
    }

    /// The first that waits; where none does and nothing is in flight, the newest that is stored, whose answer releases
    /// all of them.
    private var nextIndex: Int? {
        if let index = entries.firstIndex(where: { $0.status == .waiting }) {
            return isBeyondGap(entries[index]) ? nil : index
        }
        return inFlight == 0 ? entries.lastIndex { $0.status == .stored } : nil
    }

    // MARK: Sending

    /// Gives the next batch its sequence and counts it as in flight.
    mutating func takeNext() -> Outgoing? {
        guard want == .send, let index = nextIndex, let identity else { return nil }
        if entries[index].firstSequence == nil {
            entries[index].firstSequence = nextSequence
            nextSequence = nextSequence.advanced(by: entries[index].recordCount)
        }
        guard let first = entries[index].firstSequence else { preconditionFailure("BUG: a batch without a sequence") }
        if entries[index].status == .stored { entries[index].maybeStored = true }
        entries[index].status = .inFlight
        inFlight += 1
        return Outgoing(ordinal: firstOrdinal + UInt64(index), identity: identity, firstSequence: first)
    }

    /// The payload of a batch in flight, to be stamped.
    mutating func withPayload<Result>(_ ordinal: UInt64, _ body: (inout Payload) -> Result) -> Result {
        body(&entries[Int(ordinal - firstOrdinal)].payload)
    }

    // MARK: What became of a batch in flight

    mutating func answered(_ ordinal: UInt64, _ code: ErrorCode, baseOffset: Offset) -> [Outcome] {
        let index = land(ordinal)
        var told: [Outcome] = []
        let verdict = ProduceVerdict(code)
        switch verdict {
        case .acknowledged:
            acknowledge(index, baseOffset: code == .none && baseOffset.value >= 0 ? baseOffset : nil)
        case .retry(let maybeStored, let refreshMetadata):
            entries[index].maybeStored = entries[index].maybeStored || maybeStored
            wantsMetadata = wantsMetadata || refreshMetadata
            fail(.retry)
        case .retryThenRefuse(let maybeStored):
            entries[index].maybeStored = entries[index].maybeStored || maybeStored
            entries[index].doubts += 1
            if entries[index].doubts < ProduceVerdict.attemptLimit {
                fail(.retry)
            } else {
                told.append(refuse(index, code))
            }
        case .resume:
            // Behind a batch that failed, a gap is what the broker must see; the others' remedy heals it.
            if case .draining = phase, !entries[index].maybeStored { break }
            wantsMetadata = true
            fail(.resume)
        case .newIdentity: fail(.identity)
        case .refuse: told.append(refuse(index, code))
        }
        settle()
        return told + release()
    }

    /// The connection ended, or gave no usable answer.
    mutating func lost(_ ordinal: UInt64) {
        let index = land(ordinal)
        entries[index].maybeStored = true
        wantsMetadata = true
        fail(.retry)
        settle()
    }

    private mutating func land(_ ordinal: UInt64) -> Int {
        let index = Int(ordinal - firstOrdinal)
        precondition(
            entries.indices.contains(index) && entries[index].status == .inFlight,
            "BUG: an answer to a batch that is not in flight")
        inFlight -= 1
        entries[index].status = .waiting
        return index
    }

    private mutating func acknowledge(_ index: Int, baseOffset: Offset?) {
        failures = 0
        unavailableAnswers = 0
        entries[index].status = .acknowledged(baseOffset)
        if phase == .sending(alone: true) { phase = .sending(alone: false) }
        for earlier in 0..<index where entries[earlier].isLive {
            precondition(entries[earlier].status != .inFlight, "BUG: answers came out of order")
            if entries[earlier].status == .stored || entries[earlier].maybeStored {
                // The broker takes a batch only right behind its predecessor: that one is stored, and as durable.
                entries[earlier].status = .acknowledged(nil)
            } else {
                // Certainly not stored, and its place in the sequence is gone: the partition had lost this producer's state.
                fail(.identity)
            }
        }
    }

    private mutating func refuse(_ index: Int, _ code: ErrorCode) -> Outcome {
        let entry = entries[index]
        entries[index].status = .refused
        guard let first = entry.firstSequence else {
            preconditionFailure("BUG: a batch without a sequence was refused")
        }
        if gap.map({ first.distance(from: $0) < 0 }) ?? true { gap = first }
        gapMayBeFilled = gapMayBeFilled || entry.maybeStored
        fail(.retry, isFailure: false)
        return .refused(tag: entry.tag, size: entry.size, code)
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

    /// Goes on once nothing is in flight.
    private mutating func settle() {
        guard inFlight == 0 else { return }
        let atGap = gap != nil && entries.first { $0.status == .waiting }.map(isBeyondGap) ?? true
        if case .sending = phase, atGap { phase = .draining(.retry) }
        guard case .draining(var remedy) = phase else { return }
        if atGap && remedy == .retry {
            if gapMayBeFilled || hasUncertainBeyondGap { remedy = .resume } else { closeGap() }
        }
        switch remedy {
        case .identity: phase = .needsIdentity
        case .resume where failures <= 1: phase = .resuming
        case .retry where failures == 0: phase = .sending(alone: true)
        case .retry, .resume: phase = .paused(remedy)
        }
    }

    private func isBeyondGap(_ entry: Entry) -> Bool {
        guard let gap else { return false }
        return entry.firstSequence.map { $0.distance(from: gap) > 0 } ?? true
    }

    private var hasUncertainBeyondGap: Bool {
        entries.contains { $0.status == .waiting && $0.maybeStored && isBeyondGap($0) }
    }

    /// Gives the sequences of a refused batch to what follows, none of which is stored.
    private mutating func closeGap() {
        guard let from = gap else { return }
        nextSequence = from
        for index in entries.indices where isBeyondGap(entries[index]) {
            guard let first = entries[index].firstSequence else { continue }
            switch entries[index].status {
            case .waiting: entries[index].firstSequence = nil
            // Taken in spite of the gap, so the broker counts on from here.
            case .acknowledged: nextSequence = first.advanced(by: entries[index].recordCount)
            case .inFlight, .stored, .refused: break
            }
        }
        gap = nil
        gapMayBeFilled = false
    }

    private mutating func release() -> [Outcome] {
        var told: [Outcome] = []
        while let first = entries.first {
            switch first.status {
            case .acknowledged(let offset):
                told.append(.acknowledged(tag: first.tag, size: first.size, baseOffset: offset))
            case .refused: break
            case .waiting, .inFlight, .stored: return told
            }
            entries.removeFirst()
            firstOrdinal += 1
        }
        return told
    }

    // MARK: After a pause, a resume, or with a new identity

    mutating func retryDue() {
        guard case .paused(let remedy) = phase else { return }
        phase = remedy == .resume ? .resuming : .sending(alone: true)
    }

    /// What the leader has of this producer, of the present identity.
    mutating func resumed(_ answer: LastSequence) -> [Outcome] {
        guard phase == .resuming else { return [] }
        phase = .sending(alone: true)
        switch answer {
        case .of(let last): return goOn(after: last)
        case .none:
            // What an earlier identity stored has no sequence here, and is not what the leader has forgotten.
            let uncertain = entries.filter {
                $0.isLive && $0.firstSequence != nil && ($0.maybeStored || $0.status == .stored)
            }
            for index in entries.indices
            where entries[index].status == .stored && entries[index].firstSequence != nil {
                entries[index].status = .waiting
            }
            closeGap()
            let records = uncertain.reduce(0) { $0 + $1.recordCount }
            return records > 0 ? [.mayDouble(records: records)] : []
        case .unavailable:
            // Batches of a connection that is gone may still be on their way through the broker: that heals by itself.
            unavailableAnswers += 1
            phase = unavailableAnswers <= 3 && gap == nil ? .paused(.retry) : .needsIdentity
            return []
        }
    }

    private mutating func goOn(after last: SequenceNumber) -> [Outcome] {
        var firstMissing: Int?
        for index in entries.indices where entries[index].isLive {
            guard let first = entries[index].firstSequence, let end = entries[index].lastSequence else { continue }
            if last.distance(from: end) >= 0 {
                entries[index].status = .stored
            } else if last.distance(from: first) >= 0 {
                // Half of a batch: whoever numbered it did so otherwise than what the broker has.
                phase = .needsIdentity
                return []
            } else {
                entries[index].status = .waiting
                if firstMissing == nil { firstMissing = index }
            }
        }
        let next = last.advanced(by: 1)
        guard let firstMissing, let missing = entries[firstMissing].firstSequence else {
            nextSequence = next
            (gap, gapMayBeFilled) = (nil, false)
            return []
        }
        // What lies before the gap goes first, under its own sequences.
        if gap != nil && !isBeyondGap(entries[firstMissing]) { return [] }
        let wasRefused = gap != nil
        (gap, gapMayBeFilled) = (nil, false)
        let distance = missing.distance(from: next)
        guard distance > 0 else { return [] }

        // Sequences that no batch of ours will ever fill: a refused one's, or acknowledged records that are gone.
        let uncertain = entries.contains { $0.status == .waiting && $0.maybeStored }
        for index in entries.indices where entries[index].status == .waiting {
            entries[index].firstSequence = nil
            entries[index].maybeStored = false
        }
        nextSequence = next
        if wasRefused && uncertain {
            // Batches under the old sequences may still be on their way from a connection that is gone. As long as nobody
            // fills the gap before them, the broker refuses them: so the gap stays, and another identity goes on.
            phase = .needsIdentity
        }
        return wasRefused ? [] : [.lostByBroker(records: distance)]
    }

    /// Starts over at sequence 0 with another identity. What may be stored under the old one may be stored twice.
    mutating func adopt(_ new: ProducerIdentity) -> [Outcome] {
        precondition(inFlight == 0, "BUG: an identity was changed with batches in flight")
        let isFirst = identity == nil
        identity = new
        if isFirst && phase != .needsIdentity { return [] }
        nextSequence = SequenceNumber(0)
        (gap, gapMayBeFilled) = (nil, false)
        unavailableAnswers = 0
        var doubled: Int64 = 0
        for index in entries.indices where entries[index].isLive {
            if entries[index].status == .waiting && entries[index].maybeStored { doubled += entries[index].recordCount }
            entries[index].firstSequence = nil
            entries[index].maybeStored = false
        }
        // With nothing behind them, the newest stored batch must be sent once more to release them.
        let live = entries.filter(\.isLive)
        if let newest = live.last, live.allSatisfy({ $0.status == .stored }) { doubled += newest.recordCount }
        phase = .sending(alone: true)
        return doubled > 0 ? [.mayDouble(records: doubled)] : []
    }

    /// Gives everything up, in order; nothing may be in flight.
    mutating func refuseAll(_ code: ErrorCode) -> [Outcome] {
        guard inFlight == 0 else { return [] }
        let told = release() + entries.filter(\.isLive).map { Outcome.refused(tag: $0.tag, size: $0.size, code) }
        if let first = entries.first(where: { $0.status != .refused && $0.firstSequence != nil })?.firstSequence {
            nextSequence = first
        }
        (gap, gapMayBeFilled) = (nil, false)
        firstOrdinal += UInt64(entries.count)
        entries = []
        failures = 0
        phase = .sending(alone: true)
        return told
    }
}
