import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct Scale {
        /// Runs the agent where it may have few files open at a time.
        private func agent(_ place: Playground, _ configuration: URL, descriptors: Int) throws -> RunningProgram {
            try place.start(
                URL(filePath: "/usr/bin/prlimit"),
                ["--nofile=\(descriptors):\(descriptors)", Programs.agent.path, "run", "--config", configuration.path])
        }

        @Test func `many more files are written to than may be open, and each line arrives once`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "topics: [{match: \"logs.*\", partitions: 4}]")
                let configuration = try place.agentConfiguration(bootstrap: collector.address)
                let names = (0..<600).map { "service-\($0)" }
                for name in names { try place.append("logs/\(name).log", SampleLines.text([Data("\(name) 0".utf8)])) }
                let agent = try agent(place, configuration, descriptors: 96)
                // What was rotated before the very first start is not to be read.
                try await eventually("all files are known", within: .seconds(300)) {
                    try await place.kcatRead(collector.address, "logs.app").count >= names.count
                }
                for round in 1..<5 {
                    for (index, name) in names.enumerated() {
                        // Some are rotated between two lines.
                        if index % 10 == round {
                            let old = place.path("logs/\(name).log")
                            try FileManager.default.moveItem(at: old, to: place.path("logs/\(name).log.\(round)"))
                        }
                        try place.append(
                            "logs/\(name).log", SampleLines.text([Data("\(name) \(round)".utf8)]))
                    }
                }
                try await eventually("all lines are there", within: .seconds(300)) {
                    #expect(try place.descriptors(of: agent) <= 96)
                    return try await place.kcatRead(collector.address, "logs.app").count >= 3000
                }
                #expect(try await agent.stop() == 0)
                let read = try await place.kcatRead(collector.address, "logs.app").valuesByKey
                for name in names {
                    let expected = (0..<5).map { Data("\(name) \($0)".utf8) }
                    #expect(read["here:\(place.path("logs/\(name).log").path)"] == expected)
                }
                #expect(!agent.standardError.contains("Too many open files"), "\(agent.standardError.suffix(2000))")
            }
        }

        @Test func `with fewer descriptors than it needs the agent says so and how to mend it`() async throws {
            try await Playground.run { place in
                let configuration = try place.agentConfiguration(bootstrap: "127.0.0.1:1")
                let agent = try agent(place, configuration, descriptors: 40)
                #expect(try await agent.wait() == 1)
                #expect(agent.standardError.contains("only 40 files may be open at a time"))
                #expect(agent.standardError.contains("LimitNOFILE="))
            }
        }

        @Test func `while the collector is down the agent's memory is bounded, and what it could not read is counted`()
            async throws
        {
            try await Playground.run { place in
                let script = Programs.repository.appending(path: "scripts/support/chaos/memory.py")
                try await place.succeed(
                    Programs.python,
                    [script.path, "--short", "--rate", "10", "--bin", Programs.agent.deletingLastPathComponent().path],
                    within: .seconds(600))
            }
        }
    }
}

extension Playground {
    /// How many descriptors a program has open.
    func descriptors(of program: RunningProgram) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count
    }
}
