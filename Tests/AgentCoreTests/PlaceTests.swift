import FileAccess
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

/// Files whose lines are to go elsewhere while some are under way.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PlaceTests {
    private func lines(_ numbers: Range<Int>, of file: String = "line") -> [String] { numbers.map { "\(file) \($0)" } }

    private func changeTopic(_ fixture: PipelineFixture, to topic: String, _ shipper: FakeShipper) {
        let logs = fixture.path("*.log").string
        fixture.configuration.sources = [.file(FileSource(name: "s", topic: topic, include: [logs]))]
        shipper.inbox.put(.control(ControlTask(.reload(fixture.configuration)) { _ in }))
    }

    private func sent(_ shipper: FakeShipper, to topic: String) -> [String] {
        shipper.sent.filter { $0.topic == topic }.flatMap(\.lines)
    }

    /// Waits for all that was put in before to be taken, and two turns more.
    private func settle(_ shipper: FakeShipper) async throws {
        for _ in 0..<3 {
            let task = ControlTask(.request(.files))
            shipper.inbox.put(.control(task))
            _ = await Task.detached { task.wait() }.value
        }
    }

    @Test(arguments: [true, false])
    func `a file is not read on for another topic before what is under way is acknowledged or taken back`(isGone: Bool)
        async throws
    {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 1000
        try fixture.append(lines(0..<100), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1, "u": 1])
        try await eventually("the lines are on their way") { sent(shipper, to: "t") == lines(0..<100) }
        // What was read and is in no batch yet goes the same way.
        changeTopic(fixture, to: "u", shipper)
        try fixture.append(lines(100..<200), to: "a.log")
        try fixture.append(["other"], to: "b.log")
        try await eventually("another file is read") { sent(shipper, to: "u") == ["other"] }
        try await settle(shipper)
        #expect(sent(shipper, to: "u") == ["other"])
        #expect(shipper.released == ["t"])
        for tag in shipper.heldTags.sorted(by: { $0.value < $1.value }) {
            shipper.answer(tag, isGone && shipper.sent.first { $0.tag == tag }?.topic == "t" ? .takeBack : .acknowledge)
        }
        shipper.acknowledgeAll()
        let expected = lines((isGone ? 0 : 100)..<200)
        try await eventually("all is in the new topic") { sent(shipper, to: "u").filter { $0 != "other" } == expected }
        try await settle(shipper)
        #expect(shipper.released == [])
        #expect(sent(shipper, to: "t") == lines(0..<100))
        life.stop()
        let counters = try life.end()
        #expect(counters.recordsDelivered == 201 && counters.recordsRead == 201)
        #expect(counters.recordsTakenBack == (isGone ? 100 : 0))
        #expect(counters.recordsMayBeDoubled == 0 && counters.recordsLost == 0)
        #expect(try fixture.runOnce(topics: ["t": 1, "u": 1]).lines.isEmpty)
    }

    @Test func `what is acknowledged after a later batch was taken back is not sent again`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 1000
        try fixture.append(lines(0..<100), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1])
        try await eventually("the lines are on their way") { sent(shipper, to: "t") == lines(0..<100) }
        let before = shipper.sent
        #expect(before.count > 2)
        for sent in before.dropFirst().reversed() { shipper.answer(sent.tag, .takeBack) }
        shipper.answer(before[0].tag, .acknowledge)
        shipper.acknowledgeAll()
        let first = before[0].lines.count
        try await eventually("the others are sent again") {
            shipper.sent.last?.lines.last == "line 99" && shipper.sent.count > before.count
        }
        #expect(shipper.sent.dropFirst(before.count).flatMap(\.lines) == lines(first..<100))
        life.stop()
        let counters = try life.end()
        #expect(counters.recordsDelivered == 100 && counters.recordsMayBeDoubled == 0)
        #expect(try fixture.runOnce(topics: ["t": 1]).lines.isEmpty)
    }

    @Test func `a rotated file's lines come before those of its successor in another topic too`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(lines(0..<50), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1, "u": 1])
        try await eventually("the lines are on their way") { sent(shipper, to: "t").count == 50 }
        changeTopic(fixture, to: "u", shipper)
        try PosixFileSystem().rename(fixture.path("a.log"), to: fixture.path("a.1"))
        try fixture.append(lines(50..<60), to: "a.log")
        try await settle(shipper)
        for tag in shipper.heldTags { shipper.answer(tag, .takeBack) }
        shipper.acknowledgeAll()
        try await eventually("all is in the new topic") { sent(shipper, to: "u").count >= 60 }
        #expect(sent(shipper, to: "u") == lines(0..<60))
        life.stop()
        _ = try life.end()
    }

    @Test func `a topic made anew with fewer partitions gets what was under way, once and in order per file`()
        async throws
    {
        let fixture = try PipelineFixture()
        let files = (0..<6).map { "\($0).log" }
        for file in files { try fixture.append(lines(0..<50, of: file), to: file) }
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 8])
        try await eventually("the lines are on their way") { shipper.lines.count == 300 }
        shipper.inbox.put(.topic("t", partitions: 1))
        let before = shipper.sent
        for file in files { try fixture.append(lines(50..<60, of: file), to: file) }
        try fixture.append(lines(0..<5, of: "new.log"), to: "new.log")
        try await eventually("the new file's lines are") { sent(shipper, to: "t").contains("new.log 4") }
        #expect(shipper.sent.dropFirst(before.count).allSatisfy { $0.partition == 0 })
        for sent in before { shipper.answer(sent.tag, sent.partition == 0 ? .acknowledge : .takeBack) }
        shipper.acknowledgeAll()
        func arrived() -> [String] {
            shipper.sent.enumerated().filter { $0.element.partition == 0 || $0.offset >= before.count }
                .flatMap(\.element.lines)
        }
        try await eventually("all arrived") { arrived().count >= 365 }
        for file in files {
            #expect(arrived().filter { $0.hasPrefix(file) } == lines(0..<60, of: file))
        }
        #expect(shipper.sent.dropFirst(before.count).allSatisfy { $0.partition == 0 })
        #expect(before.contains { $0.partition != 0 })
        life.stop()
        let counters = try life.end()
        #expect(counters.recordsDelivered == 365 && counters.recordsRead == 365)
        #expect(try fixture.runOnce(topics: ["t": 1]).lines.isEmpty)
    }

    @Test func `samples that were under way to a partition that is gone are sent elsewhere, in order`() async throws {
        var source = HostMetricsSource(name: "host", topic: "m")
        source.stream.interval = .milliseconds(50)
        source.stream.host.collectors = [.uptime]
        let fixture = try PipelineFixture([.hostMetrics(source)])
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["m": 63])
        try await eventually("four samples are on their way") { shipper.sent.count == 4 }
        let before = shipper.sent
        #expect(before[0].partition > 0)
        shipper.inbox.put(.topic("m", partitions: 1))
        for sent in before { shipper.answer(sent.tag, .takeBack) }
        try await eventually("they are again") { shipper.sent.count >= 8 }
        #expect(shipper.sent[4..<8].flatMap(\.lines) == before.flatMap(\.lines))
        #expect(shipper.sent[4...].allSatisfy { $0.partition == 0 })
        shipper.acknowledgeAll()
        try await eventually("newer ones are") { shipper.sent.count > 8 }
        life.stop()
        let counters = try life.end()
        #expect(counters.recordsRead == counters.recordsDelivered)
    }
}
