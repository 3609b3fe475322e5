import KafkaClient
import Logging
import Synchronization
import Testing

@testable import AgentCore

struct TopicWatchTests {
    private struct Ended: Error {}

    /// What a watch asks, waits for and tells while the cluster answers as given; nil: it does not answer.
    private func watch(_ answers: [Int?]) async -> (creations: [Bool], pauses: [Duration], told: [Int]) {
        let seen = Mutex((creations: [Bool](), pauses: [Duration](), told: [Int]()))
        let watch = TopicWatch(
            count: { topic, allowCreation async throws(KafkaClientError) in
                #expect(topic == "t")
                let number = seen.withLock { seen in
                    seen.creations.append(allowCreation)
                    return seen.creations.count - 1
                }
                guard let answer = answers[number] else { throw .noBrokerReachable([]) }
                return answer
            },
            pause: { duration in
                let count = seen.withLock { seen in
                    seen.pauses.append(duration)
                    return seen.pauses.count
                }
                if count == answers.count { throw Ended() }
            },
            tell: { _, partitions in seen.withLock { $0.told.append(partitions) } },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await watch.run("t")
        return seen.withLock { $0 }
    }

    @Test func `a topic that grows is told of again, and one that stays as it is is not`() async {
        #expect(await watch([3, 3, 8, 8]).told == [3, 8])
    }

    @Test func `a topic that is not there is asked for often, and a known one seldom`() async {
        let seen = await watch([nil, 0, 2, nil, 4])
        #expect(seen.told == [2, 4])
        let (short, long) = (TopicWatch.shortPause, TopicWatch.longPause)
        #expect(seen.pauses == [short, short, long, long, long])
    }

    @Test func `a topic that was there is not made again by looking at it`() async {
        #expect(await watch([nil, 2, nil, 2]).creations == [true, true, false, false])
    }
}
