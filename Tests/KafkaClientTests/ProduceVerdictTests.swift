import KafkaProtocol
import Testing

@testable import KafkaClient

/// What becomes of a batch for every code that Kafka has a name for. A code that is in none of these lists is one that no
/// broker answers Produce with: it is tried some times, and given up.
@Suite struct `An answer to a Produce request` {
    private static let acknowledged: [ErrorCode] = [.none, .duplicateSequenceNumber]
    /// The batch may have been appended.
    private static let retriedInDoubt: [ErrorCode] = [
        .requestTimedOut, .notEnoughReplicasAfterAppend, .kafkaStorageError, .networkException, .notLeaderOrFollower,
        .unknownTopicOrPartition,
    ]
    private static let retried: [ErrorCode] = [
        .notEnoughReplicas, .throttlingQuotaExceeded, .coordinatorLoadInProgress, .concurrentTransactions,
        .leaderNotAvailable, .brokerNotAvailable, .replicaNotAvailable, .listenerNotFound, .fencedLeaderEpoch,
        .unknownLeaderEpoch, .unknownTopicID, .inconsistentTopicID, .notController, .coordinatorNotAvailable,
        .notCoordinator, .rebootstrapRequired, .reassignmentInProgress, .newLeaderElected, .topicAuthorizationFailed,
        .clusterAuthorizationFailed, .saslAuthenticationFailed,
    ]
    private static let resumed: [ErrorCode] = [.outOfOrderSequenceNumber]
    private static let fenced: [ErrorCode] = [
        .unknownProducerID, .invalidProducerEpoch, .invalidProducerIDMapping, .producerFenced, .invalidTxnState,
    ]
    private static let split: [ErrorCode] = [.messageTooLarge, .recordListTooLarge]
    private static let refused: [ErrorCode] = [
        .invalidRecord, .invalidTimestamp, .unsupportedCompressionType, .unsupportedForMessageFormat,
        .invalidTopicException, .policyViolation, .invalidRequiredAcks, .invalidRequest, .unsupportedVersion,
        .transactionalIDAuthorizationFailed,
    ]

    @Test func `has a defined meaning whatever its code`() {
        for value in Int16(-1)...200 {
            let code = ErrorCode(rawValue: value)
            switch ProduceVerdict(code) {
            case .acknowledged: #expect(Self.acknowledged.contains(code))
            case .retry(maybeStored: true, _):
                #expect(Self.retriedInDoubt.contains(code) || code.isRetriable, "\(code)")
            case .retry(maybeStored: false, _): #expect(Self.retried.contains(code), "\(code)")
            case .retryThenRefuse(let maybeStored):
                #expect(!code.isRetriable || code == .corruptMessage, "\(code)")
                #expect(maybeStored == (code != .corruptMessage), "\(code)")
            case .resume: #expect(Self.resumed.contains(code), "\(code)")
            case .newIdentity: #expect(Self.fenced.contains(code), "\(code)")
            case .split: #expect(Self.split.contains(code), "\(code)")
            case .refuse: #expect(Self.refused.contains(code), "\(code)")
            }
        }
        let named =
            Self.acknowledged + Self.retriedInDoubt + Self.retried + Self.resumed + Self.fenced + Self.split
            + Self.refused
        for code in named { #expect(ProduceVerdict(code) != ProduceVerdict(.groupIDNotFound), "\(code)") }
    }
}
