internal import KafkaProtocol
internal import NIOCore
internal import Primitives

/// Bytes that all groups of a table take together.
final class GroupLedger {
    var bytes = 0
}

/// A group: its members, its generation, its offsets. What happens to it is decided in `GroupTable`; here is what must
/// always be true of it:
///
/// - the counts of members that wait, and of members that know a protocol, are those of `members`;
/// - the leader, where there is one, is a member; and so is whoever `staticMembers` names;
/// - what it takes in memory is in the ledger.
///
/// After Apache Kafka's `ClassicGroup`.
final class Group {
    enum State: String, Sendable {
        case empty = "Empty"
        case preparingRebalance = "PreparingRebalance"
        case completingRebalance = "CompletingRebalance"
        case stable = "Stable"
    }

    let id: String
    private(set) var state: State
    /// nil before the first change.
    private(set) var previousState: State?
    /// When it came into its state; nil where an old record does not say.
    private(set) var since: Timestamp?
    private(set) var generation: Int32
    private(set) var protocolType: String?
    private(set) var protocolName: String?
    private(set) var leader: String?
    private(set) var members: [String: GroupMember] = [:]
    /// Members by their instance id.
    private(set) var staticMembers: [String: String] = [:]
    /// Ids that were given away and with which nobody has joined yet.
    private(set) var pendingJoin: Set<String> = []
    /// Members that have not asked for their assignment in this generation.
    var pendingSync: Set<String> = []
    private(set) var awaitingJoin = 0
    /// What the members subscribe to, where that can be known.
    private(set) var subscribedTopics: Set<String>?
    /// In the initial delay: somebody came, so it is prolonged.
    var hasNewMember = false
    /// Of the initial delay, what the first member's rebalance timeout leaves, and the part that runs now.
    var initialDelay: (running: Int64, remaining: Int64) = (0, 0)
    private(set) var offsets: [String: [Int32: OffsetSlot]] = [:]

    private var supported: [String: Int] = [:]
    private var nextOrdinal: UInt64 = 0
    private let ledger: GroupLedger
    private(set) var memberBytes = 0
    private var bytes: Int

    init(_ id: String, ledger: GroupLedger, state: State = .empty, generation: Int32 = 0, since: Timestamp?) {
        self.id = id
        self.ledger = ledger
        self.state = state
        self.generation = generation
        self.since = since
        bytes = 600 + 2 * id.utf8.count
        ledger.bytes += bytes
    }

    deinit { ledger.bytes -= bytes }

    private func account(_ change: Int) {
        bytes += change
        ledger.bytes += change
    }

    // MARK: States

    func move(to next: State, now: Timestamp) {
        let allowed: [State] =
            switch next {
            case .empty, .completingRebalance: [.preparingRebalance]
            case .preparingRebalance: [.stable, .completingRebalance, .empty]
            case .stable: [.completingRebalance]
            }
        precondition(allowed.contains(state), "BUG: a group went from \(state) to \(next)")
        previousState = state
        state = next
        since = now
    }

    /// The rebalance is over: those who joined are the next generation.
    func beginGeneration(now: Timestamp) {
        // After so many a generation of the past could be met again, but not soon.
        generation = generation == .max ? 1 : generation + 1
        protocolName = members.isEmpty ? nil : selectedProtocol
        subscribedTopics = computeSubscribedTopics()
        move(to: members.isEmpty ? .empty : .completingRebalance, now: now)
        pendingSync.removeAll()
    }

    /// Whether it is worth nothing any more: no member, no offset, and nothing on disk.
    var isUnused: Bool {
        state == .empty && members.isEmpty && pendingJoin.isEmpty && offsets.isEmpty && generation == 0
    }

    // MARK: Members

    var membersInOrder: [GroupMember] { members.values.sorted { $0.ordinal < $1.ordinal } }

    var hasAllJoined: Bool { members.count == awaitingJoin && pendingJoin.isEmpty }

    func isLeader(_ member: String) -> Bool { leader == member }

    /// The longest that any member wants to be waited for.
    var rebalanceMilliseconds: Int64 { members.values.map(\.rebalanceMilliseconds).max() ?? 0 }

    /// - Parameter protocolType: the group's from now on, where it has no members.
    func add(_ new: GroupMember, protocolType type: String) {
        precondition(members[new.id] == nil, "BUG: a member was added twice")
        var member = new
        member.ordinal = nextOrdinal
        nextOrdinal += 1
        if members.isEmpty { protocolType = type }
        if let instance = member.instanceID { staticMembers[instance] = member.id }
        if leader == nil { leader = member.id }
        removePending(member.id)
        members[member.id] = member
        count(member, 1)
    }

