internal import KafkaProtocol

/// What a broker's answer to one batch asks for. Every code has its answer here.
enum ProduceVerdict: Equatable {
    case acknowledged
    /// Send the same again. `maybeStored`: the code does not rule out that the batch was appended.
    case retry(maybeStored: Bool, refreshMetadata: Bool)
    /// Send the same again a few times, then give the batch up: it may be damaged underway, or by nature.
    case retryThenRefuse(maybeStored: Bool)
    /// Ask the leader which sequence it has, and go on after it.
    case resume
    /// The broker will never take this producer's sequences again: number everything anew.
    case newIdentity
    /// The broker may take its records in smaller batches; a single one never.
    case split
    /// The broker will never take this batch.
    case refuse

    /// How often a batch is sent under `retryThenRefuse`.
    static let attemptLimit = 8

    init(_ code: ErrorCode) {
        switch code {
        // 46: an older duplicate, whose offset the broker no longer knows. It is stored.
        case .none, .duplicateSequenceNumber:
            self = .acknowledged

        // The broker waited for replicas in vain; or the disk failed in mid-append.
        case .requestTimedOut, .notEnoughReplicasAfterAppend:
            self = .retry(maybeStored: true, refreshMetadata: false)
        // Or the leader gave the partition up while it waited (Kafka's DelayedProduce answers so after the append).
        case .kafkaStorageError, .networkException, .notLeaderOrFollower, .unknownTopicOrPartition:
            self = .retry(maybeStored: true, refreshMetadata: true)
        case .notEnoughReplicas, .throttlingQuotaExceeded, .coordinatorLoadInProgress, .concurrentTransactions:
            self = .retry(maybeStored: false, refreshMetadata: false)

        // The leader is elsewhere, or the topic not there yet.
        case .leaderNotAvailable, .brokerNotAvailable, .replicaNotAvailable, .listenerNotFound, .fencedLeaderEpoch,
            .unknownLeaderEpoch, .unknownTopicID,
            .inconsistentTopicID, .notController, .coordinatorNotAvailable, .notCoordinator, .rebootstrapRequired,
            .reassignmentInProgress, .newLeaderElected:
            self = .retry(maybeStored: false, refreshMetadata: true)

        // Somebody may grant the right; the data waits at its source.
        case .topicAuthorizationFailed, .clusterAuthorizationFailed, .saslAuthenticationFailed:
            self = .retry(maybeStored: false, refreshMetadata: true)

        case .outOfOrderSequenceNumber:
            self = .resume

        case .unknownProducerID, .invalidProducerEpoch, .invalidProducerIDMapping, .producerFenced, .invalidTxnState:
            self = .newIdentity

        case .corruptMessage:
            self = .retryThenRefuse(maybeStored: false)
        case .unknownServerError:
            self = .retryThenRefuse(maybeStored: true)

        case .messageTooLarge, .recordListTooLarge:
            self = .split

        case .invalidRecord, .invalidTimestamp, .unsupportedCompressionType, .unsupportedForMessageFormat,
            .invalidTopicException, .policyViolation, .invalidRequiredAcks,
            .invalidRequest, .unsupportedVersion, .transactionalIDAuthorizationFailed:
            self = .refuse

        // No broker answers Produce with any other; whoever does so shall not block the partition for ever.
        default:
            self =
                code.isRetriable
                ? .retry(maybeStored: true, refreshMetadata: true) : .retryThenRefuse(maybeStored: true)
        }
    }
}
