import FileAccess
import FileTailing
import HostMetrics
import KafkaProtocol
import Logging
import Primitives
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

@Suite struct ControlTests {
    @Test func `a running agent lists, explains and seeks files by its socket`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(["one", "two"], to: "a.log")
        try fixture.append(["x"], to: "b.txt")
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false)
        try await eventually("the state directory is there") { try PosixFileSystem().exists(fixture.state) }
        let socket = try ControlSocket(in: fixture.state, desk: shipper.desk())
        defer { socket.stop() }
        let path = fixture.state.appending(ControlSocket.name)
        let mode = try PosixFileSystem().status(of: path, followingLinks: false)
        #expect(mode.kind == .other)
        let control = AgentControl(fixture.configuration)

        try await eventually("all is acknowledged") { try control.ask(.files).first?["acknowledged"]?.integer == 8 }
        let file = try #require(try control.ask(.files).first)
        #expect(file["lag_bytes"]?.integer == 0)
        #expect(file["state"]?.string == "up to date")
        let explained = try control.ask(.explain(fixture.path("b.txt")))
        #expect(
            ControlText.lines(.explain(fixture.path("b.txt")), explained) == ["source s: no include pattern matches it"]
        )
        let request = ControlRequest.seek(fixture.path("a.log"), to: .offset(5))
        #expect(try control.ask(request).first?["to"]?.integer == 4)
        try await eventually("the last line comes again") { shipper.lines.count >= 3 }
        #expect(shipper.lines == ["one", "two", "two"])
        #expect(throws: ControlError.self) { try control.ask(.seek(fixture.path("none.log"), to: .end)) }
        #expect(throws: ControlError.self) { try control.ask(.reload) }
        life.stop()
        _ = try life.end()
    }

    @Test func `a stopped agent's files are listed and sought from its state directory`() throws {
        let fixture = try PipelineFixture()
        let control = AgentControl(fixture.configuration)
        #expect(try control.ask(.files).isEmpty)
        #expect(try !PosixFileSystem().exists(fixture.state))
        try fixture.append(["one", "two"], to: "a.log")
        #expect(throws: ControlError.self) { try control.ask(.seek(fixture.path("a.log"), to: .end)) }
        try fixture.runOnce()
        let files = try control.ask(.files)
        #expect(files.count == 1 && files[0]["acknowledged"]?.integer == 8)
        #expect(ControlText.lines(.files, files).count == 2)
        #expect(try control.ask(.seek(fixture.path("a.log"), to: .beginning)).first?["from"]?.integer == 8)
        #expect(try fixture.runOnce().lines == ["one", "two"])
        #expect(try fixture.runOnce().lines.isEmpty)
        #expect(throws: ControlError.self) { try control.ask(.reload) }
    }

    @Test func `what no request is gets an error, and a silent client keeps nobody waiting for long`() throws {
        let fixture = try PipelineFixture()
        try PosixFileSystem().createDirectories(fixture.state)
        let socket = try ControlSocket(in: fixture.state, desk: FakeShipper().desk())
        defer { socket.stop() }
        let path = fixture.state.appending(ControlSocket.name)
        let silent = try LocalSocket.connect(to: path)
        let lines = [
            "", "{", "[]", "{\"command\":1}", "{\"command\":\"stop\"}", "{\"command\":\"seek\",\"path\":\"/x\"}",
            "{\"command\":\"seek\",\"path\":\"/x\",\"to\":\"-1\"}", "{\"command\":\"explain\",\"path\":\"x\"}",
            String(repeating: "[", count: 1000), "{\"command\":\"files\"}}", "\u{0}",
        ]
        for line in lines {
            let client = try LocalSocket.connect(to: path)
            client.write(Array((line + "\n").utf8), within: .seconds(5))
            var answer: [UInt8] = []
            while let part = client.read(until: .now + Patience.standard), !part.isEmpty { answer += part }
            #expect(try JSONValue(parsing: answer)["error"] != nil, "\(line)")
        }
        // More than a request may have: closed without an answer.
        let client = try LocalSocket.connect(to: path)
        client.write([UInt8](repeating: 0x20, count: 200 << 10), within: .seconds(1))
        #expect(client.read(until: .now + Patience.standard) == [])
        #expect(silent.read(until: .now + Patience.standard) == [])
    }

    @Test func `JSON comes back as it was written, and nothing else is taken for it`() throws {
        let value = JSONValue.object([
            "a": .array([.null, .boolean(true), .integer(.min)]), "ü\"\\\n\u{1}": .string("😀/"), "": .object([]),
        ])
        #expect(try JSONValue(parsing: Array(value.text.utf8)) == value)
        #expect(try JSONValue(parsing: Array(" [ \"\\ud83d\\ude00\\u00e9\" ] ".utf8)) == .array([.string("😀é")]))
        let bytes = Array(value.text.utf8)
        for count in bytes.indices {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes[..<count])) }
        }
        for text in ["1.5", "01x", "\"\\ud800\"", "{\"a\" 1}", "[1,]", "tru", "\"\t\"", "99999999999999999999"] {
            #expect(throws: JSONError.self, "\(text)") { try JSONValue(parsing: Array(text.utf8)) }
        }
    }

    @Test func `a reload swaps the sources that changed, and keeps the old ones where the new are wrong`() async throws
    {
        let fixture = try PipelineFixture()
        try fixture.append(["one"], to: "a.log")
        try fixture.append(["txt"], to: "b.txt")
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false, topics: ["t": 1, "u": 1])
        try await eventually("the first source ships") { !shipper.lines.isEmpty }
        let next = Mutex<AgentConfiguration?>(nil)
        let desk = shipper.desk {
            guard let next = next.withLock({ $0 }) else { throw AgentError("agent.yaml:1:1: wrong") }
            return next
        }
        guard case .failed(let reason) = desk.reload() else {
            Issue.record("a wrong configuration was taken")
            return
        }
        #expect(reason.contains("agent.yaml:1:1: wrong"))
        var new = fixture.configuration
        new.collector.batchBytes = 5000
        new.sources.append(
            .file(FileSource(name: "u", topic: "u", include: [fixture.path("*.txt").string])))
        next.withLock { $0 = new }
        guard case .reloaded(let plan) = desk.reload() else {
            Issue.record("not reloaded")
            return
        }
        #expect(plan.added == ["u"] && plan.changed.isEmpty && plan.needsRestart == ["collector"])
        try fixture.append(["two"], to: "a.log")
        try await eventually("the added source ships") { shipper.lines.count >= 3 }
        #expect(shipper.lines.sorted() == ["one", "two", "txt"].sorted())
        life.stop()
        _ = try life.end()
    }

    @Test func `a reload adds, changes and removes sources of metrics`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(["one"], to: "a.log")
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false, topics: ["t": 1, "metrics.m": 1])
        try await eventually("the logs ship") { !shipper.lines.isEmpty }
        let next = Mutex(fixture.configuration)
        let desk = shipper.desk { next.withLock { $0 } }
        func reload(_ collector: CollectorKind?) throws -> ReloadPlan {
            var source = HostMetricsSource(name: "m")
            source.stream.interval = .milliseconds(100)
            source.stream.host.collectors = collector.map { [$0] } ?? []
            next.withLock {
                $0.sources = fixture.configuration.sources + (collector == nil ? [] : [.hostMetrics(source)])
            }
            guard case .reloaded(let plan) = desk.reload() else { throw AgentError("not reloaded") }
            return plan
        }
        func samples() -> [String] { shipper.sent.filter { $0.topic == "metrics.m" }.flatMap(\.lines) }
        func read() throws -> Int64 {
            let status = try desk.carryOut(.status)
            return status.first { $0["source"]?.string == "m" }?["read"]?["records"]?.integer ?? -1
        }

        #expect(try reload(.load).added == ["m"])
        try await eventually("the load is sampled") { samples().contains { $0.contains("system.cpu.load_average.1m") } }
        #expect(!samples().contains { $0.contains("system.uptime") })
        // The agent's own numbers are among them.
        #expect(samples().contains { $0.contains("tributary.agent.read.records") })
        #expect(try reload(.uptime).changed == ["m"])
        try await eventually("the uptime is sampled") { samples().contains { $0.contains("system.uptime") } }
        #expect(try reload(nil).removed == ["m"])
        let before = try read()
        // Three of its intervals, in which the pipeline takes turn after turn.
        let end = ContinuousClock.now + .milliseconds(300)
        var number = 0
        repeat {
            try fixture.append(["line \(number)"], to: "a.log")
            try await eventually("the line is shipped") { shipper.lines.contains("line \(number)") }
            number += 1
        } while ContinuousClock.now < end
        #expect(try before > 0 && read() == before)
        life.stop()
        _ = try life.end()
    }

    @Test func `the status has what became of each source's lines`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(["one", "two", "three"], to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false)
        try await eventually("all is shipped") { shipper.lines.count == 3 }
        let desk = shipper.desk()
        let held = try #require(try desk.carryOut(.status).first)
        #expect(held["in_flight"] == .object(["records": .integer(3), "bytes": .integer(14)]))
        #expect(held["delivered"]?["records"]?.integer == 0)
        let tag = try #require(shipper.heldTags.first)
        shipper.answer(tag, .refuse(.invalidRecord))
        try await eventually("the refused are dead letters") {
            try desk.carryOut(.status).first?["dead_lettered"]?["records"]?.integer == 3
        }
        shipper.acknowledgeAll()
        try fixture.append(["four"], to: "a.log")
        try await eventually("the fourth is delivered") {
            try desk.carryOut(.status).first?["delivered"]?["records"]?.integer == 1
        }
        let answer = try desk.carryOut(.status)
        #expect(answer.first?["read"] == .object(["records": .integer(4), "bytes": .integer(19)]))
        #expect(answer.first?["unaccounted"] == .object(["records": .integer(0), "bytes": .integer(0)]))
        #expect(answer.last?["agent"]?["batches_in_flight"]?.integer == 0)
        let lines = ControlText.lines(.status, answer)
        #expect(lines[1].split(separator: " ") == ["s", "4", "1", "0", "3", "0", "0", "19", "0"])
        life.stop()
        _ = try life.end()
    }

    @Test func `a configuration that may need more memory than it allows is refused with the sum`() throws {
        var configuration = AgentConfiguration(
            hostName: "h", sources: [.file(FileSource(name: "s", include: ["/var/log/*.log"]))])
        try configuration.validate()
        let estimate = MemoryEstimate(configuration)
        #expect(estimate.total <= configuration.memoryMaximum && estimate.total > configuration.memoryLimit)
        configuration.fileLimit = 1_000_000
        let error = #expect(throws: AgentError.self) { try configuration.validate() }
        #expect(error?.description.contains("files.limit") ?? false)
        configuration.memoryMaximum = 4 << 30
        try configuration.validate()
    }
}
