import KafkaProtocol
import Primitives
import Synchronization
import Testing

@testable import KafkaClient

@Suite(.timeLimit(.minutes(10))) struct `A member of a group` {
    /// KIP-62: in a rebalance the group waits for a member as long as that one may be busy with its records.
    @Test(arguments: [
        GroupConfiguration(groupID: "g", topics: TopicSelection(["t"])).maximumPollInterval, .seconds(123),
    ])
    func `asks the group to wait for it as long as it may be busy`(interval: Duration) async throws {
        let broker = try await FakeBroker()
        broker.state.withLock { $0.topics = ["t"] }
        let cluster = cluster([broker.address])
        let consumer = GroupConsumer(
            cluster: cluster,
            configuration: GroupConfiguration(
                groupID: "g", topics: TopicSelection(["t"]), sessionTimeout: .seconds(7), maximumPollInterval: interval)
        )
        // Nobody is taken in.
        await #expect(throws: KafkaClientError.self) { try await consumer.next() }
        await consumer.close()
        await cluster.close()
        let join = try #require(broker.state.withLock { $0.joins }.first)
        #expect(join.rebalanceTimeoutMilliseconds == Int32(interval.components.seconds) * 1000)
        #expect(join.sessionTimeoutMilliseconds == 7000)
        try await broker.stop()
    }
}
