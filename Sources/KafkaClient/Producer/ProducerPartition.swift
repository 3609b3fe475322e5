internal import DequeModule
internal import KafkaProtocol
internal import Primitives

/// What `ProducerPartition` needs to know of what it carries.
protocol ProducerPayload {
    /// It could not be made again after the producer's death, so it cannot be sent.
    var isMissing: Bool { get }
    /// The first `count` records and the others; nil where it cannot be taken apart.
    func split(at count: Int64) -> (head: Self, tail: Self)?
}

/// Decides what becomes of one partition's batches: which one goes next, under which sequence, and what an answer means.
///
/// Knows no connection, no journal and no clock. Invariants:
/// - Batches leave in the order of `enqueue`, and are told to the caller in that order.
/// - A batch is sent only after the journal has confirmed the sequence that it is sent under.
/// - A batch keeps its sequence as long as the broker may have stored it under that sequence.
/// - The sequences of a refused batch go to nobody before its refusal is kept.
/// - Nothing is acknowledged because of DescribeProducers: what that shows as stored waits for the answer to a later
///   batch, or to itself sent again. (What cannot be sent again has no source left that could be released too early.)
///   What was read back from the log is below its high watermark, and thus as safe as acks=all makes it.
/// - While a failure is pending, nothing is sent before all that is in flight has been answered or lost.
///
/// The first batch after each beginning and each failure goes alone: a partition without any state of this producer accepts
/// any sequence, so a second batch could overtake a first one that fails (KAFKA.md 2.6).
///
/// A *gap* is a range of sequences that no batch will fill: of a refused batch, or of records that the broker lost. The
/// broker takes nothing beyond it. What lies before it is finished first; then what follows is numbered anew: from the gap
/// on where nothing under the old numbers can be on its way, else under the next epoch, which fences whatever still is
/// (KIP-360, without asking a coordinator).
struct ProducerPartition<Payload: ProducerPayload> {
    enum Want: Equatable {
        case nothing
        /// An identity; then `adopt`.
        case identity
        /// `takeNext`.
        case send
        /// A pause that belongs to so many failures in a row; then `retryDue`.
        case pause(failures: Int)
        /// What the leader has of this producer; then `resumed`.
        case leaderState
    }

    struct Outgoing {
        let id: UInt64
        let identity: ProducerIdentity
        let firstSequence: SequenceNumber
    }

    /// A sequence to be made durable; as `SequenceAssignment`.
    struct Assignment: Equatable {
        let tag: UInt64
        let position: Int64
        let identity: ProducerIdentity
        let firstSequence: SequenceNumber
        let recordCount: Int64
    }

    enum Outcome {
        /// All of a tag's records are stored or were refused. `size`: what was given at `enqueue`.
        case settled(tag: UInt64, size: Int, storedRecords: Int64, baseOffset: Offset?)
        /// Given up for good; then `kept`.
        case refused(id: UInt64, tag: UInt64, position: Int64, recordCount: Int64, BatchRefusal.Reason, Payload)
        /// So many records may be stored twice: the broker no longer tells.
        case mayDouble(records: Int64)
        /// The broker no longer has so many records that it acknowledged.
        case lostByBroker(records: Int64)
        /// The broker has more under this identity than was ever sent.
        case stateIsOld
    }

    /// What the leader has under an identity.
    enum LeaderState: Equatable {
        /// The newest sequence stored, though it may not be replicated.
        case last(SequenceNumber)
        /// The newest sequence that consumers can read. The leader may remember nothing of it.
        case found(SequenceNumber)
        /// As `found`, and the leader certainly remembers nothing of this producer: it takes any sequence.
        case foundOnly(SequenceNumber)
        /// Nothing under this epoch, but something under an earlier one: it takes sequence 0 only.
        case earlierEpoch
        /// Another producer goes on under a later epoch; with what is known of this one's.
        indirect case fenced(LeaderState)
        /// Nothing is stored of what is open.
        case nothing
        /// It remembers nothing, and nobody can tell whether anything was stored.
        case forgotten
        /// The broker cannot tell.
        case unavailable
    }

    enum Status: Equatable {
        case waiting
        case inFlight
        /// The leader has it, but has not acknowledged it.
        case stored
        /// Leaves when it is first.
        case acknowledged(Offset?)
        case refused(BatchRefusal.Reason)
        /// Refused, and told.
        case told
        /// Refused and kept; leaves when it is first.
        case kept
    }

