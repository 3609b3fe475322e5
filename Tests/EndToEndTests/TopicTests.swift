import Foundation
import Testing

extension EndToEndTests {
    /// What creating and describing topics promises; the checks are in topics.py.
    @Suite struct Topics {
        private func check(_ name: String, settings: String = "num.partitions: 3") async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: settings)
                _ = try await place.python("topics.py", ["--bootstrap", collector.address, name])
                #expect(try await collector.program.stop() == 0)
            }
        }

        @Test func `topics are created as asked, or refused as Kafka refuses them`() async throws {
            try await check("creation")
        }

        @Test func `what is wrong with a topic is explained`() async throws {
            try await check("problems_are_explained")
        }

        @Test func `a topic named twice in one request is refused`() async throws {
            try await check("twice_in_one_request")
        }

        @Test func `using a topic makes it`() async throws { try await check("creation_by_use_on") }

        @Test func `where using a topic is not to make it, it does not`() async throws {
            try await check("creation_by_use_off", settings: "auto_create_topics: false")
        }

        @Test func `two hundred partitions, and all there again after a death`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                _ = try await place.python("topics.py", ["--bootstrap", collector.address, "two_hundred_partitions"])
                let before = Set(try await place.kcatRead(collector.address, "wide"))
                #expect(before.count == 2000)
                try await collector.program.killAndWait()
                let again = try await place.collector(listen: collector.address)
                #expect(Set(try await place.kcatRead(again.address, "wide")) == before)
            }
        }
    }
}
