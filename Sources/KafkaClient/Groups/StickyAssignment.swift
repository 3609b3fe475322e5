/// An even share that leaves with each member what it has, as far as that goes.
///
/// Invariants, held by `init`:
/// 1. Each partition that somebody wants belongs to one member, which wants its topic.
/// 2. No move of one partition would bring two members' counts closer together.
/// 3. A partition leaves the member that has it only for the sake of 2, or because that member does not want it any more,
///    or because a later claim or a second one of the same generation contradicts it.
struct StickyAssignment {
    private let members: [PartitionAssignor.Member]
    private let wants: [Set<String>]
    private var shares: [[TopicPartition]]
    /// Everybody who says that a partition is theirs, whether they are right or not.
    private var claimants: [TopicPartition: [Int]] = [:]

    init(_ partitionCounts: [String: Int], _ members: [PartitionAssignor.Member]) {
        // In an order that the coordinator's does not change.
        self.members = members.sorted { ($0.instanceID ?? $0.id, $0.id) < ($1.instanceID ?? $1.id, $1.id) }
        wants = self.members.map { Set($0.subscription.topics) }
        shares = Array(repeating: [], count: members.count)
        var free = keepClaims(partitionCounts)
        // The partitions that the fewest members want first, for they have the least choice.
        let takers = Dictionary(
            free.map { ($0.topic, wanting($0.topic)) }, uniquingKeysWith: { first, _ in first })
        free.sort { (takers[$0.topic]?.count ?? 0, $0) < (takers[$1.topic]?.count ?? 0, $1) }
        for place in free {
            guard let taker = takers[place.topic]?.min(by: { shares[$0].count < shares[$1].count }) else { continue }
            shares[taker].append(place)
        }
        while moveOne() {}
    }

    private func wanting(_ topic: String) -> [Int] { wants.indices.filter { wants[$0].contains(topic) } }

    /// Gives each member what it rightly claims, and returns what nobody does.
    private mutating func keepClaims(_ partitionCounts: [String: Int]) -> [TopicPartition] {
        var best: [TopicPartition: (member: Int, generation: Int32, isContested: Bool)] = [:]
        for (index, member) in members.enumerated() {
            let generation = member.subscription.generation
            for place in member.subscription.owned {
                claimants[place, default: []].append(index)
                guard let other = best[place], other.generation >= generation else {
                    best[place] = (index, generation, false)
                    continue
                }
                if other.generation == generation, other.member != index { best[place]?.isContested = true }
            }
        }
        var free: [TopicPartition] = []
        for (topic, count) in partitionCounts.sorted(by: { $0.key < $1.key }) {
            for index in 0..<Int32(clamping: count) {
                let place = TopicPartition(topic: topic, partition: index)
                if let claim = best[place], !claim.isContested, wants[claim.member].contains(topic) {
                    shares[claim.member].append(place)
                } else {
                    free.append(place)
                }
            }
        }
        return free
    }

    /// Moves a partition from a member that has many to one that has at least two fewer; the fullest give first.
    ///
    /// - Returns: false where nothing is left to move. Each move makes the sum of the squares of the counts smaller, so
    ///   the end comes.
    private mutating func moveOne() -> Bool {
        let byLoad = shares.indices.sorted { (shares[$0].count, $0) < (shares[$1].count, $1) }
        guard let least = byLoad.first else { return false }
        for giver in byLoad.reversed() {
            let load = shares[giver].count
            if load < shares[least].count + 2 { return false }
            // What moves is the last taken: what it kept stands before that.
            for position in shares[giver].indices.reversed() {
                let place = shares[giver][position]
                let taker = byLoad.first {
                    shares[$0].count + 2 <= load && wants[$0].contains(place.topic)
                }
                guard let taker else { continue }
                shares[giver].remove(at: position)
                shares[taker].append(place)
                return true
            }
        }
        return false
    }

    /// The shares without what somebody else still claims: that member has to give it up first, and joins again when it
    /// has, whereupon it is shared out.
    func withoutTransfers() -> [String: [TopicPartition]] {
        var result: [String: [TopicPartition]] = [:]
        for (index, member) in members.enumerated() {
            result[member.id] = shares[index].filter { claimants[$0]?.allSatisfy { $0 == index } ?? true }.sorted()
        }
        return result
    }
}