    func remove(_ id: String) {
        if let member = members.removeValue(forKey: id) {
            count(member, -1)
            if let instance = member.instanceID, staticMembers[instance] == id { staticMembers[instance] = nil }
        }
        if leader == id { leader = members.values.min { $0.ordinal < $1.ordinal }?.id }
        removePending(id)
        pendingSync.remove(id)
    }

    /// Changes a member in place.
    func update(_ id: String, _ change: (inout GroupMember) -> Void) {
        guard let index = members.index(forKey: id) else { return }
        count(members.values[index], -1)
        change(&members.values[index])
        count(members.values[index], 1)
    }

    /// A member that comes back under another id keeps its place, and the leader its role.
    func rename(_ old: String, to new: String) {
        guard var member = members.removeValue(forKey: old) else { return }
        count(member, -1)
        member.id = new
        if let instance = member.instanceID { staticMembers[instance] = new }
        if leader == old { leader = new }
        if pendingSync.remove(old) != nil { pendingSync.insert(new) }
        members[new] = member
        count(member, 1)
    }

    private func count(_ member: GroupMember, _ sign: Int) {
        if member.isAwaitingJoin { awaitingJoin += sign }
        for entry in member.protocols { supported[entry.name, default: 0] += sign }
        if sign < 0 {
            for entry in member.protocols where supported[entry.name] == 0 { supported[entry.name] = nil }
        }
        memberBytes += sign * member.bytes
        account(sign * member.bytes)
    }

    func addPending(_ id: String) {
        if pendingJoin.insert(id).inserted { account(300 + 2 * id.utf8.count) }
    }

    private func removePending(_ id: String) {
        if pendingJoin.remove(id) != nil { account(-(300 + 2 * id.utf8.count)) }
    }

    /// Makes a member that has joined the leader, where the one there is has not.
    ///
    /// - Returns: whether there is a leader that has joined.
    func electJoinedLeader() -> Bool {
        guard let leader, let current = members[leader] else { return false }
        if case .held = current.joining { return true }
        // Rather one whose connection is there, since all wait for the leader's assignments.
        let joined = members.values.filter(\.isAwaitingJoin)
        let present = joined.filter { $0.joining != .gone }
        if present.isEmpty && current.isAwaitingJoin { return true }
        guard let next = (present.isEmpty ? joined : present).min(by: { $0.ordinal < $1.ordinal }) else {
            return false
        }
        self.leader = next.id
        return true
    }

    // MARK: Protocols

    func supports(_ type: String, _ protocols: [JoinGroupRequest.GroupProtocol]) -> Bool {
        if state == .empty { return !type.isEmpty && !protocols.isEmpty }
        return protocolType == type && protocols.contains { supported[$0.name, default: 0] == members.count }
    }

    /// Every member votes for the first of its own that all know; the most votes win, and of equals the first name.
    var selectedProtocol: String? {
        var votes: [String: Int] = [:]
        for member in members.values {
            let choice = member.protocols.first { supported[$0.name] == members.count }
            if let choice { votes[choice.name, default: 0] += 1 }
        }
        return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    var usesConsumerProtocol: Bool { protocolType == "consumer" }

    func isSubscribed(to topic: String) -> Bool { subscribedTopics?.contains(topic) ?? usesConsumerProtocol }

    private func computeSubscribedTopics() -> Set<String>? {
        guard usesConsumerProtocol else { return nil }
        if members.isEmpty { return [] }
        var topics: Set<String> = []
        for member in members.values {
            // The fields of version 0 stand first in all versions: version, topics.
            var reader = WireReader(member.metadata(of: protocolName), elementLimit: 1 << 20)
            do throws(WireError) {
                _ = try reader.integer(Int16.self)
                topics.formUnion(try reader.strings(flexible: false))
            } catch {
                return nil
            }
        }
        return topics
    }

    /// Takes over what the log says.
    func restore(protocolType: String?, protocolName: String?, leader: String?) {
        self.protocolType = protocolType
        self.protocolName = protocolName
        if let leader, members[leader] != nil { self.leader = leader }
        subscribedTopics = computeSubscribedTopics()
    }

    // MARK: Offsets

    func slot(_ topic: String, _ partition: Int32) -> OffsetSlot? { offsets[topic]?[partition] }

    func updateSlot(_ topic: String, _ partition: Int32, _ change: (inout OffsetSlot) -> Void) {
        let before = slot(topic, partition)
        var slot = before ?? OffsetSlot()
        change(&slot)
        account((slot.isVacant ? 0 : slot.bytes) - (before?.bytes ?? 0))
        offsets[topic, default: [:]][partition] = slot.isVacant ? nil : slot
        if offsets[topic]?.isEmpty ?? false { offsets[topic] = nil }
    }
}
