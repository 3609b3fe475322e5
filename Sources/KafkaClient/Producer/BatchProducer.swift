internal import DequeModule
package import KafkaProtocol
internal import Logging
internal import NIOCore
package import Primitives
package import RecordBatches
internal import Synchronization

/// Where a producer tells what became of the batches. Called on the producer's event loop: to be quick, and thread-safe.
package protocol ProducerSink: Sendable {
    /// The batch is stored as safely as acks=all promises. In the order of `enqueue` per partition.
    ///
    /// - Parameter baseOffset: nil where the broker only said that it has the batch.
    func onAcknowledged(tag: UInt64, topic: String, partition: Int32, baseOffset: Offset?)
    /// The broker will never take the batch. Later batches go on.
    func onRefused(tag: UInt64, topic: String, partition: Int32, error: ErrorCode)
    /// The identity that batches are sent under from now on, told before the first of them leaves.
    func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?)
    /// Something that nobody could prevent, and that somebody should know of.
    func onIncident(_ incident: ProducerIncident)
}

extension ProducerSink {
    package func onIdentity(_ identity: ProducerIdentity, replacing: ProducerIdentity?) {}
    package func onIncident(_ incident: ProducerIncident) {}
}

package enum ProducerIncident: Sendable, Equatable {
    /// So many records may be in the topic twice.
    case mayBeDoubled(TopicPartition, records: Int64)
    /// The broker no longer has so many records that it had acknowledged.
    case lostByBroker(TopicPartition, records: Int64)
}

package struct ProducerConfiguration: Sendable {
    /// The most Produce requests in flight to one broker.
    package var requestsPerBroker: Int
    /// The most batches in flight to one partition; brokers remember five.
    package var batchesPerPartition: Int
    /// A request is closed before it grows past this; one larger batch still makes one.
    package var requestBytes: Int
    /// How long a broker may wait for its replicas.
    package var acknowledgementTimeout: Duration

    package init(
        requestsPerBroker: Int = 5, batchesPerPartition: Int = 5, requestBytes: Int = 8 << 20,
        acknowledgementTimeout: Duration = .seconds(20)
    ) {
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
/// Sequence numbers are the ordinals of the records per partition, from those given on (or 0), modulo 2^31.
package actor BatchProducer {
    nonisolated package let cluster: KafkaCluster
    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        unsafe cluster.eventLoop.executor.asUnownedSerialExecutor()
    }
    nonisolated let configuration: ProducerConfiguration
    nonisolated let sink: any ProducerSink
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
    let startSequences: [TopicPartition: SequenceNumber]
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

    struct Payload {
        var batch: SealedBatch
    }

    struct PartitionState {
        var machine: ProducerPartition<Payload>
        /// The connection that the batches in flight went over; no other gets one until they have landed.
        var link: BrokerLink?
        var isQueued = false
        var isPausing = false
        var isResuming = false
    }

    /// - Parameters:
    ///   - identity: from an earlier life, or nil to ask the cluster for one when the first batch comes.
    ///   - sequences: the next sequence per partition under that identity, 0 where none is given.
    package init(
        cluster: KafkaCluster, identity: ProducerIdentity? = nil, sequences: [TopicPartition: SequenceNumber] = [:],
        configuration: ProducerConfiguration = ProducerConfiguration(), sink: any ProducerSink
    ) {
        self.cluster = cluster
        self.identity = identity
        self.startSequences = sequences
        self.configuration = configuration
        self.sink = sink
        self.logger = cluster.logger
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

    private func drainInbox() {
        let batches = inbox.withLock { inbox in
            inbox.isDrainDue = false
            return exchange(&inbox.batches, with: [])
        }
        if isClosed { return }
        startAgeTimer()
        var touched: Set<TopicPartition> = []
        for (batch, place, tag) in batches {
            var state =
                partitions.removeValue(forKey: place)
                ?? PartitionState(
                    machine: ProducerPartition(
                        window: configuration.batchesPerPartition, identity: identity,
                        nextSequence: startSequences[place] ?? SequenceNumber(0)))
            // A partition with nothing underway follows the producer's identity at once.
            var told: [ProducerPartition<Payload>.Outcome] = []
            if let identity, state.machine.isEmpty, state.machine.identity != identity {
                told = state.machine.adopt(identity)
            }
            state.machine.enqueue(
                tag: tag, size: batch.byteCount, recordCount: Int64(batch.recordCount), payload: Payload(batch: batch)
            )
            partitions[place] = state
            tell(told, place)
            touched.insert(place)
        }
        for place in touched { pump(place) }
    }

    private func exchange<Value>(_ place: inout Value, with new: Value) -> Value {
        let old = place
        place = new
        return old
    }

    /// Tells the sink, and whoever waits for everything to be settled.
    func tell(_ outcomes: [ProducerPartition<Payload>.Outcome], _ place: TopicPartition) {
        for outcome in outcomes {
            switch outcome {
            case .acknowledged(let tag, let size, let offset):
                settle(size)
                sink.onAcknowledged(tag: tag, topic: place.topic, partition: place.partition, baseOffset: offset)
            case .refused(let tag, let size, let code):
                logger.error("a batch was refused", metadata: ["partition": "\(place)", "error": "\(code)"])
                settle(size)
                sink.onRefused(tag: tag, topic: place.topic, partition: place.partition, error: code)
            case .mayDouble(let records):
                logger.error("records may be stored twice", metadata: ["partition": "\(place)", "count": "\(records)"])
                sink.onIncident(.mayBeDoubled(place, records: records))
            case .lostByBroker(let records):
                logger.error(
                    "the broker lost records that it had acknowledged",
                    metadata: ["partition": "\(place)", "count": "\(records)"])
                sink.onIncident(.lostByBroker(place, records: records))
            }
        }
        if !flushWaiters.isEmpty && batchesHeld == 0 { finishWaiters(true) }
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
