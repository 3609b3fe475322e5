internal import KafkaProtocol
internal import NIOCore
internal import Synchronization

/// A member of a consumer group: reads the partitions that the group assigns to it, and commits what its user has done.
///
/// A record's way: `next` hands out a batch, the user writes it out and says so by `wrote`, and within the commit interval
/// its offset is committed. Nothing is committed before that, so each record is written at least once, whoever dies.
/// When partitions have to be given up, `next` asks for what was handed out to be written first (`.writeOut`), and the
/// commit precedes the hand-over: then each record is written once.
///
/// Heartbeats go out from the cluster's event loop, however long the user takes, up to the `maximumPollInterval`.
package actor GroupConsumer {
    package enum Delivery: Sendable {
        case records(FetchedBatch)
        /// All that was handed out is to be written out now, and told by `wrote`.
        case writeOut
        case end
    }

    nonisolated let cluster: KafkaCluster
    nonisolated let configuration: GroupConfiguration
    nonisolated let onEvent: @Sendable (GroupEvent) -> Void
    nonisolated let fetcher: FetchSession
    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        unsafe cluster.eventLoop.executor.asUnownedSerialExecutor()
    }

    var membership: GroupMembership
    var coordinator: BrokerAddress?
    /// Written out and not yet committed.
    var uncommitted: [TopicPartition: CommittedOffset] = [:]
    /// Being given up: nothing more of these is handed out.
    var givingUp: Set<TopicPartition> = []
    /// Something handed out may not be written out yet.
    private var hasUnwritten = false
    private var wantsWriteOut = false
    /// Since when the user has not been waiting in `next`.
    var busySince: NIODeadline?
    private var writeOutWaiter: CheckedContinuation<Void, Never>?
    var commitUnderway: Task<Void, Never>?
    var isClosing = false
    var failure: KafkaClientError?
    /// As the leader: the topics that members want, and how many partitions each had when they were shared out.
    var wantedTopics: Set<String> = []
    var sharedOut: [String: Int] = [:]
    private var tasks: [Task<Void, Never>] = []
    private var sleeper: CheckedContinuation<Void, Never>?
    private var wasWoken = false

    /// - Parameter onEvent: called on the cluster's event loop.
    package init(
        cluster: KafkaCluster, configuration: GroupConfiguration,
        onEvent: @escaping @Sendable (GroupEvent) -> Void = { _ in }
    ) {
        self.cluster = cluster
        self.configuration = configuration
        self.onEvent = onEvent
        membership = GroupMembership(
            groupID: configuration.groupID, instanceID: configuration.instanceID, assignors: configuration.assignors)
        var fetch = FetchConfiguration(
            topics: [], whenOutOfRange: configuration.offsetReset.start, endsAtEnd: configuration.endsAtEnd)
        fetch.isAssigned = true
        fetcher = FetchSession(cluster: cluster, configuration: fetch) { onEvent(.fetch($0)) }
    }

    /// Whether the next batch is there already: where not, whoever buffers output may flush it.
    nonisolated package var hasNext: Bool { fetcher.buffered.load(ordering: .relaxed) > 0 }

    /// What comes next; joins the group at the first call. For one caller at a time.
    package func next() async throws(KafkaClientError) -> Delivery {
        start()
        busySince = nil
        defer { busySince = .now() }
        while true {
            if let failure { throw failure }
            if isClosing { return .end }
            if wantsWriteOut { return .writeOut }
            if membership.isStalled {
                // What was handed out before is not to be told as written when the partitions come back.
                if hasUnwritten { return .writeOut }
                membership.resumed()
                wake()
            }
            switch await fetcher.take() {
            case .failure(let error): throw error
            case .success(let batch?):
                let place = TopicPartition(topic: batch.topic, partition: batch.partition)
                guard membership.owned.contains(place), !givingUp.contains(place) else { continue }
                hasUnwritten = true
                return .records(batch)
            case .success(nil):
                if Task.isCancelled { return .end }
                if await fetcher.isAtEnd, !wantsWriteOut, !isClosing, failure == nil { return .end }
            }
        }
    }

    /// Tells that everything handed out so far was written out, up to these offsets (the first that was not, each).
    package func wrote(_ offsets: [TopicPartition: CommittedOffset]) {
        if !membership.isStalled {
            for (place, offset) in offsets where membership.owned.contains(place) { uncommitted[place] = offset }
        }
        hasUnwritten = false
        wantsWriteOut = false
        endWriteOut()
    }

    /// Has `next` return `.end`.
    package func stop() async {
        isClosing = true
        wrote([:])
        wake()
        await fetcher.interrupt()
    }

    /// Commits what was written, leaves the group (unless it is a static member), and ends. To be called in any case.
    package func close() async {
        await stop()
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        if case .fail = membership.nextStep() {
            // Nothing would be taken from this member.
        } else {
            let ending = Task { await commitAndLeave() }
            let limit = cluster.eventLoop.scheduleTask(in: TimeAmount(configuration.closingTimeout)) { ending.cancel() }
            await ending.value
            limit.cancel()
        }
        await fetcher.stop()
    }

    private func commitAndLeave() async {
        while !uncommitted.isEmpty, !Task.isCancelled, membership.phase == .stable {
            await commit()
            if !uncommitted.isEmpty { try? await Task.sleep(for: .milliseconds(100)) }
        }
        await leave(membership.memberID, because: "the consumer is being closed")
    }

    private func start() {
        guard tasks.isEmpty, !isClosing else { return }
        tasks = [
            Task { await live() }, Task { await beat() }, Task { await commitRegularly() },
            Task { await lookForTopics() }, Task { await watchUser() },
        ]
    }

    // MARK: Waiting

    /// Has the user write out what it holds, and waits for that.
    func writeOut() async {
        guard hasUnwritten, !isClosing else { return }
        wantsWriteOut = true
        await fetcher.interrupt()
        guard wantsWriteOut, !membership.isStalled else { return }
        await withCheckedContinuation { writeOutWaiter = $0 }
    }

    /// Waits no longer for what the user writes out.
    func endWriteOut() {
        writeOutWaiter?.resume()
        writeOutWaiter = nil
    }

    /// Waits until `wake` is called, or was called since the last wait.
    func pause() async {
        if !wasWoken && !isClosing { await withCheckedContinuation { sleeper = $0 } }
        wasWoken = false
    }

    func wake() {
        wasWoken = true
        sleeper?.resume()
        sleeper = nil
    }

    func fail(_ error: KafkaClientError) async {
        failure = error
        wrote([:])
        await fetcher.interrupt()
    }
}
