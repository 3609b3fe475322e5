import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// What an agent tells about itself: by HTTP, by its command, and among the metrics it ships.
    @Suite struct Status {
        private struct Scene {
            let place: Playground
            let collector: RunningCollector
            let configuration: URL
            let agent: RunningProgram
            let address: String

            /// An agent that follows `logs/app.log`, five lines of which are there, and samples the load.
            init(_ place: Playground) async throws {
                self.place = place
                try place.write("logs/app.log", "one\ntwo\nthree\nfour\nfive\n")
                collector = try await place.collector()
                configuration = try place.agentConfiguration(
                    bootstrap: collector.address,
                    sources: """
                          - {name: app, type: file, include: ['\(place.path("logs").path)/*.log']}
                          - {name: host, type: host_metrics, interval: 1s, collectors: [load]}
                        status.listen: 127.0.0.1:0
                        """)
                let agent = try place.agent(configuration)
                self.agent = agent
                let opening = "status is answered at http://"
                try await eventually("the agent listens") {
                    guard agent.isRunning else { throw ProgramFailure("the agent ended: \(agent.standardError)") }
                    return agent.standardError.contains(opening)
                }
                let said = agent.standardError
                let start = try #require(said.firstRange(of: opening)?.upperBound)
                address = String(said[start...].prefix { $0 != "/" })
            }

            func python(_ what: String) async throws -> Data {
                try await place.succeed(
                    Programs.python, [Programs.script("status.py").path, what, address])
            }

            /// The samples of a scrape that are about the source `app`, by name and outcome or reason.
            func scrape() async throws -> [String: Double] {
                struct Sample: Decodable {
                    var name: String
                    var labels: [String: String]
                    var value: Double
                }
                var found: [String: Double] = [:]
                for line in try await python("scrape").split(separator: UInt8(ascii: "\n")) {
                    let sample = try JSONDecoder().decode(Sample.self, from: Data(line))
                    guard sample.labels["tributary_source"].map({ $0 == "app" }) ?? true else { continue }
                    let detail = sample.labels["tributary_outcome"] ?? sample.labels["tributary_reason"]
                    found[sample.name + (detail.map { " \($0)" } ?? "")] = sample.value
                }
                return found
            }

            func status(json: Bool) async throws -> [String] {
                let output = try await place.succeed(
                    Programs.agent, ["status", "--config", configuration.path] + (json ? ["--json"] : []))
                return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
            }
        }

        @Test func `tells what was read and delivered, by HTTP, by its command and among its metrics`() async throws {
            try await Playground.run { place in
                let scene = try await Scene(place)
                try await eventually("five lines are delivered") {
                    try await scene.scrape()["tributary_agent_done_records_total delivered"] == 5
                }
                let scraped = try await scene.scrape()
                #expect(scraped["tributary_agent_read_records_total"] == 5)
                #expect(scraped["tributary_agent_read_bytes_total"] == 24)
                #expect(scraped["tributary_agent_done_bytes_total delivered"] == 24)
                for name in [
                    "tributary_agent_in_flight_records", "tributary_agent_done_records_total filtered",
                    "tributary_agent_done_records_total dead_lettered", "tributary_agent_done_records_total dropped",
                    "tributary_agent_unread_bytes_total truncated", "tributary_agent_unread_bytes_total deleted",
                    "tributary_agent_unaccounted_records", "tributary_agent_unaccounted_bytes",
                    "tributary_agent_may_be_doubled_records_total",
                ] { #expect(scraped[name] == 0, "\(name)") }
                #expect(scraped["tributary_agent_files_known"] == 1)
                #expect(try #require(scraped["tributary_agent_memory_usage_bytes"]) > 1_000_000)

                let app = try #require(try await scene.status(json: true).first { $0.contains(#""source":"app""#) })
                #expect(app.contains(#""delivered":{"records":5,"bytes":24}"#))
                let text = try await scene.status(json: false)
                #expect(text.contains { $0.split(separator: " ") == ["app", "5", "5", "0", "0", "0", "0", "24", "0"] })

                try await eventually("the metrics tell the same") {
                    try await place.kcatRead(scene.collector.address, "metrics.host").contains { record in
                        let point = String(decoding: record.value ?? Data(), as: UTF8.self)
                        return point.contains("tributary.agent.done.records") && point.contains(#""delivered""#)
                            && point.contains(#""app""#) && point.contains("5")
                    }
                }
                #expect(try await scene.agent.stop() == 0)
                let stopped = try place.start(Programs.agent, ["status", "--config", scene.configuration.path])
                #expect(try await stopped.wait() == 1)
                #expect(stopped.standardError.contains("does not run"))
            }
        }

        @Test func `garbage, slow clients and crowds at its port change nothing of what it ships`() async throws {
            try await Playground.run { place in
                let scene = try await Scene(place)
                let before = try scene.agent.memory("VmRSS")
                #expect(try await String(decoding: scene.python("abuse"), as: UTF8.self) == "ok\n")
                #expect(try scene.agent.memory("VmRSS") < before + 16 << 10)
                try place.append("logs/app.log", Data("six\n".utf8))
                try await eventually("the line after all that is delivered") {
                    try await place.kcatRead(scene.collector.address, "logs.app").count == 6
                }
                #expect(try await scene.agent.stop() == 0)
            }
        }
    }
}
