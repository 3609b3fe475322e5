import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct Shipping {
        @Test(arguments: ["lz4", "gzip", "none"])
        func `files shipped once are read back the same bytes in the same order per file`(
            compression: String
        ) async throws {
            try await Playground.run { place in
                let files = ["web", "shop", "batch"]
                let lines = Dictionary(uniqueKeysWithValues: files.map { ($0, SampleLines.lines(0..<20_000, of: $0)) })
                for file in files { try place.write("logs/\(file).log", SampleLines.text(lines[file]!)) }
                let collector = try await place.collector(settings: "topics: [{match: \"logs.*\", partitions: 4}]")
                let configuration = try place.agentConfiguration(
                    bootstrap: collector.address, compression: compression)

                try await place.shipOnce(configuration)
                let read = try await place.kcatRead(collector.address, "logs.app")
                for file in files {
                    let key = "here:\(place.path("logs/\(file).log").path)"
                    #expect(read.valuesByKey[key] == lines[file])
                }
                #expect(read.count == 60_000)

                // Once more: nothing is new, so nothing is sent.
                try await place.shipOnce(configuration)
                #expect(try await place.kcatRead(collector.address, "logs.app").count == 60_000)
                #expect(try await collector.program.stop() == 0)
            }
        }

        @Test func `a second run sends what was added since, and nothing else`() async throws {
            try await Playground.run { place in
                let lines = SampleLines.lines(0..<3000, of: "a")
                try place.write("logs/a.log", SampleLines.text(Array(lines[..<1000])))
                let collector = try await place.collector()
                let configuration = try place.agentConfiguration(bootstrap: collector.address)
                try await place.shipOnce(configuration)
                try place.append("logs/a.log", SampleLines.text(Array(lines[1000...])))
                try place.write("logs/b.log", "only one\n")
                try await place.shipOnce(configuration)
                let read = try await place.kcatRead(collector.address, "logs.app")
                #expect(read.valuesByKey["here:\(place.path("logs/a.log").path)"] == lines)
                #expect(read.valuesByKey["here:\(place.path("logs/b.log").path)"] == [Data("only one".utf8)])
            }
        }

        @Test func `metrics of this host arrive, each a JSON object under the host's key`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                let configuration = try place.agentConfiguration(
                    bootstrap: collector.address, sources: "  - {name: host, type: host_metrics, interval: 1s}")
                let agent = try place.agent(configuration)
                var names: Set<String> = []
                try await eventually("metrics arrive") {
                    for record in try await place.kcatRead(collector.address, "metrics.host") {
                        guard record.key == Data("here:host".utf8), let value = record.value,
                            let point = try JSONSerialization.jsonObject(with: value) as? [String: Any],
                            let name = point["name"] as? String ?? point["metric"] as? String
                        else { throw ProgramFailure("not a metric: \(record)") }
                        names.insert(name)
                    }
                    return names.isSuperset(of: ["system.cpu.time", "system.memory.usage"])
                }
                #expect(try await agent.stop() == 0)
            }
        }

        @Test func `a collector that comes up after the agent gets everything`() async throws {
            try await Playground.run { place in
                let lines = SampleLines.lines(0..<500, of: "early")
                try place.write("logs/early.log", SampleLines.text(lines))
                // A port that is surely free at first: the collector had it.
                let first = try await place.collector()
                try await first.program.stop()

                let agent = try place.agent(try place.agentConfiguration(bootstrap: first.address))
                try await eventually("the agent tells that it waits") {
                    agent.standardError.contains("waiting for topic logs.app")
                }
                let collector = try await place.collector(listen: first.address)
                try await eventually("the lines are there") {
                    try await place.kcatRead(collector.address, "logs.app").count >= lines.count
                }
                #expect(try await place.kcatRead(collector.address, "logs.app").map(\.value) == lines)
                #expect(try await agent.stop() == 0)
            }
        }
    }
}
