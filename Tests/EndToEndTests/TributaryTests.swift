import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// The person's tool.
    @Suite struct Tributary {
        private func tributary(
            _ place: Playground, _ address: String, _ arguments: [String], input: URL? = nil
        ) async throws -> String {
            String(
                decoding: try await place.succeed(
                    Programs.tributary, arguments + ["--bootstrap", address], input: input), as: UTF8.self)
        }

        @Test func `topics are created, listed and described`() async throws {
            try await Playground.run { place in
                let address = try await place.collector().address
                _ = try await tributary(place, address, ["topics", "create", "made", "--partitions", "5"])
                #expect(try await tributary(place, address, ["topics", "list"]).contains("made\t5 partitions"))
                #expect(try await tributary(place, address, ["topics", "describe", "made"]).contains("made"))
                // As other clients see it.
                let listed = String(
                    decoding: try await place.succeed(Programs.kcat, ["-L", "-b", address, "-t", "made"]), as: UTF8.self
                )
                #expect(listed.contains("topic \"made\" with 5 partitions"))
                for (arguments, word) in [
                    (["create", "made"], "made"), (["create", "bad name"], "letters"), (["describe", "no"], "no"),
                ] {
                    let refused = try place.start(
                        Programs.tributary, ["topics"] + arguments + ["--bootstrap", address])
                    #expect(try await refused.wait() == 1)
                    #expect(refused.standardError.contains(word))
                }
            }
        }

        @Test(arguments: PythonClient.allCases.map(Optional.some) + [nil])
        func `tail shows what any client wrote`(client: PythonClient?) async throws {
            try await Playground.run { place in
                let address = try await place.collector().address
                let sent = SampleLines.keyed(500)
                let lines = try place.write("lines", SampleLines.text(sent))
                for codec in ["lz4", "gzip", "none"] {
                    if let client {
                        try await place.write(client, address, codec, lines, options: ["--compression", codec])
                    } else {
                        try await place.kcatWrite(address, codec, lines, options: ["-z", codec])
                    }
                    let shown = try await place.succeed(
                        Programs.tributary,
                        [
                            "tail", codec, "--from-beginning", "--exit-at-end", "--format", "value", "--bootstrap",
                            address,
                        ])
                    #expect(shown == SampleLines.text(sent.map(\.value)))
                }
                let some = try await tributary(
                    place, address, ["tail", "lz4", "--from-beginning", "--max-messages", "3", "--format", "json"])
                let objects = try some.split(separator: "\n").map {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                }
                #expect(objects.map { $0?["offset"] as? Int } == [0, 1, 2])
                #expect(objects.map { $0?["key"] as? String } == ["key-0", "key-1", "key-2"])
            }
        }

        @Test func `what produce writes is read the same by every client`() async throws {
            try await Playground.run { place in
                let address = try await place.collector().address
                let sent = SampleLines.keyed(2000)
                let lines = try place.write("lines", SampleLines.text(sent))
                for codec in ["lz4", "gzip", "none"] {
                    _ = try await tributary(
                        place, address, ["produce", codec, "--key-separator", "\t", "--compression", codec],
                        input: lines)
                    let read = try await place.kcatRead(address, codec)
                    #expect(read.map(\.value) == sent.map(\.value))
                    #expect(read.map(\.key) == sent.map(\.key))
                    for client in PythonClient.allCases {
                        #expect(try await place.read(client, address, codec) == read, "\(client.rawValue)")
                    }
                }
            }
        }

        @Test func `tail follows, across a death of the collector too`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                try await place.kcatWrite(collector.address, "t", try place.write("1", "k\tone\n"))
                let tail = try place.start(
                    Programs.tributary,
                    ["tail", "t", "--from-beginning", "--format", "value", "--bootstrap", collector.address])
                try await eventually("the first is shown") { tail.standardOutput == Data("one\n".utf8) }
                try await collector.program.killAndWait()
                let again = try await place.collector(listen: collector.address)
                try await place.kcatWrite(again.address, "t", try place.write("2", "k\ttwo\n"))
                try await eventually("the second is shown") { tail.standardOutput == Data("one\ntwo\n".utf8) }
                tail.terminate()
                try await tail.wait()
            }
        }

        @Test func `where nobody answers, it says so`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                try await collector.program.stop()
                for arguments in [["topics", "list"], ["tail", "t"], ["produce", "t"]] {
                    let tool = try place.start(Programs.tributary, arguments + ["--bootstrap", collector.address])
                    #expect(try await tool.wait() == 1)
                    #expect(tool.standardError.contains(collector.address))
                }
                let wrong = try place.start(Programs.tributary, ["tail", "t", "--bootstrap", "nope:nope"])
                #expect(try await wrong.wait() == 64)
            }
        }
    }
}
