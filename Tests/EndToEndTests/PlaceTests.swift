import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Topics that are deleted, or made anew with fewer partitions, while lines for them are under way.
    @Suite struct Places {
        private func topics(_ place: Playground, _ collector: RunningCollector, _ arguments: String...) async throws {
            try await place.succeed(
                Programs.tributary, ["topics"] + arguments + ["--bootstrap", collector.address])
        }

        private func text(_ numbers: Range<Int>, _ file: String) -> Data {
            Data(numbers.map { "\(file) \($0)\n" }.joined().utf8)
        }

        private func numbers(
            _ place: Playground, _ collector: RunningCollector, _ topic: String, _ file: String
        ) async throws -> [Int] {
            try await place.kcatRead(collector.address, topic).compactMap { record in
                let words = String(decoding: record.value ?? Data(), as: UTF8.self).split(separator: " ")
                return words.first == file[...] ? words.last.flatMap { Int($0) } : nil
            }
        }

        /// Waits until the topic has these lines of the file, and no others.
        private func expect(
            _ wanted: Range<Int>, of file: String, in topic: String, _ place: Playground,
            _ collector: RunningCollector, _ agent: RunningProgram
        ) async throws {
            try await eventually("\(topic) has lines \(wanted) of \(file)", within: .seconds(180)) {
                guard agent.isRunning else { throw ProgramFailure("the agent ended: \(agent.standardError)") }
                return try await numbers(place, collector, topic, file).count >= wanted.count
            }
            #expect(try await numbers(place, collector, topic, file) == Array(wanted))
        }

        @Test func `lines for a deleted topic go to the source's new one, though the agent is killed meanwhile`()
            async throws
        {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "auto_create_topics: false")
                try await topics(place, collector, "create", "logs.old")
                try await topics(place, collector, "create", "logs.new")
                func configure(_ topic: String) throws -> URL {
                    try place.agentConfiguration(
                        bootstrap: collector.address,
                        sources:
                            "  - {name: app, type: file, topic: \(topic), include: ['\(place.path("logs").path)/*.log']}"
                    )
                }
                let configuration = try configure("logs.old")
                try place.write("logs/a.log", text(0..<500, "a"))
                var agent = try place.agent(configuration)
                try await expect(0..<500, of: "a", in: "logs.old", place, collector, agent)

                try await topics(place, collector, "delete", "logs.old", "--yes")
                try place.append("logs/a.log", text(500..<1000, "a"))
                try await eventually("the lines are on their way", within: .seconds(180)) {
                    agent.standardError.contains("a topic is not there")
                }
                _ = try configure("logs.new")
                kill(agent.pid, SIGHUP)
                try await eventually("the agent has reloaded", within: .seconds(180)) {
                    agent.standardError.contains("reloaded: ")
                }
                try place.append("logs/a.log", text(1000..<1500, "a"))
                // A file of which nothing is under way goes on at once.
                try place.write("logs/b.log", text(0..<500, "b"))
                try await expect(0..<500, of: "b", in: "logs.new", place, collector, agent)
                #expect(try await numbers(place, collector, "logs.new", "a") == [])
                try await agent.killAndWait()

                agent = try place.agent(configuration)
                try await expect(500..<1500, of: "a", in: "logs.new", place, collector, agent)
                #expect(agent.standardError.contains("nobody waits for it; what is not acknowledged is taken back"))
                #expect(try await agent.stop() == 0)
                #expect(try await numbers(place, collector, "logs.new", "a") == Array(500..<1500))
            }
        }

        @Test(arguments: [false, true])
        func `a topic made anew with fewer partitions gets all that was not acknowledged, and new files`(kills: Bool)
            async throws
        {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "auto_create_topics: false")
                try await topics(place, collector, "create", "logs.app", "--partitions", "8")
                let configuration = try place.agentConfiguration(bootstrap: collector.address)
                let files = (0..<6).map { "f\($0)" }
                for file in files { try place.write("logs/\(file).log", text(0..<500, file)) }
                var agent = try place.agent(configuration)
                for file in files { try await expect(0..<500, of: file, in: "logs.app", place, collector, agent) }

                try await topics(place, collector, "delete", "logs.app", "--yes")
                for file in files { try place.append("logs/\(file).log", text(500..<1000, file)) }
                try await eventually("the lines are on their way", within: .seconds(180)) {
                    agent.standardError.contains("a topic is not there")
                }
                if kills { try await agent.killAndWait() }
                try await topics(place, collector, "create", "logs.app", "--partitions", "1")
                if kills { agent = try place.agent(configuration) }
                try place.write("logs/new.log", text(0..<100, "new"))
                for file in files { try await expect(500..<1000, of: file, in: "logs.app", place, collector, agent) }
                try await expect(0..<100, of: "new", in: "logs.app", place, collector, agent)
                // An agent that was killed before it had sent anything of them reads them as new ones.
                if !kills {
                    #expect(
                        agent.standardError.contains("made anew with fewer; what is not acknowledged is taken back"))
                }
                #expect(try await agent.stop() == 0)
            }
        }
    }
}