    struct Entry {
        let id: UInt64
        let tag: UInt64
        /// What the caller counts; told back at the tag's end. With the tag's last piece only.
        var size: Int
        /// How many of the tag's records are before it.
        var position: Int64
        var recordCount: Int64
        var endsTag: Bool
        var payload: Payload
        var status = Status.waiting
        var firstSequence: SequenceNumber?
        /// The journal has not confirmed `firstSequence` yet.
        var ticket: UInt64?
        /// An attempt under `firstSequence` ended without saying that the batch was not stored.
        var maybeStored = false
        /// Time was given for an attempt of an earlier life to arrive.
        var wasAwaited = false
        /// It was sent again because the leader had it.
        var wasStored = false
        /// How often the broker called it damaged, or knew nothing of it though it has it.
        var doubts = 0

        var lastSequence: SequenceNumber? { firstSequence?.advanced(by: recordCount - 1) }
        var isUncertain: Bool { status == .waiting && maybeStored }
        var isLive: Bool {
            switch status {
            case .waiting, .inFlight, .stored: true
            case .acknowledged, .refused, .told, .kept: false
            }
        }
    }

    /// What to do once nothing is in flight; the greatest of several wins.
    enum Remedy: Int, Comparable {
        case retry
        /// Ask the leader what it has.
        case resume
        /// Number everything anew under the next epoch.
        case renumber
        /// Number everything anew under a fresh identity.
        case identity
        static func < (left: Remedy, right: Remedy) -> Bool { left.rawValue < right.rawValue }
    }

    /// How to begin again where nothing of this producer is known.
    enum Afresh {
        case nextEpoch, freshIdentity
        /// Not at all: the partition is gone, and the caller takes everything back.
        case elsewhere
    }

    enum Phase: Equatable {
        case sending(alone: Bool)
        case draining(Remedy)
        case paused(Remedy)
        /// Waits for what the leader has; then does as the remedy says.
        case resuming(Remedy)
        case needsIdentity
    }

    var identity: ProducerIdentity?
    var nextSequence: SequenceNumber
    let window: Int
    let isJournaled: Bool
    var entries: Deque<Entry> = []
    private var nextID: UInt64 = 0
    private var lastTicket: UInt64 = 0
    var phase = Phase.sending(alone: true)
    var inFlight = 0
    /// Where the gap begins; see above.
    var gap: SequenceNumber?
    /// Batches under sequences from the gap on may be on their way from a connection that is gone.
    var gapNeedsEpoch = false
    /// The leader was asked since the gap appeared.
    var gapIsResolved = false
    var failures = 0
    /// Since the last acknowledgement.
    var outOfOrderAnswers = 0
    /// The topic or the cluster is another one; taken up once nothing is in flight.
    var afresh: Afresh?
    /// The newest sequence that was ever sent under this identity; nil: none.
    var sentThrough: SequenceNumber?
    /// The newest sequence acknowledged under this identity.
    var acknowledgedThrough: SequenceNumber?
    /// Of the tag whose pieces are being released.
    var storedOfTag: Int64 = 0
    var baseOffsetOfTag: Offset?
    /// A failure suggests that the leader is elsewhere. Whoever asks for metadata sets it back.
    var wantsMetadata = false
    private var outcomes: [Outcome] = []

    /// - Parameters:
    ///   - window: the most batches in flight; brokers remember five.
    ///   - isJournaled: assignments wait for `confirmed`.
    init(window: Int, identity: ProducerIdentity?, nextSequence: SequenceNumber, isJournaled: Bool) {
        precondition((1...5).contains(window), "BUG: a broker remembers five batches, not \(window)")
        self.window = window
        self.identity = identity
        self.nextSequence = nextSequence
        self.isJournaled = isJournaled
    }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    mutating func enqueue(tag: UInt64, size: Int, recordCount: Int64, payload: Payload) {
        precondition(recordCount > 0, "BUG: a batch without records")
        // The leader may have forgotten an idle producer, and takes any sequence then: so this is a beginning.
        if entries.isEmpty, phase == .sending(alone: false) { phase = .sending(alone: true) }
        entries.append(
            Entry(
                id: makeID(), tag: tag, size: size, position: 0, recordCount: recordCount, endsTag: true,
                payload: payload))
    }

    mutating func makeID() -> UInt64 {
        nextID += 1
        return nextID
    }

    /// A refusal was told and is not kept yet.
    var isTelling: Bool { entries.contains { $0.status == .told } }

    mutating func tell(_ outcome: Outcome) { outcomes.append(outcome) }

    /// What happened since the last call. To be looked at after each call of a mutating function.
    mutating func takeOutcomes() -> [Outcome] {
        defer { outcomes = [] }
        return outcomes
    }

