import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Arguments, configurations, and what stands in the way of a start.
    @Suite struct CommandLines {
        /// Runs a program that must end with `code` and say all of `words` on standard error.
        private func expect(
            _ place: Playground, _ program: URL, _ arguments: [String], ends code: Int32, saying words: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let running = try place.start(program, arguments)
            let ended = try await running.wait()
            #expect(ended == code, "\(running.standardError)", sourceLocation: sourceLocation)
            for word in words {
                #expect(
                    running.standardError.contains(word), "\(running.standardError)", sourceLocation: sourceLocation)
            }
        }

        @Test func `the configuration files that ship are in order`() async throws {
            try await Playground.run { place in
                for (program, file) in [
                    (Programs.agent, "agent-config/agent.yaml"),
                    (Programs.collector, "collector-config/collector.yaml"),
                ] {
                    let path = Programs.repository.appending(path: file).path
                    try await expect(place, program, ["check", "--config", path], ends: 0, saying: [])
                }
            }
        }

        @Test func `wrong arguments are told, with exit code 64`() async throws {
            try await Playground.run { place in
                for program in [Programs.agent, Programs.collector] {
                    try await expect(place, program, ["run"], ends: 64, saying: ["--config"])
                    try await expect(place, program, ["check"], ends: 64, saying: ["--config"])
                    try await expect(place, program, ["fly"], ends: 64, saying: ["fly"])
                    try await expect(
                        place, program, ["run", "--config", "x", "--nonsense"], ends: 64, saying: ["--nonsense"])
                    try await expect(
                        place, program, ["run", "--config", "x", "--log-level", "loud"], ends: 64, saying: ["loud"])
                    for help in [["--help"], ["run", "--help"], ["check", "--help"]] {
                        #expect(!(try await place.succeed(program, help)).isEmpty)
                    }
                }
            }
        }

        @Test func `a configuration that is wrong is told with file, line and key, with exit code 1`() async throws {
            try await Playground.run { place in
                let collector = try place.write(
                    "collector.yaml",
                    """
                    data_dir: \(place.path("data").path)
                    listen: 127.0.0.1:notaport
                    topics:
                      - match: "x*"
                        partition: 4
                    """)
                let agent = try place.write(
                    "agent.yaml",
                    """
                    state_dir: \(place.path("state").path)
                    collector: {bootstrap: ["127.0.0.1:9092"], compression: zip}
                    sources:
                      - {name: a, type: fil, include: ["/x"]}
                    """)
                for command in ["check", "run"] {
                    try await expect(
                        place, Programs.collector, [command, "--config", collector.path], ends: 1,
                        saying: [
                            "collector.yaml:2:9: listen: expected HOST:PORT", "collector.yaml:5:5: topics[0].partition",
                        ])
                    try await expect(
                        place, Programs.agent, [command, "--config", agent.path], ends: 1,
                        saying: ["agent.yaml:2:", "compression", "agent.yaml:4:", "sources[0].type", "fil"])
                    for program in [Programs.agent, Programs.collector] {
                        try await expect(
                            place, program, [command, "--config", "nowhere.yaml"], ends: 1,
                            saying: ["nowhere.yaml", "No such file"])
                        let broken = try place.write("broken.yaml", "data_dir: [1\nlisten: x\n")
                        try await expect(
                            place, program, [command, "--config", broken.path], ends: 1, saying: ["broken.yaml:2"])
                    }
                }
            }
        }

        @Test func `values on the command line are checked like those in the file`() async throws {
            try await Playground.run { place in
                let collector = try place.write("collector.yaml", "data_dir: \(place.path("data").path)\n")
                try await expect(
                    place, Programs.collector, ["run", "--config", collector.path, "--listen", "127.0.0.1:99999"],
                    ends: 1, saying: ["--listen", "127.0.0.1:99999"])
                let agent = try place.agentConfiguration(bootstrap: "127.0.0.1:9092")
                try await expect(
                    place, Programs.agent, ["run", "--config", agent.path, "--bootstrap", "nope"], ends: 1,
                    saying: ["--bootstrap", "nope"])
            }
        }

        @Test func `a port that is taken is told`() async throws {
            try await Playground.run { place in
                let first = try await place.collector()
                let file = try place.write("other.yaml", "data_dir: \(place.path("other").path)\n")
                try await expect(
                    place, Programs.collector, ["run", "--config", file.path, "--listen", first.address], ends: 1,
                    saying: ["cannot listen on \(first.address)", "in use"])
            }
        }

        @Test func `a data directory has one collector, until that is gone`() async throws {
            try await Playground.run { place in
                let first = try await place.collector()
                let file = place.path("data.collector.yaml").path
                try await expect(
                    place, Programs.collector, ["run", "--config", file, "--listen", "127.0.0.1:0"], ends: 1,
                    saying: [place.path("data").path, "in use by another collector"])
                try await first.program.killAndWait()
                _ = try await place.collector()
            }
        }

        @Test func `a state directory has one agent, until that is gone`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                try place.write("logs/a.log", "a\n")
                let file = try place.agentConfiguration(bootstrap: collector.address)
                let first = try place.agent(file)
                try await eventually("the first agent works") {
                    try await place.kcatRead(collector.address, "logs.app").count == 1
                }
                try await expect(
                    place, Programs.agent, ["run", "--config", file.path, "--once"], ends: 1,
                    saying: [place.path("agent.state").path, "in use by another agent"])
                try await first.killAndWait()
                try await place.shipOnce(file)
            }
        }

        @Test(arguments: ["/proc/nowhere", "/dev/null/below"])
        func `a directory that cannot be made is told`(path: String) async throws {
            try await Playground.run { place in
                let collector = try place.write("collector.yaml", "data_dir: \(path)\n")
                try await expect(
                    place, Programs.collector, ["run", "--config", collector.path, "--listen", "127.0.0.1:0"], ends: 1,
                    saying: [path])
                let agent = try place.agentConfiguration(bootstrap: "127.0.0.1:9")
                try await expect(
                    place, Programs.agent, ["run", "--config", agent.path, "--state-dir", path], ends: 1, saying: [path]
                )
            }
        }

        @Test func `a stop is clean with clients connected and an agent that cannot reach anybody`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                try await place.kcatWrite(collector.address, "waited", try place.write("1", "k\tone\n"))
                let reader = try place.start(
                    Programs.kcat,
                    ["-C", "-u", "-b", collector.address, "-t", "waited", "-X", "fetch.wait.max.ms=20000"])
                try await eventually("the reader waits") { reader.standardOutput == Data("one\n".utf8) }
                let before = ContinuousClock.now
                #expect(try await collector.program.stop() == 0)
                // Who does not end by himself would have ten seconds.
                #expect(ContinuousClock.now - before < .seconds(10))

                try place.write("logs/a.log", "a\n")
                let agent = try place.agent(try place.agentConfiguration(bootstrap: collector.address))
                try await eventually("the agent waits") { agent.standardError.contains("waiting for topic") }
                #expect(try await agent.stop() == 0)
            }
        }
    }
}
