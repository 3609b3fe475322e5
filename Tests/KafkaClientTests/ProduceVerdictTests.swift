import KafkaProtocol
import Primitives
import RecordBatches
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

    // MARK: What is done then

    /// What becomes of two batches, of two records and one, when the first attempts get a code.
    private struct Course: Equatable {
        /// The first sequence and the number of records of each that was sent.
        var sends: [[Int64]] = []
        var refused: [ErrorCode] = []
        var asksLeader = false
        var takesIdentity = false
        var stored: [Int64] = []
    }

    private func course(_ code: ErrorCode, times: Int = 1) -> Course {
        var course = Course()
        var machine = ProducerPartition<ModelBatch>(
            window: 1, identity: ProducerIdentity(id: ProducerID(1), epoch: ProducerEpoch(0)),
            nextSequence: SequenceNumber(0), isJournaled: false)
        machine.enqueue(tag: 0, size: 1, recordCount: 2, payload: ModelBatch(tag: 0, count: 2))
        machine.enqueue(tag: 1, size: 1, recordCount: 1, payload: ModelBatch(tag: 1, count: 1))
        for _ in 0..<100 where !machine.isEmpty {
            _ = machine.takeAssignments()
            switch machine.want {
            case .nothing: break
            case .send:
                guard let out = machine.takeNext() else { break }
                let count = machine.withPayload(out.id) { $0.count }
                course.sends.append([Int64(out.firstSequence.value), count])
                machine.answered(out.id, course.sends.count <= times ? code : .none, baseOffset: Offset(0))
            case .pause: machine.retryDue()
            case .leaderState:
                course.asksLeader = true
                machine.resumed(.nothing)
            case .identity:
                course.takesIdentity = true
                machine.adopt(ProducerIdentity(id: ProducerID(2), epoch: ProducerEpoch(0)))
            }
            for outcome in machine.takeOutcomes() {
                switch outcome {
                case .settled(_, _, let records, _): course.stored.append(records)
                case .refused(let id, _, _, _, let reason, _):
                    if case .refused(let code) = reason { course.refused.append(code) }
                    machine.kept(id)
                case .mayDouble, .lostByBroker, .stateIsOld: break
                }
            }
            // Keeping a refusal may have settled what it belonged to.
            for case .settled(_, _, let records, _) in machine.takeOutcomes() { course.stored.append(records) }
        }
        return course
    }

    private static let again: [[Int64]] = [[0, 2], [0, 2], [2, 1]]

    @Test(arguments: acknowledged) func `that acknowledges ends it`(code: ErrorCode) {
        #expect(course(code) == Course(sends: [[0, 2], [2, 1]], stored: [2, 1]))
    }

    @Test(arguments: retried) func `that says it was not stored has it sent again`(code: ErrorCode) {
        #expect(course(code) == Course(sends: Self.again, stored: [2, 1]))
    }

    @Test(arguments: retriedInDoubt + resumed) func `that leaves it open has the leader asked`(code: ErrorCode) {
        #expect(course(code) == Course(sends: Self.again, asksLeader: true, stored: [2, 1]))
    }

    @Test(arguments: fenced) func `that will not have this producer has all sent by another`(code: ErrorCode) {
        #expect(course(code) == Course(sends: Self.again, takesIdentity: true, stored: [2, 1]))
    }

    @Test(arguments: split) func `that finds it too large has it cut, and refuses what cannot be cut`(code: ErrorCode) {
        #expect(course(code) == Course(sends: [[0, 2], [0, 1], [1, 1], [2, 1]], stored: [2, 1]))
        let single = course(code, times: 2)
        #expect(single == Course(sends: [[0, 2], [0, 1], [0, 1], [1, 1]], refused: [code], stored: [1, 1]))
    }

    @Test(arguments: refused) func `that refuses it gives its sequences to the next`(code: ErrorCode) {
        #expect(course(code) == Course(sends: [[0, 2], [0, 1]], refused: [code], stored: [0, 1]))
    }

    @Test(arguments: [ErrorCode.corruptMessage, .unknownServerError, .groupIDNotFound])
    func `that may be a mishap is tried some times before it counts`(code: ErrorCode) {
        #expect(course(code).refused == [])
        #expect(course(code, times: ProduceVerdict.attemptLimit - 1).stored == [2, 1])
        let given = course(code, times: ProduceVerdict.attemptLimit)
        #expect(given.refused == [code] && given.stored == [0, 1])
    }
}
