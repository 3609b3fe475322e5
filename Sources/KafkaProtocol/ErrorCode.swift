/// What a server says became of a request, or of a part of it.
///
/// A value that is not among the named ones is kept as it came. Source: Apache Kafka, `Errors.java`.
package struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    /// Kafka's own name for it, "OUT_OF_ORDER_SEQUENCE_NUMBER" for instance; nil where it is not known.
    package var name: String? {
        let index = Int(rawValue) + 1
        return Self.names.indices.contains(index) ? Self.names[index] : nil
    }

    package var description: String { name.map { "\($0) (\(rawValue))" } ?? "error \(rawValue)" }

    /// Whether the same request may succeed later: Kafka's `RetriableException` and its subclasses.
    package var isRetriable: Bool {
        switch self {
        case .corruptMessage, .unknownTopicOrPartition,
            .leaderNotAvailable, .notLeaderOrFollower,
            .requestTimedOut, .replicaNotAvailable,
            .networkException, .coordinatorLoadInProgress,
            .coordinatorNotAvailable, .notCoordinator,
            .notEnoughReplicas, .notEnoughReplicasAfterAppend,
            .notController, .concurrentTransactions,
            .kafkaStorageError, .fetchSessionIDNotFound,
            .invalidFetchSessionEpoch, .listenerNotFound,
            .fencedLeaderEpoch, .unknownLeaderEpoch,
            .offsetNotAvailable, .preferredLeaderNotAvailable,
            .eligibleLeadersNotAvailable, .electionNotNeeded,
            .unstableOffsetCommit, .throttlingQuotaExceeded,
            .unknownTopicID, .inconsistentTopicID,
            .fetchSessionTopicIDError, .shareSessionNotFound,
            .invalidShareSessionEpoch, .shareSessionLimitReached:
            true
        default:
            false
        }
    }
}