    var want: Want {
        if entries.isEmpty || afresh != nil { return .nothing }
        switch phase {
        case .draining: return .nothing
        case .paused: return .pause(failures: failures)
        case .resuming: return .leaderState
        // What is told as refused must be known as refused before what follows has other numbers.
        case .needsIdentity: return isTelling ? .nothing : .identity
        case .sending(let alone):
            if identity == nil { return .identity }
            if inFlight >= (alone ? 1 : window) { return .nothing }
            return nextIndex == nil ? .nothing : .send
        }
    }

    /// The first that waits; where none does (before the gap) and nothing is in flight, the newest that is stored, whose
    /// answer releases all of them.
    private var nextIndex: Int? {
        if let index = entries.firstIndex(where: { $0.status == .waiting }), !isBeyondGap(entries[index]) {
            let entry = entries[index]
            let isReady = entry.firstSequence != nil && entry.ticket == nil && !entry.payload.isMissing
            return isReady ? index : nil
        }
        return inFlight == 0 ? newestStored : nil
    }

    /// The newest batch that an acknowledgement under this identity would release.
    var newestStored: Int? { entries.lastIndex { $0.status == .stored && $0.firstSequence != nil } }

    func isBeyondGap(_ entry: Entry) -> Bool {
        guard let gap else { return false }
        return entry.firstSequence.map { $0.distance(from: gap) >= 0 } ?? true
    }

    // MARK: Numbering

    /// Numbers what has no number yet.
    ///
    /// - Returns: what the journal is to make durable, in one; then `confirmed` with the ticket. nil where there is nothing.
    mutating func takeAssignments() -> (ticket: UInt64, assignments: [Assignment])? {
        guard let identity, gap == nil, canNumber, !isTelling else { return nil }
        var assignments: [Assignment] = []
        for index in entries.indices where entries[index].status == .waiting && entries[index].firstSequence == nil {
            entries[index].firstSequence = nextSequence
            if isJournaled {
                entries[index].ticket = lastTicket + 1
                join(entries[index], identity, &assignments)
            }
            nextSequence = nextSequence.advanced(by: entries[index].recordCount)
        }
        if assignments.isEmpty { return nil }
        lastTicket += 1
        return (lastTicket, assignments)
    }

    /// Pieces of one tag follow one another, and are one assignment.
    private func join(_ entry: Entry, _ identity: ProducerIdentity, _ assignments: inout [Assignment]) {
        var (position, first, count) = (entry.position, nextSequence, entry.recordCount)
        if let last = assignments.last, last.tag == entry.tag {
            (position, first) = (last.position, last.firstSequence)
            count += last.recordCount
            assignments.removeLast()
        }
        assignments.append(
            Assignment(
                tag: entry.tag, position: position, identity: identity, firstSequence: first, recordCount: count))
    }

    private var canNumber: Bool {
        switch phase {
        case .sending, .draining(.retry), .paused(.retry): true
        case .draining, .paused, .resuming, .needsIdentity: false
        }
    }

    /// The journal has made durable what was taken under the ticket.
    mutating func confirmed(_ ticket: UInt64) {
        for index in entries.indices where entries[index].ticket == ticket { entries[index].ticket = nil }
    }

    // MARK: Sending

    /// Counts the next batch as in flight.
    mutating func takeNext() -> Outgoing? {
        guard want == .send, let index = nextIndex, let identity else { return nil }
        guard let first = entries[index].firstSequence, let last = entries[index].lastSequence else {
            preconditionFailure("BUG: a batch without a sequence")
        }
        precondition(entries[index].ticket == nil, "BUG: a sequence was used before it was durable")
        if entries[index].status == .stored {
            entries[index].maybeStored = true
            entries[index].wasStored = true
        }
        if sentThrough.map({ last.distance(from: $0) > 0 }) ?? true { sentThrough = last }
        entries[index].status = .inFlight
        inFlight += 1
        return Outgoing(id: entries[index].id, identity: identity, firstSequence: first)
    }

    /// The payload of a batch in flight, to be stamped.
    mutating func withPayload<Result>(_ id: UInt64, _ body: (inout Payload) -> Result) -> Result {
        body(&entries[index(of: id)].payload)
    }

    func index(of id: UInt64) -> Int {
        guard let index = entries.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("BUG: an answer to a batch that is not there")
        }
        return index
    }

    /// The leader has a batch and does not take it for a duplicate: it was cut in another way in an earlier life. Only the
    /// log can tell that it is as safe as an acknowledgement would make it.
    var needsReadingBack: Bool { entries.contains { $0.isUncertain && $0.wasStored && $0.doubts > 0 } }

    /// What may be stored, without anybody knowing it.
    var uncertainPayloads: [Payload] {
        entries.filter { $0.isUncertain || $0.status == .stored && $0.firstSequence != nil }.map(\.payload)
    }
}
