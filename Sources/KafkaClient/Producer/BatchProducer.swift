internal import DequeModule
internal import KafkaProtocol
internal import Logging
internal import NIOCore
package import Primitives
package import RecordBatches
internal import Synchronization

package struct ProducerConfiguration: Sendable {
    /// The most Produce requests in flight to one broker.
    package var requestsPerBroker: Int
    /// The most batches in flight to one partition; brokers remember five.
    package var batchesPerPartition: Int
    /// A request is closed before it grows past this; one larger batch still makes one.
    package var requestBytes: Int
    /// How long a broker may wait for its replicas.
    package var acknowledgementTimeout: Duration
    /// How much of a partition's end is read, at the most, to find out what is stored where its leader does not tell.
    package var scanBytes: Int

    package init(
        requestsPerBroker: Int = 5, batchesPerPartition: Int = 5, requestBytes: Int = 8 << 20,
        acknowledgementTimeout: Duration = .seconds(20), scanBytes: Int = 256 << 20
    ) {
        self.scanBytes = scanBytes
        self.requestsPerBroker = requestsPerBroker
        self.batchesPerPartition = batchesPerPartition
        self.requestBytes = requestBytes
        self.acknowledgementTimeout = acknowledgementTimeout
    }
}

/// Ships finished batches to the partitions' leaders: each one once and in order, as an idempotent producer (KIP-98).
///
/// `enqueue` may be called from any thread and never waits. What can heal is tried for ever, with back-off; what cannot is
/// told to the sink. The batches enqueued are all that is held; the caller bounds them by `bytesHeld`.
///
/// With a journal it goes on after the death of the process where it was (KAFKA.md 2.6): a batch gets its sequence when it is
/// enqueued, leaves when the journal has that sequence on disk, and in the next life is taken for stored or not by what the
/// partition's leader says. Sequence numbers count the records per partition and epoch, modulo 2^31.
package actor BatchProducer {
    nonisolated package let cluster: KafkaCluster
    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        unsafe cluster.eventLoop.executor.asUnownedSerialExecutor()
    }
    nonisolated let configuration: ProducerConfiguration
    nonisolated let sink: any ProducerSink
    nonisolated let journal: (any SequenceJournal)?
    nonisolated let clock: any WallClock
    nonisolated let logger: Logger

    private struct Inbox {
        var batches: [(batch: SealedBatch, place: TopicPartition, tag: UInt64)] = []
        var isDrainDue = false
    }
    nonisolated private let inbox = Mutex(Inbox())
    nonisolated private let held = Atomic<Int>(0)
    nonisolated private let unsettled = Atomic<Int>(0)

    // What the extensions in the other files work on; touched on the event loop only.
    var identity: ProducerIdentity?
    var isAskingIdentity = false
    var clusterID: String?
    /// Of the topics that the partitions were seen in.
    var topicIDs: [TopicPartition: TopicID] = [:]
    /// Since when partitions in use, and topics, are missing in all answers.
    var absentSince: [TopicPartition: NIODeadline] = [:]
    var deletedSince: [String: NIODeadline] = [:]
    /// As told by `release`.
    var releasedTopics: Set<String> = []
    var toldPartitions: [String: Int] = [:]
    var partitions: [TopicPartition: PartitionState] = [:]
    var leaders: [TopicPartition: Int32] = [:]
    var links: [Int32: BrokerLink] = [:]
    var wantedTopics: Set<String> = []
    var isRefreshing = false
    var connecting: Set<Int32> = []
    var ageTimer: RepeatedTask?
    var isClosed = false
    private var flushWaiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    private var nextWaiter = 0

    typealias Machine = ProducerPartition<ProducerBatch>

    struct PartitionState {
        var machine: Machine
        /// The connection that the batches in flight went over; no other gets one until they have landed.
        var link: BrokerLink?
        /// What the broker said with its last error code.
        var complaint: (code: ErrorCode, message: String)?
        var isQueued = false
        var isPausing = false
        var isResuming = false
    }

    /// - Parameters:
    ///   - resuming: what an earlier life left; its batches are taken up at once, before any that is enqueued.
    ///   - journal: makes sequences durable before they are used; nil: what is in flight when the process ends may be
    ///     stored, and nobody will know.
    package init(
        cluster: KafkaCluster, resuming: ProducerResumption = ProducerResumption(),
        journal: (any SequenceJournal)? = nil, configuration: ProducerConfiguration = ProducerConfiguration(),
        clock: any WallClock = SystemWallClock(), sink: any ProducerSink
    ) {
        self.cluster = cluster
        self.identity = resuming.identity
        self.clusterID = resuming.clusterID
        self.journal = journal
        self.configuration = configuration
        self.clock = clock
        self.sink = sink
        self.logger = cluster.logger
        for left in resuming.partitions {
            let machine = left.machine(
                window: configuration.batchesPerPartition, goesOn: left.identity.id == resuming.identity?.id,
                isJournaled: journal != nil)
            partitions[left.place] = PartitionState(machine: machine)
            topicIDs[left.place] = left.topicID
            unsettled.wrappingAdd(left.batches.count, ordering: .relaxed)
            for batch in left.batches { held.wrappingAdd(batch.batch?.byteCount ?? 0, ordering: .relaxed) }
        }
        if resuming.partitions.contains(where: { !$0.batches.isEmpty }) {
            cluster.eventLoop.execute { self.assumeIsolated { $0.takeUp() } }
        }
    }

    /// Bytes of the batches that are neither acknowledged nor refused.
    nonisolated package var bytesHeld: Int { held.load(ordering: .relaxed) }
    /// Batches that are neither acknowledged nor refused.
    nonisolated package var batchesHeld: Int { unsettled.load(ordering: .acquiring) }

    /// Takes a batch over. Batches of one partition are sent in the order of the calls.
    ///
    /// - Parameter tag: the caller's name for the batch, told to the sink.
    nonisolated package func enqueue(_ batch: SealedBatch, topic: String, partition: Int32, tag: UInt64) {
        held.wrappingAdd(batch.byteCount, ordering: .relaxed)
        unsettled.wrappingAdd(1, ordering: .acquiringAndReleasing)
        let mustWake = inbox.withLock { inbox in
            inbox.batches.append((batch, TopicPartition(topic: topic, partition: partition), tag))
            defer { inbox.isDrainDue = true }
            return !inbox.isDrainDue
        }
        if mustWake {
            cluster.eventLoop.execute { self.assumeIsolated { $0.drainInbox() } }
        }
    }

    /// Nobody waits for these topics to be made again, if they are deleted: they are not made by asking for them, and once
    /// one was missing for `ClusterConfiguration.absenceLimit`, what is open for it is refused as `placeIsGone`.
    ///
    /// - Parameter topics: instead of those of the last call.
    nonisolated package func release(topics: Set<String>) {
        cluster.eventLoop.execute {
            self.assumeIsolated { producer in
                producer.releasedTopics = topics
                for topic in topics where producer.partitions.keys.contains(where: { $0.topic == topic }) {
                    producer.wantMetadata(topic)
                }
            }
        }
    }

    /// Begins with what an earlier life left.
    private func takeUp() {
        if isClosed { return }
        startAgeTimer()
        for place in partitions.keys { pump(place) }
    }

    private func drainInbox() {
        let batches = inbox.withLock { inbox in
            inbox.isDrainDue = false
            return exchange(&inbox.batches, with: [])
        }
        if isClosed { return }
        startAgeTimer()
        let now = clock.now()
        var touched: Set<TopicPartition> = []
        for (batch, place, tag) in batches {
            var state =
                partitions.removeValue(forKey: place)
                ?? PartitionState(
                    machine: ProducerPartition(
                        window: configuration.batchesPerPartition, identity: identity,
                        nextSequence: SequenceNumber(0), isJournaled: journal != nil))
            // A partition with nothing underway follows the producer's identity at once.
            if let identity, state.machine.isEmpty, state.machine.identity?.id != identity.id {
                state.machine.adopt(identity)
            }
            state.machine.enqueue(
                tag: tag, size: batch.byteCount, recordCount: Int64(batch.recordCount),
                payload: ProducerBatch(batch, firstSent: now))
            partitions[place] = state
            touched.insert(place)
        }
        for place in touched { pump(place) }
    }

    private func exchange<Value>(_ place: inout Value, with new: Value) -> Value {
        let old = place
        place = new
        return old
    }

    // MARK: Telling

    /// Tells the sink what a partition decided, and whoever waits for everything to be settled.
    func tellOutcomes(of place: TopicPartition) {
        for outcome in partitions[place]?.machine.takeOutcomes() ?? [] { tell(outcome, place) }
        if !flushWaiters.isEmpty && batchesHeld == 0 { finishWaiters(true) }
    }

    private func complaint(_ place: TopicPartition, _ reason: BatchRefusal.Reason) -> String? {
        guard let known = partitions[place]?.complaint, reason == .refused(known.code) else { return nil }
        return known.message
    }

    private func tell(_ outcome: Machine.Outcome, _ place: TopicPartition) {
        switch outcome {
        case .settled(let tag, let size, let storedRecords, let offset):
            settle(size)
            sink.onSettled(
                BatchSettlement(tag: tag, place: place, storedRecords: storedRecords, baseOffset: offset))
        case .refused(let id, let tag, let position, let recordCount, let reason, let payload):
            logger.log(
                level: reason == .placeIsGone ? .notice : .error,
                reason == .placeIsGone ? "records are taken back" : "records are given up",
                metadata: ["partition": "\(place)", "count": "\(recordCount)", "reason": "\(reason)"])
            let refusal = BatchRefusal(
                tag: tag, place: place, position: Int(position), recordCount: Int(recordCount), reason: reason,
                batch: payload.batch, message: complaint(place, reason))
            sink.onRefused(refusal) { [self] in
                cluster.eventLoop.execute { self.assumeIsolated { $0.kept(id, place) } }
            }
        case .mayDouble(let records):
            logger.error("records may be stored twice", metadata: ["partition": "\(place)", "count": "\(records)"])
            sink.onIncident(.mayBeDoubled(place, records: records))
        case .lostByBroker(let records):
            logger.error(
                "the broker lost records that it had acknowledged",
                metadata: ["partition": "\(place)", "count": "\(records)"])
            sink.onIncident(.lostByBroker(place, records: records))
        case .stateIsOld:
            logger.error(
                "the broker has more of this producer than its journal: was it copied, or restored from a backup?",
                metadata: ["partition": "\(place)"])
            sink.onIncident(.stateIsOld(place))
        }
    }

    private func kept(_ id: UInt64, _ place: TopicPartition) {
        if isClosed { return }
        partitions[place]?.machine.kept(id)
        pump(place)
    }

    // MARK: Recording

    /// Has the journal make durable what got a sequence.
    func record(_ place: TopicPartition) {
        guard let (ticket, assignments) = partitions[place]?.machine.takeAssignments(), let journal else { return }
        let topicID = topicIDs[place]
        let recorded = assignments.map {
            SequenceAssignment(
                tag: $0.tag, place: place, topicID: topicID, identity: $0.identity, position: Int($0.position),
                firstSequence: $0.firstSequence, recordCount: Int($0.recordCount))
        }
        journal.record(recorded) { [self] in
            cluster.eventLoop.execute { self.assumeIsolated { $0.confirmed(ticket, place) } }
        }
    }

    private func confirmed(_ ticket: UInt64, _ place: TopicPartition) {
        partitions[place]?.machine.confirmed(ticket)
        pump(place)
    }

    private func settle(_ size: Int) {
        held.wrappingSubtract(size, ordering: .relaxed)
        unsettled.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }

    // MARK: The end

    /// Waits until all that was enqueued is acknowledged or refused.
    ///
    /// - Returns: false where the time was over first.
    package func flush(within limit: Duration) async -> Bool {
        if batchesHeld == 0 { return true }
        if isClosed { return false }
        let waiter = nextWaiter
        nextWaiter += 1
        return await withCheckedContinuation { continuation in
            flushWaiters[waiter] = continuation
            cluster.eventLoop.scheduleTask(in: TimeAmount(limit)) {
                self.assumeIsolated { $0.flushWaiters.removeValue(forKey: waiter)?.resume(returning: false) }
            }
        }
    }

    private func finishWaiters(_ isSettled: Bool) {
        for waiter in flushWaiters.values { waiter.resume(returning: isSettled) }
        flushWaiters = [:]
    }

    /// Waits as `flush` does, then stops for good.
    ///
    /// - Returns: whether everything was acknowledged or refused.
    @discardableResult
    package func close(within limit: Duration = .zero) async -> Bool {
        let isSettled = limit > .zero ? await flush(within: limit) : batchesHeld == 0
        isClosed = true
        ageTimer?.cancel()
        for link in links.values { link.connection.close() }
        links = [:]
        finishWaiters(false)
        return isSettled
    }
}

extension PartitionResumption {
    /// The partition as its earlier life left it.
    fileprivate func machine(window: Int, goesOn: Bool, isJournaled: Bool) -> ProducerPartition<ProducerBatch> {
        var machine = ProducerPartition<ProducerBatch>(
            window: window, resumingWith: identity, goesOn: goesOn, nextSequence: nextSequence,
            settledSequence: settledSequence, isJournaled: isJournaled)
        for batch in batches {
            machine.reenqueue(
                tag: batch.tag, size: batch.batch?.byteCount ?? 0, position: Int64(batch.position),
                recordCount: Int64(batch.recordCount), identity: batch.identity, firstSequence: batch.firstSequence,
                payload: batch.payload)
        }
        return machine
    }
}

extension PartitionResumption.Batch {
    /// Without what is settled. What is not of the length recorded is not what was recorded, and taken for not there.
    fileprivate var payload: ProducerBatch {
        let whole = ProducerBatch(batch, firstSent: firstSent)
        switch batch?.recordCount {
        case recordCount: return whole
        case position + recordCount:
            return whole.split(at: Int64(position))?.tail ?? ProducerBatch(nil, firstSent: firstSent)
        default: return ProducerBatch(nil, firstSent: firstSent)
        }
    }
}
