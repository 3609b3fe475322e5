import Foundation
import Testing

extension EndToEndTests {
    /// What a fetch promises; the checks are in fetching.py.
    @Suite struct Fetching {
        private func check(_ name: String) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "num.partitions: 3")
                _ = try await place.python("fetching.py", ["--bootstrap", collector.address, name])
            }
        }

        @Test func `a waiting fetch is answered as soon as something comes, and when its time is up`() async throws {
            try await check("long_poll")
        }

        @Test func `clients that wait for long get what comes at once`() async throws {
            try await check("long_poll_of_clients")
        }

        @Test func `a fetch waits for as many bytes as it asks for`() async throws { try await check("min_bytes") }

        @Test func `a batch larger than all limits is returned whole`() async throws {
            try await check("larger_than_the_limits")
        }

        @Test func `a full partition does not starve the others`() async throws {
            try await check("several_partitions")
        }

        @Test func `reading begins at any offset inside a batch`() async throws { try await check("every_offset") }

        @Test func `offsets are found by time, and at both ends`() async throws { try await check("times") }
    }
}
