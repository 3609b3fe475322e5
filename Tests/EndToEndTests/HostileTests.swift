import Foundation
import Testing

extension EndToEndTests {
    /// Bytes that no client would send; the attacks are in hostile.py, and each looks whether others are served meanwhile.
    @Suite struct Hostility {
        /// What the collector may take at its peak under the attacks that only waste connections, in KiB. A debug build
        /// of an idle one takes 25 MiB.
        private static let calm = 64 << 10

        private func attack(
            _ names: String..., settings: String = "", bound: Int = calm, reason: String? = nil
        ) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: settings)
                for name in names {
                    _ = try await place.python("hostile.py", ["--bootstrap", collector.address, name])
                    #expect(collector.program.isRunning)
                    let peak = try collector.program.memory("VmHWM")
                    #expect(peak < bound, "\(name): \(peak) KiB")
                }
                if let reason { #expect(collector.program.standardError.contains(reason)) }
                // And then business as usual.
                let sent = SampleLines.keyed(100)
                let input = try place.write("input", SampleLines.text(sent))
                try await place.kcatWrite(collector.address, "afterwards", input)
                #expect(try await place.kcatRead(collector.address, "afterwards").map(\.value) == sent.map(\.value))
                #expect(try await collector.program.stop() == 0)
            }
        }

        @Test func `random bytes are answered or refused with a reason`() async throws {
            try await attack(
                "random_bytes", "known_requests_with_random_bodies", reason: "closed a connection")
        }

        @Test func `claims of huge counts take no memory`() async throws {
            try await attack("huge_counts", reason: "out of range")
        }

        @Test func `impossible lengths are refused with a reason`() async throws {
            try await attack("impossible_lengths", reason: "a request of 2147483647 bytes")
        }

        @Test func `other protocols are refused with a reason`() async throws {
            try await attack("other_protocols", reason: "another protocol, or TLS")
        }

        @Test func `unknown requests and versions are answered as the protocol says`() async throws {
            try await attack("unknown_requests", reason: "version 99 is not spoken")
        }

        @Test func `connections that end within a request harm nobody`() async throws {
            try await attack("cut_requests")
        }

        @Test func `damaged batches are refused one by one, and none is stored`() async throws {
            try await attack("bad_batches")
        }

        @Test func `hundreds of idle and half-open connections harm nobody`() async throws {
            try await attack("idle_connections")
        }

        @Test func `fifty giants that trickle in take neither memory nor service from others`() async throws {
            try await attack("slow_giants", "slow_giants_that_fill_the_budget")
        }

        @Test func `consumers that ask and do not read take a bounded memory, and keep nobody waiting`() async throws {
            // Answers may take half of queued.max.request.bytes, 128 MiB, beside a batch for each connection; the
            // allocator keeps about as much again (a peak of 260 to 330 MiB). Without that limit it is 2 GiB.
            try await attack("readers_that_do_not_read", bound: 512 << 10)
        }

        @Test func `connections beyond the limit are closed with a reason`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "limits: {max.connections: 20}")
                _ = try await place.python("hostile.py", ["--bootstrap", collector.address, "too_many"])
                try await collector.says("there are 20 connections already")
            }
        }
    }
}
