internal import Primitives

/// How far a group has come in a partition.
struct CommittedOffset: Equatable, Sendable {
    var offset: Offset
    var leaderEpoch = LeaderEpoch.unknown
    /// The client's own text.
    var metadata = ""
    var commitTime: Timestamp
    /// Set by clients of OffsetCommit 2 to 4 only.
    var expireTime: Timestamp?
}

/// The offset of one partition, with what is on its way to the disk.
///
/// A slot is there from the moment at which a change of it is handed to the log, so that whoever deletes all that a group
/// has deletes that too. Changes become visible when they are durable, in the order of the log.
struct OffsetSlot: Sendable {
    var durable: CommittedOffset?
    /// Changes handed to the log that it has not answered.
    var inFlight = 0

    var isVacant: Bool { durable == nil && inFlight == 0 }

    /// About what a slot takes in memory.
    static func bytes(metadata: String?) -> Int { 160 + (metadata?.utf8.count ?? 0) }

    var bytes: Int { Self.bytes(metadata: durable?.metadata) }
}
