internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches
internal import Synchronization

/// The coordinator thread's own side: does what the table decides. No other thread ever sees it.
///
/// A request's way: a closure on the queue, the table, the table's effects; where they are to be written, the storage
/// thread of the one partition of `__consumer_offsets`, and its answer is a closure on the queue again.
final class GroupLoop {
    private enum Reply {
        case join(@Sendable (JoinGroupResponse) -> Void)
        case sync(@Sendable (SyncGroupResponse) -> Void)
    }

    private struct Held {
        var reply: Reply
        var client: ClientConnection
        var parked: HeldReply
    }

    private enum Log {
        case missing
        /// Being created; what waits for it.
        case creating([(records: [GroupRecord], append: GroupAppend)])
        case open(Partition)
    }

    /// Of the records themselves; a batch of more is refused by the log.
    private static let batchLimit = 1 << 30
    /// What the batches' memory keeps between appends.
    private static let keptBytes = 1 << 20

    let table: GroupTable
    /// Why nothing is answered yet; nil when it is.
    var unavailable: ErrorCode?
    var isStopping = false
    /// No answer is held any more.
    var isDraining = false
    private(set) var appendsInFlight = 0
    private var held: [ReplyToken: Held] = [:]
    private var stores: [ReplyToken: @Sendable (ErrorCode) -> Void] = [:]
    private var lastToken: UInt64 = 0
    private var log = Log.missing
    private let coordinator: GroupCoordinator
    private let clock: any WallClock
    private let logger: Logger
    private let start = SuspendingClock.now
    private let builder = RecordBatchBuilder(limit: GroupLoop.batchLimit)
    private let compressor: BatchCompressor
    private var isFailing = false

    init(_ coordinator: GroupCoordinator, _ settings: GroupSettings, clock: any WallClock, logger: Logger) throws {
        self.coordinator = coordinator
        self.clock = clock
        self.logger = logger
        compressor = try BatchCompressor(.none)
        table = GroupTable(settings, now: GroupTime(uptime: 0, wall: clock.now()))
    }

    // MARK: The thread

    func run(_ queue: BlockingQueue<GroupCoordinator.Work>) {
        while let all = queue.takeAll(timeout: patience) {
            for work in all {
                refreshTime()
                work(self)
                performEffects()
            }
            refreshTime()
            table.tick()
            performEffects()
            if isStopping && appendsInFlight == 0 { queue.close() }
        }
        releaseHeld()
        for store in stores.values { store(.coordinatorNotAvailable) }
    }

