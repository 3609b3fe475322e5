/// What a group coordinator keeps to, under Kafka's names.
package struct GroupSettings: Sendable, Equatable {
    /// `group.min.session.timeout.ms`: the shortest session that a member may ask for. Kafka's default is 6000; tests of
    /// clients, kafka-python's for instance, ask for less.
    package var minimumSessionMilliseconds: Int64 = 1000
    /// `group.max.session.timeout.ms`
    package var maximumSessionMilliseconds: Int64 = 1_800_000
    /// `group.initial.rebalance.delay.ms`: how long the first member of an empty group waits for others, and again after
    /// each that comes, at most for its rebalance timeout.
    package var initialRebalanceDelayMilliseconds: Int64 = 3000
    /// `group.max.size`: members of one group. (Kafka has no bound unless one is set.)
    package var maximumSize = 10_000
    /// `offsets.retention.minutes`: how long offsets are kept when nobody needs them any more (KIP-211).
    package var offsetsRetentionMinutes: Int64 = 10_080
    /// `offsets.retention.check.interval.ms`
    package var retentionCheckMilliseconds: Int64 = 600_000
    /// `offset.metadata.max.bytes`: the text that may come with an offset.
    package var maximumOffsetMetadataBytes = 4096
    /// Bytes of what one group's members say of themselves and are assigned, with room for what goes around it. It is
    /// one record in the log.
    package var maximumGroupBytes = 32 << 20
    /// Bytes of all groups and their offsets together.
    package var maximumBytes = 256 << 20
    /// How long a member that does not know its id yet, and so cannot say that it lives, is waited for. Kafka's
    /// `classicGroupNewMemberJoinTimeoutMs`.
    var newMemberJoinMilliseconds: Int64 = 300_000

    package init() {}

    var offsetsRetentionMilliseconds: Int64 { offsetsRetentionMinutes * 60_000 }
}
