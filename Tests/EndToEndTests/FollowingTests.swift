import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Files that change under an agent that runs.
    @Suite struct Following {
        /// A collector, and an agent that follows `logs/*.log`.
        private struct Scene {
            let place: Playground
            let collector: RunningCollector
            let agent: RunningProgram

            init(_ place: Playground, isUnprivileged: Bool = false) async throws {
                self.place = place
                try place.write("logs/app.log", SampleLines.text([Data("first".utf8)]))
                collector = try await place.collector()
                let configuration = try place.agentConfiguration(bootstrap: collector.address)
                if isUnprivileged && geteuid() == 0 {
                    // Root may read everything, unless it gives that up.
                    agent = try place.start(
                        URL(filePath: "/usr/bin/setpriv"),
                        ["--bounding-set=-dac_override,-dac_read_search"]
                            + ["--inh-caps=-dac_override,-dac_read_search"]
                            + [Programs.agent.path, "run", "--config", configuration.path])
                } else {
                    agent = try place.agent(configuration)
                }
                try await arrival(of: 1)
            }

            /// Waits until so many lines have arrived in all.
            func arrival(of count: Int) async throws {
                try await eventually("\(count) lines have arrived") {
                    guard agent.isRunning else { throw ProgramFailure("the agent ended") }
                    return try await lines().count >= count
                }
            }

            /// What has arrived, in order.
            func lines() async throws -> [String] {
                try await place.kcatRead(collector.address, "logs.app").map {
                    String(decoding: $0.value ?? Data(), as: UTF8.self)
                }
            }

            func expectCleanStop() async throws { #expect(try await agent.stop() == 0) }
        }

        @Test func `a line is delivered within a moment of being written`() async throws {
            try await Playground.run { place in
                let scene = try await Scene(place)
                let before = ContinuousClock.now
                try place.append("logs/app.log", Data("now\n".utf8))
                try await scene.arrival(of: 2)
                #expect(ContinuousClock.now - before < .seconds(3))
                try await scene.expectCleanStop()
            }
        }

        @Test func `a file rotated by rename loses and doubles nothing, even what is written to it afterwards`()
            async throws
        {
            try await Playground.run { place in
                let scene = try await Scene(place)
                var expected = ["first"]
                try FileManager.default.moveItem(at: place.path("logs/app.log"), to: place.path("logs/app.log.first"))
                try place.write("logs/app.log", Data())
                for round in 0..<8 {
                    let writer = try FileHandle(forWritingTo: place.path("logs/app.log"))
                    func write(_ line: String) throws {
                        try writer.write(contentsOf: Data("round \(round) \(line)\n".utf8))
                        expected.append("round \(round) \(line)")
                    }
                    try write("begins")
                    // From here on the agent knows the file; one that comes and goes unseen is lost with any tailer.
                    try await scene.arrival(of: expected.count)
                    for number in 0..<50 { try write("line \(number)") }
                    try FileManager.default.moveItem(
                        at: place.path("logs/app.log"), to: place.path("logs/app.log.\(round)"))
                    // As a program does that has not noticed yet.
                    try write("late")
                    try place.write("logs/app.log", Data())
                    try write("later")
                    try writer.close()
                }
                try await scene.arrival(of: expected.count)
                #expect(try await scene.lines().sorted() == expected.sorted())
                for round in 0..<8 {
                    #expect(
                        try await scene.lines().filter { $0.hasPrefix("round \(round)") }
                            == expected.filter { $0.hasPrefix("round \(round)") })
                }
                try await scene.expectCleanStop()
            }
        }

        @Test func `a truncated file is read from its new beginning`() async throws {
            try await Playground.run { place in
                let scene = try await Scene(place)
                try place.append("logs/app.log", Data("second\nthird\n".utf8))
                try await scene.arrival(of: 3)
                let handle = try FileHandle(forWritingTo: place.path("logs/app.log"))
                try handle.truncate(atOffset: 0)
                try handle.write(contentsOf: Data("after\n".utf8))
                try handle.close()
                try await scene.arrival(of: 4)
                #expect(try await scene.lines() == ["first", "second", "third", "after"])
                try await scene.expectCleanStop()
            }
        }

        @Test func `files that are deleted and files that are new`() async throws {
            try await Playground.run { place in
                let scene = try await Scene(place)
                try FileManager.default.removeItem(at: place.path("logs/app.log"))
                try place.write("logs/other.log", "other\n")
                try await scene.arrival(of: 2)
                try place.write("logs/app.log", "again\n")
                try await scene.arrival(of: 3)
                #expect(try await scene.lines() == ["first", "other", "again"])
                try await scene.expectCleanStop()
                #expect(!scene.agent.standardError.contains("error"))
            }
        }

        @Test func `a file that cannot be read is told, and the others go on`() async throws {
            try await Playground.run { place in
                try place.write("logs/secret.log", "not for everybody\n")
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0], ofItemAtPath: place.path("logs/secret.log").path)
                let scene = try await Scene(place, isUnprivileged: true)
                try await eventually("the agent tells it") { scene.agent.standardError.contains("secret.log") }
                try place.append("logs/app.log", Data("second\n".utf8))
                try await scene.arrival(of: 2)
                try await scene.expectCleanStop()
            }
        }
    }
}
