internal import KafkaProtocol
internal import NIOCore
internal import Primitives

/// The time, as a group coordinator needs it.
struct GroupTime: Sendable {
    /// For deadlines: milliseconds on a clock that nobody sets.
    var uptime: Int64
    /// For what outlives the process.
    var wall: Timestamp
}

/// Who sends a request.
struct GroupCaller: Sendable {
    var clientID: String
    var host: String
    /// Of the request.
    var version: Int16
}

/// What is to be done after something was decided.
enum GroupEffect {
    case joined(ReplyToken, JoinGroupResponse)
    case synced(ReplyToken, SyncGroupResponse)
    /// A change of offsets or groups is durable, or failed.
    case stored(ReplyToken, ErrorCode)
    /// Write these, as one, and tell `appended` when they are durable or not.
    case append([GroupRecord], GroupAppend)
}

/// What waits for records to be durable.
enum GroupAppend: Sendable {
    /// The leader's assignments.
    case assignment(group: String, generation: Int32, [String: ByteBuffer])
    /// A static member that came back under another id.
    case replacement(group: String, member: String, StaticReplacement)
    /// A generation without members.
    case emptied(group: String)
    /// Offsets, set or deleted, and then groups that go where nobody has come meanwhile.
    case changes(ReplyToken?, [GroupRecord], groups: [String])
}

struct StaticReplacement: Sendable {
    var version: Int16
    /// As clients before version 9 are told, so that they do not assign anew.
    var leaderBefore: String?
}

/// All groups: what requests, deadlines and the log's answers make of them.
///
/// It decides and does nothing: no clock, no randomness and no file but what is handed in, and what is to be done comes
/// out in `effects`, in order. It is what Apache Kafka's `GroupMetadataManager` and `OffsetMetadataManager` are for
/// classic groups, and does as they do unless a comment says otherwise.
///
/// 1. A member joins: the answer is held, and a rebalance begins (`+Joining`, `+Rebalancing`).
/// 2. All have joined, or their time is up: a generation begins, all are answered, the leader with all subscriptions.
/// 3. The leader sends assignments: they are written, and when they are durable everybody who asked gets his
///    (`+Syncing`). From here on the generation outlives a crash.
/// 4. Heartbeats and commits move members' deadlines; whoever misses his, or leaves, brings on the next rebalance.
///
/// One answer is given to each token, always.
final class GroupTable {
    let settings: GroupSettings
    /// Set before each call.
    var now: GroupTime
    var random: any RandomNumberGenerator
    private(set) var groups: [String: Group] = [:]
    let ledger = GroupLedger()
    var timers = GroupTimers()
    private var pending: [GroupEffect] = []
    /// Rebalances completed.
    var generations: Int64 = 0

    init(_ settings: GroupSettings, now: GroupTime, random: any RandomNumberGenerator = SystemRandomNumberGenerator()) {
        self.settings = settings
        self.now = now
        self.random = random
        timers.set(.expiry, at: now.uptime + settings.retentionCheckMilliseconds)
    }

    // MARK: Effects

    func emit(_ effect: GroupEffect) { pending.append(effect) }

    /// What is to be done since the last time.
    func takeEffects() -> [GroupEffect] {
        defer { pending.removeAll(keepingCapacity: true) }
        return pending
    }

    // MARK: Groups

    func makeGroup(_ id: String, state: Group.State = .empty, generation: Int32 = 0, since: Timestamp?) -> Group {
        let group = Group(id, ledger: ledger, state: state, generation: generation, since: since)
        groups[id] = group
        return group
    }

    func remove(_ group: Group) {
        timers.cancel(.join(group: group.id))
        timers.cancel(.sync(group: group.id))
        groups[group.id] = nil
    }

    func removeIfUnused(_ group: Group) {
        if group.isUnused { remove(group) }
    }

    /// Whether so much more is too much for all groups together.
    func isFull(adding bytes: Int) -> Bool { ledger.bytes + bytes > settings.maximumBytes }

    /// An id that nobody had before: what the client calls itself, and a random UUID.
    func makeMemberID(_ prefix: String) -> String {
        // A client's name may be as long as a string of the protocol; the id must not be longer than one.
        let name = String(decoding: prefix.utf8.prefix(255), as: UTF8.self)
        var bits = (0..<2).map { _ in random.next() as UInt64 }
        bits[0] = bits[0] & ~0xf000 | 0x4000
        bits[1] = bits[1] & ~(3 << 62) | 2 << 62
        let digits = bits.map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var id = name + "-"
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { id += "-" }
            id.append(digit)
        }
        return id
    }

    // MARK: Time

    /// Does what is due.
    func tick() {
        while let key = timers.popDue(at: now.uptime) {
            switch key {
            case .session(let id, let member): sessionEnded(of: member, in: id)
            case .join(let id): if let group = groups[id] { joinTimeEnded(group) }
            case .sync(let id): if let group = groups[id] { syncTimeEnded(group) }
            case .expiry:
                expire()
                timers.set(.expiry, at: now.uptime + settings.retentionCheckMilliseconds)
            }
        }
    }

    /// A member has shown that it lives.
    func extendSession(of member: String, in group: Group, by milliseconds: Int64? = nil) {
        guard let session = milliseconds ?? group.members[member]?.sessionMilliseconds else { return }
        timers.set(.session(group: group.id, member: member), at: now.uptime + session)
    }

    private func sessionEnded(of member: String, in id: String) {
        guard let group = groups[id] else { return }
        if group.pendingJoin.contains(member) { return removePending(member, from: group) }
        guard let gone = group.members[member], !gone.satisfiesHeartbeat else { return }
        removeAndRebalance(member, from: group)
    }

    // MARK: The log's answers

    /// Records were made durable, or not.
    func appended(_ append: GroupAppend, _ error: ErrorCode) {
        switch append {
        case .assignment(let id, let generation, let assignments):
            guard let group = groups[id] else { return }
            assigned(group, generation, assignments, error)
        case .replacement(let id, let member, let replacement):
            guard let group = groups[id] else { return }
            replaced(member, in: group, replacement, error)
        // Where it failed, the generation before it comes back after a crash, and its members' sessions end.
        case .emptied: break
        case .changes(let token, let records, let groups):
            changed(records, deleting: groups, error)
            if let token { emit(.stored(token, error)) }
        }
    }
}
