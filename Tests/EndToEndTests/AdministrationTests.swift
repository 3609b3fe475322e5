import Foundation
import Testing

extension EndToEndTests {
    /// The administration calls of each client that has some; what is not called is named in the scripts, with why.
    @Suite struct Administration {
        @Test(arguments: ["admin_confluent.py", "admin_kafka_python.py", "admin_aiokafka.py"])
        func `every call of an administration client is answered as Kafka answers it`(script: String) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(
                    settings: "groups: {group.initial.rebalance.delay.ms: 0}")
                _ = try await place.python(script, [collector.address])
            }
        }
    }
}
