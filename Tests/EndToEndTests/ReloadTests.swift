import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// SIGHUP to the real program, and who may talk to it.
    @Suite struct Reload {
        private func sources(_ place: Playground, _ more: String = "") -> String {
            """
                  - {name: app, type: file, include: ['\(place.path("logs").path)/*.log']}
            \(more)
            """
        }

        private func values(_ place: Playground, _ collector: RunningCollector, _ topic: String) async throws
            -> [String]
        {
            try await place.kcatRead(collector.address, topic).map {
                String(decoding: $0.value ?? Data(), as: UTF8.self)
            }
        }

        @Test func `SIGHUP takes a new source up, and keeps what was where the new configuration is wrong`()
            async throws
        {
            try await Playground.run { place in
                try place.write("logs/app.log", "one\n")
                try place.write("other/other.log", "other\n")
                let collector = try await place.collector()
                func configure(_ text: String) throws -> URL {
                    try place.agentConfiguration(bootstrap: collector.address, sources: text)
                }
                let agent = try place.agent(try configure(sources(place)))
                try await eventually("the first line arrives") {
                    guard agent.isRunning else { throw ProgramFailure("the agent ended: \(agent.standardError)") }
                    return try await values(place, collector, "logs.app") == ["one"]
                }

                let other = "      - {name: other, type: file, include: ['\(place.path("other").path)/*.log']}"
                _ = try configure(sources(place, other))
                kill(agent.pid, SIGHUP)
                try await eventually("the new source's line arrives") {
                    try await values(place, collector, "logs.other") == ["other"]
                }
                #expect(agent.standardError.contains("reloaded: added: other"))

                _ = try configure(sources(place, "      - {name: wrong, type: file, includ: [/x]}"))
                kill(agent.pid, SIGHUP)
                try await eventually("the wrong configuration is told") {
                    agent.standardError.contains("the configuration stays as it was")
                }
                #expect(agent.standardError.contains("did you mean \"include\"?"))
                try place.append("logs/app.log", Data("two\n".utf8))
                try place.append("other/other.log", Data("more\n".utf8))
                try await eventually("both sources go on") {
                    let app = try await values(place, collector, "logs.app")
                    let others = try await values(place, collector, "logs.other")
                    return app == ["one", "two"] && others == ["other", "more"]
                }
                #expect(try await agent.stop() == 0)
            }
        }

        @Test func `nobody else may ask or steer an agent`() async throws {
            try await Playground.run { place in
                try place.write("logs/app.log", "one\n")
                let collector = try await place.collector()
                let agent = try place.agent(try place.agentConfiguration(bootstrap: collector.address))
                let socket = place.path("agent.state/control.sock")
                try await eventually("the agent answers") {
                    guard agent.isRunning else { throw ProgramFailure("the agent ended: \(agent.standardError)") }
                    return FileManager.default.fileExists(atPath: socket.path)
                }
                func mode(_ path: URL) throws -> Int? {
                    try FileManager.default.attributesOfItem(atPath: path.path)[.posixPermissions] as? Int
                }
                #expect(try mode(socket) == 0o600)
                if geteuid() == 0 {
                    // Whatever the directories above it let through.
                    try FileManager.default.setAttributes(
                        [.posixPermissions: 0o755], ofItemAtPath: place.path("agent.state").path)
                    let script = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
                    let stranger = try place.start(
                        URL(filePath: "/usr/bin/setpriv"),
                        [
                            "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script,
                            socket.path,
                        ])
                    #expect(try await stranger.wait() != 0)
                    #expect(stranger.standardError.contains("Permission"))
                }
                #expect(try await agent.stop() == 0)
                #expect(!FileManager.default.fileExists(atPath: socket.path))
            }
        }
    }
}