    private var uptime: Int64 {
        let (seconds, attoseconds) = (SuspendingClock.now - start).components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    private func refreshTime() { table.now = GroupTime(uptime: uptime, wall: clock.now()) }

    private var patience: Duration? {
        if unavailable != nil { return nil }
        // A little later than due rather than a little earlier, and then again.
        return table.timers.next.map { .milliseconds(max(0, $0 - uptime) + 1) }
    }

    // MARK: Answers that are held

    func newToken() -> ReplyToken {
        lastToken += 1
        return ReplyToken(value: lastToken)
    }

    func hold(
        join group: String, from client: ClientConnection, _ answer: @escaping @Sendable (JoinGroupResponse) -> Void
    ) -> ReplyToken {
        hold(.join(answer), group, client)
    }

    func hold(
        sync group: String, from client: ClientConnection, _ answer: @escaping @Sendable (SyncGroupResponse) -> Void
    ) -> ReplyToken {
        hold(.sync(answer), group, client)
    }

    /// Has the answer given when what the table was asked for with `token` is durable, or failed.
    func whenStored(_ token: ReplyToken, _ answer: @escaping @Sendable (ErrorCode) -> Void) {
        stores[token] = answer
    }

    private func hold(_ reply: Reply, _ group: String, _ client: ClientConnection) -> ReplyToken {
        let token = newToken()
        let parked = HeldReply(token: token, group: group, coordinator: coordinator)
        held[token] = Held(reply: reply, client: client, parked: parked)
        // The connection may be gone already.
        if !client.park(parked) { parked.cancel() }
        return token
    }

    private func take(_ token: ReplyToken) -> Reply? {
        guard let held = held.removeValue(forKey: token) else { return nil }
        held.client.unpark(held.parked)
        return held.reply
    }

    /// Answers all who wait for others: nothing comes of it any more.
    func releaseHeld() {
        for token in held.keys.sorted(by: { $0.value < $1.value }) {
            switch take(token) {
            case .join(let answer): answer(JoinGroupResponse(errorCode: .coordinatorNotAvailable))
            case .sync(let answer): answer(SyncGroupResponse(errorCode: .coordinatorNotAvailable))
            case nil: break
            }
        }
    }

    // MARK: Effects

    private func performEffects() {
        for effect in table.takeEffects() {
            switch effect {
            case .joined(let token, let response):
                if case .join(let answer) = take(token) { answer(response) }
            case .synced(let token, let response):
                if case .sync(let answer) = take(token) { answer(response) }
            case .stored(let token, let code):
                stores.removeValue(forKey: token)?(code)
            case .append(let records, let append):
                write(records, append)
            }
        }
    }

    // MARK: The log

    /// From now on it is written to, and requests are answered.
    func open(_ partition: Partition?, _ stored: StoredGroups) {
        refreshTime()
        table.restore(stored)
        if let partition { log = .open(partition) }
        unavailable = nil
        if !stored.offsets.isEmpty { table.forget(topics: { [coordinator] in !coordinator.isTopic($0) }, nil) }
    }

    private func write(_ records: [GroupRecord], _ append: GroupAppend) {
        switch log {
        case .open(let partition): write(records, append, to: partition)
        case .creating(let waiting): log = .creating(waiting + [(records, append)])
        case .missing:
            log = .creating([(records, append)])
            appendsInFlight += 1
            coordinator.createTopic { [coordinator] result in
                coordinator.submit { $0.created(result) }
            }
        }
    }

    private func created(_ result: Result<Partition, ChangeRefusal>) {
        appendsInFlight -= 1
        guard case .creating(let waiting) = log else { preconditionFailure("BUG: the offsets topic was made twice") }
        switch result {
        case .success(let partition):
            log = .open(partition)
            for (records, append) in waiting { write(records, append, to: partition) }
        case .failure(let refusal):
            // Whoever comes next has it tried again.
            log = .missing
            logger.error("cannot create \(TopicName.offsets): \(refusal.message)")
            for (_, append) in waiting { table.appended(append, .coordinatorNotAvailable) }
        }
    }

    private func write(_ records: [GroupRecord], _ append: GroupAppend, to partition: Partition) {
        let time = table.now.wall
        for record in records {
            let key = [UInt8](record.key.readableBytesView)
            let value = record.value.map { [UInt8]($0.readableBytesView) }
            guard builder.append(key: key.rawBytes, value: value?.rawBytes, timestamp: time) else {
                _ = builder.seal(with: compressor)
                return table.appended(append, .recordListTooLarge)
            }
        }
        let sealed = builder.seal(with: compressor)
        if builder.heldBytes > Self.keptBytes { builder.releaseMemory() }
        appendsInFlight += 1
        partition.storage.submit(
            .append(partition, sealed.header, ByteBuffer(bytes: sealed.bytes)) { [coordinator] outcome in
                coordinator.submit { $0.appended(append, outcome) }
            })
    }

    private func appended(_ append: GroupAppend, _ outcome: AppendOutcome) {
        appendsInFlight -= 1
        switch outcome {
        case .appended, .duplicate:
            if isFailing { logger.notice("groups and offsets can be written again") }
            isFailing = false
            table.appended(append, .none)
        case .refused(let code, let message):
            if !isFailing { logger.error("cannot write groups and offsets: \(message)") }
            isFailing = true
            table.appended(append, code)
        }
    }
}

/// Tells the coordinator when the connection of an answer that it holds is gone.
final class HeldReply: ParkedRequest {
    private let token: ReplyToken
    private let group: String
    private let coordinator: GroupCoordinator

    init(token: ReplyToken, group: String, coordinator: GroupCoordinator) {
        self.token = token
        self.group = group
        self.coordinator = coordinator
    }

    func cancel() {
        coordinator.submit { [token, group] loop in loop.table.connectionGone(token, in: group) }
    }
}
