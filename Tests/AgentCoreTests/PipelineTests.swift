import FileAccess
import HostMetrics
import KafkaProtocol
import Primitives
import RecordBatches
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

@Suite(.serialized, .timeLimit(.minutes(10)))
struct PipelineTests {
    private func lines(_ count: Int, from first: Int = 0, bytes: Int = 0) -> [String] {
        (first..<first + count).map { "line \($0)" + String(repeating: "x", count: bytes) }
    }

    @Test func `once reads everything in order, ends, and a second time sends nothing`() throws {
        let fixture = try PipelineFixture()
        try fixture.append(lines(5000), to: "a.log")
        let shipper = FakeShipper()
        let counters = try fixture.start(shipper).end()
        #expect(shipper.lines == lines(5000))
        #expect(counters.recordsRead == 5000)
        #expect(counters.recordsDelivered == 5000)
        #expect(try fixture.runOnce().lines.isEmpty)
        try fixture.append(lines(3, from: 5000), to: "a.log")
        #expect(try fixture.runOnce().lines == lines(3, from: 5000))
    }

    @Test func `once with nothing to read ends`() throws {
        #expect(try PipelineFixture().runOnce().sent.isEmpty)
    }

    @Test func `once waits for acknowledgements that come late`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(lines(10), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper)
        try await eventually("all is shipped") { shipper.lines.count == 10 }
        try await life.expectGoesOn()
        shipper.acknowledgeAll()
        #expect(try life.end().recordsDelivered == 10)
    }

    @Test func `once waits for a topic that is not known yet, and other sources go on meanwhile`() async throws {
        let fixture = try PipelineFixture([])
        fixture.configuration.sources = [
            .file(FileSource(name: "a", topic: "missing", include: ["\(fixture.path("a.log"))"])),
            .file(FileSource(name: "b", topic: "t", include: ["\(fixture.path("b.log"))"])),
        ]
        try fixture.append(["early"], to: "a.log")
        try fixture.append(lines(20_000, bytes: 100), to: "b.log")
        let shipper = FakeShipper()
        let life = fixture.start(shipper)
        try await eventually("all is shipped") { shipper.lines.count == 20_000 }
        try await life.expectGoesOn()
        shipper.inbox.put(.topic("missing", partitions: 1))
        _ = try life.end()
        #expect(shipper.sent.last?.lines == ["early"])
    }

    @Test func `a firehose does not keep quiet files waiting for more than a turn and what is under way`() async throws
    {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 16 << 10
        // Or a batch that is not full would leave besides, if this thread comes late.
        fixture.configuration.collector.lingerLimit = .seconds(3600)
        try fixture.append(lines(80_000, bytes: 100), to: "firehose.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1])
        // The firehose has filled its partition, and 8 MB of it are waiting.
        try await eventually("the firehose fills its partition") { shipper.sent.count >= 8 }
        let underWay = shipper.sent.count
        let quiet = (0..<50).map { "quiet \($0)" }
        for (index, line) in quiet.enumerated() { try fixture.append([line], to: "quiet-\(index).log") }
        while !Set(quiet).isSubset(of: shipper.lines) && shipper.sent.count < 200 {
            let before = shipper.sent.count
            if let oldest = shipper.heldTags.min(by: { $0.value < $1.value }) { shipper.answer(oldest, .acknowledge) }
            try await eventually("the next batch is shipped") { shipper.sent.count > before }
        }
        #expect(Set(quiet).isSubset(of: shipper.lines))
        // A turn is 256 KiB. One may have been under way, and each look at what is new lets a batch through.
        #expect(shipper.sent.count - underWay <= 2 * (256 / 16) + 8)
        life.stop()
        shipper.acknowledgeAll()
        _ = try life.end()
    }

    @Test func `what was not acknowledged is sent again after a restart`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 2000
        try fixture.append(lines(1000), to: "a.log")
        // The first three are acknowledged, nothing behind them.
        let first = FakeShipper { $0 < 3 ? .acknowledge : .hold }
        let life = fixture.start(first, patience: .milliseconds(300))
        try await eventually("eight batches are shipped") { first.sent.count >= 8 }
        life.stop()
        let counters = try life.end()
        let delivered = Array(first.sent.prefix(3).flatMap(\.lines))
        #expect(counters.recordsDelivered == Int64(delivered.count))
        #expect(delivered + (try fixture.runOnce().lines) == lines(1000))
    }

    @Test func `an acknowledgement out of order does not stand for the batches before it`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 2000
        try fixture.append(lines(1000), to: "a.log")
        let first = FakeShipper { $0 == 1 ? .hold : .acknowledge }
        let life = fixture.start(first, patience: .milliseconds(300))
        try await eventually("eight batches are shipped") { first.sent.count >= 8 }
        life.stop()
        _ = try life.end()
        let again = try fixture.runOnce().lines
        #expect(first.sent[0].lines + again == lines(1000))
    }

    @Test func `answers in any order at all acknowledge everything`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 500
        try fixture.append(lines(500), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper)
        // Only so many are under way at a time: each round answers those, in any order.
        try await eventually("all is delivered") {
            for tag in shipper.heldTags.shuffled() { shipper.answer(tag, .acknowledge) }
            return shipper.lines.count == 500 && shipper.bytesHeld == 0
        }
        #expect(try life.end().recordsDelivered == 500)
        #expect(try fixture.runOnce().lines.isEmpty)
    }

    @Test(arguments: [FileSource.LongLines.split, .truncate])
    func `a line of 1 MiB is taken, and a longer one is split or truncated as set`(_ way: FileSource.LongLines) throws {
        let fixture = try PipelineFixture()
        var source = FileSource(name: "s", topic: "t", include: [fixture.path("*.log").string])
        source.maximumLineBytes = 1 << 20
        source.longLines = way
        fixture.configuration.sources = [.file(source)]
        let line = String(repeating: "x", count: 1 << 20)
        try fixture.append([line, line + "yz", "end"], to: "a.log")
        let shipper = try fixture.runOnce()
        #expect(shipper.lines == (way == .split ? [line, line, "yz", "end"] : [line, line, "end"]))
        let headers = shipper.sent.flatMap(\.batch.headerTexts)
        let split = [[], ["fragment=0"], ["fragment=1", "fragment.last=true"], []]
        #expect(headers == (way == .split ? split : [[], ["truncated=true", "original_bytes=1048578"], []]))
    }

    @Test func `a refused batch is kept as it was, counted, and holds nothing up`() throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 2000
        try fixture.append(lines(1000), to: "a.log")
        let shipper = FakeShipper { $0 % 2 == 1 ? .refuse(.messageTooLarge) : .acknowledge }
        let counters = try fixture.start(shipper).end()
        #expect(counters.recordsRead == 1000)
        #expect(counters.recordsDelivered + counters.recordsDeadLettered == 1000)
        #expect(counters.recordsDeadLettered > 0)
        let refused = shipper.sent.enumerated().filter { $0.offset % 2 == 1 }.flatMap { $0.element.batch.bytes }
        let office = DeadLetterOffice(stateDirectory: fixture.state)
        let letters = try office.list().letters
        #expect(letters.reduce(0) { $0 + $1.bytes } == refused.count)
        #expect(letters.allSatisfy { $0.source == "s" && $0.topic == "t" && $0.error.contains("MESSAGE_TOO_LARGE") })
        let origins = letters.flatMap(\.origins)
        #expect(origins.count == letters.count)
        #expect(origins.allSatisfy { $0.path == fixture.path("a.log") && $0.from < $0.to })
        #expect(try fixture.runOnce().lines.isEmpty)
        // Replayed beside nobody, and sent once by the next life.
        let replayed = try office.replay()
        #expect(replayed == letters.count)
        let lost = shipper.sent.enumerated().filter { $0.offset % 2 == 1 }.flatMap(\.element.lines)
        #expect(try fixture.runOnce().lines == lost)
        #expect(try fixture.runOnce().lines.isEmpty)
        #expect(try office.list().letters.isEmpty)
    }

    @Test func `a refused batch that cannot be kept waits until it can, and nothing is lost`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 2000
        try fixture.append(lines(1000), to: "a.log")
        let system = PosixFileSystem()
        let obstacle = fixture.state.appending("dead-letters")
        let shipper = FakeShipper(
            answer: { $0 == 2 ? .refuse(.messageTooLarge) : .acknowledge },
            onShip: { sent in
                // A file where the directory should be.
                if sent.tag.value == 0 { _ = try? system.open(obstacle, .create) }
            })
        let life = fixture.start(shipper)
        try await eventually("eight batches are shipped") { shipper.sent.count >= 8 }
        try await life.expectGoesOn()
        try system.remove(obstacle)
        let counters = try life.end()
        #expect(counters.recordsDeadLettered == Int64(shipper.sent[2].lines.count))
        #expect(counters.recordsDelivered + counters.recordsDeadLettered == 1000)
        #expect(try fixture.runOnce().lines.isEmpty)
    }

    @Test func `memory stays within its limit while nothing is answered, and all goes on afterwards`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.memoryLimit = 8 << 20
        for file in 0..<3 { try fixture.append(lines(8000, bytes: 1000), to: "\(file).log") }
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper)
        try await eventually("no more is taken in") {
            let before = shipper.bytesHeld
            try await life.expectGoesOn()
            return before > 1 << 20 && shipper.bytesHeld == before
        }
        // The producer's copy, and the pipeline's own.
        #expect(2 * shipper.bytesHeld <= fixture.configuration.memoryLimit)
        shipper.acknowledgeAll()
        #expect(try life.end().recordsDelivered == 24_000)
    }

    @Test func `the buffers of many partitions do not keep each other out`() throws {
        let fixture = try PipelineFixture()
        fixture.configuration.memoryLimit = 8 << 20
        for file in 0..<60 { try fixture.append(lines(1200, bytes: 1000), to: "\(file).log") }
        let begun = ContinuousClock.now
        let shipper = try fixture.runOnce(topics: ["t": 5000])
        #expect(shipper.sent.reduce(0) { $0 + $1.batch.recordCount } == 72_000)
        // Each time that the buffers were full cost two seconds.
        #expect(.now - begun < .seconds(15))
    }

    @Test func `a lone line leaves at once, and lines that come meanwhile leave together`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.lingerLimit = .seconds(3600)
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, patience: .zero)
        try fixture.append(["lone"], to: "a.log")
        try await eventually("the lone line is shipped") { shipper.lines == ["lone"] }
        for number in 0..<5 { try fixture.append(["\(number)"], to: "a.log") }
        let desk = shipper.desk()
        try await eventually("all is read") { try desk.carryOut(.status)[0]["read"]?["records"]?.integer == 6 }
        #expect(shipper.sent.count == 1)
        shipper.answer(shipper.sent[0].tag, .acknowledge)
        try await eventually("the rest is shipped") { shipper.sent.count == 2 }
        #expect(shipper.sent[1].lines == ["0", "1", "2", "3", "4"])
        life.stop()
        _ = try life.end()
    }

    @Test func `lines wait no longer than the linger's limit for an answer that does not come`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.lingerLimit = .milliseconds(30)
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, patience: .zero)
        for number in 0..<4 {
            try fixture.append(["\(number)"], to: "a.log")
            try await eventually("the line is shipped") { shipper.sent.count == number + 1 }
        }
        life.stop()
        _ = try life.end()
    }

    @Test func `a flood fills batches`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.batchBytes = 10_000
        fixture.configuration.collector.lingerLimit = .seconds(3600)
        try fixture.append(lines(20_000, bytes: 80), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, patience: .zero)
        try await eventually("a partition has as much as it takes") { shipper.sent.count >= 8 }
        let sizes = shipper.sent.map(\.batch.uncompressedBytes)
        #expect(sizes.allSatisfy { $0 <= 10_000 })
        // The first leaves at the end of a turn, when nothing is under way.
        #expect(sizes.dropFirst().allSatisfy { $0 > 9_500 })
        life.stop()
        _ = try life.end()
    }

    @Test func `a stop ends within its patience while nothing is answered`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(lines(100), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, patience: .milliseconds(500))
        try await eventually("all is shipped") { shipper.lines.count == 100 }
        let begun = ContinuousClock.now
        life.stop()
        #expect(try life.end().recordsDelivered == 0)
        #expect(.now - begun >= .milliseconds(500))
    }

    @Test func `a stop sends what waits, and ends with its acknowledgement`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.collector.lingerLimit = .seconds(3600)
        let shipper = FakeShipper { $0 == 0 ? .hold : .acknowledge }
        let life = fixture.start(shipper, once: false, patience: .seconds(3600))
        try fixture.append(["a"], to: "a.log")
        try await eventually("the first is shipped") { shipper.sent.count == 1 }
        try fixture.append(["b"], to: "a.log")
        try await life.expectGoesOn()
        life.stop()
        try await life.expectGoesOn()
        shipper.acknowledgeAll()
        _ = try life.end()
        #expect(shipper.lines + (try fixture.runOnce().lines) == ["a", "b"])
    }

    @Test func `a file keeps its partition when its topic grows`() throws {
        let fixture = try PipelineFixture()
        for file in 0..<8 { try fixture.append(["a"], to: "\(file).log") }
        func partitions(_ shipper: FakeShipper) -> [String: Int32] {
            var found: [String: Int32] = [:]
            for sent in shipper.sent {
                for line in sent.lines { found[line] = sent.partition }
            }
            return found
        }
        for file in 0..<8 { try fixture.append(["\(file)"], to: "\(file).log") }
        let before = partitions(try fixture.runOnce(topics: ["t": 4]))
        for file in 0..<8 { try fixture.append(["\(file)"], to: "\(file).log") }
        let after = partitions(try fixture.runOnce(topics: ["t": 64]))
        for file in 0..<8 { #expect(after["\(file)"] == before["\(file)"]) }
        // Made anew with fewer: what is not there is not written to.
        for file in 0..<8 { try fixture.append(["\(file)"], to: "\(file).log") }
        #expect(try fixture.runOnce(topics: ["t": 1]).sent.allSatisfy { $0.partition == 0 })
    }

    @Test func `new files use the partitions of a topic that grows while the agent runs, and old ones keep theirs`()
        async throws
    {
        let fixture = try PipelineFixture()
        try fixture.append(["old"], to: "old.log")
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false, topics: ["t": 1])
        try await eventually("the old file is shipped") { shipper.lines == ["old"] }
        shipper.inbox.put(.topic("t", partitions: 64))
        for file in 0..<8 { try fixture.append(["new"], to: "\(file).log") }
        try fixture.append(["old"], to: "old.log")
        try await eventually("the new files are shipped") { shipper.lines.count == 10 }
        life.stop()
        _ = try life.end()
        #expect(shipper.sent.filter { $0.lines.contains("old") }.allSatisfy { $0.partition == 0 })
        #expect(Set(shipper.sent.map(\.partition)).count > 2)
    }

    @Test func `an agent of metrics alone samples, and once ends when they are acknowledged`() throws {
        let fixture = try PipelineFixture([.hostMetrics(HostMetricsSource(name: "host", topic: "m"))])
        let shipper = try fixture.runOnce(topics: ["m": 3])
        #expect(shipper.sent.allSatisfy { $0.topic == "m" })
        #expect(shipper.lines.contains { $0.contains("system.memory") })
        #expect(Set(shipper.sent.map(\.partition)).count == 1)
    }

    @Test func `a window that is open when the agent stops is sent`() async throws {
        var source = HostMetricsSource(name: "host", topic: "m")
        source.stream.host.collectors = [.load]
        source.stream.interval = .milliseconds(100)
        source.stream.window = WindowConfiguration(length: .seconds(86_400))
        let fixture = try PipelineFixture([.hostMetrics(source)])
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false, topics: ["m": 1])
        // The topic's message is taken in the turn in which the first sample is.
        try await eventually("the topic is taken note of") { shipper.inbox.isEmpty }
        life.stop()
        let counters = try life.end()
        #expect(shipper.lines.contains { $0.contains("system.cpu.load_average.1m.mean") })
        #expect(counters.recordsRead == counters.recordsDelivered)
    }

    @Test func `a rotated and deleted file with batches under way loses nothing`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(lines(100), to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false)
        try await eventually("all is shipped") { shipper.lines.count == 100 }
        let system = PosixFileSystem()
        try system.rename(fixture.path("a.log"), to: fixture.path("a.1"))
        try fixture.append(lines(5, from: 100), to: "a.log")
        try system.remove(fixture.path("a.1"))
        try await eventually("all is shipped still") { shipper.lines.count >= 100 }
        shipper.acknowledgeAll()
        try await eventually("the rest is shipped") { shipper.lines == lines(105) }
        life.stop()
        #expect(try life.end().recordsDelivered == 105)
        #expect(try fixture.runOnce().lines.isEmpty)
    }
}

extension SealedBatch {
    /// Each record's headers, as `key=value`.
    fileprivate var headerTexts: [[String]] {
        guard let contents = try? RecordBatchContents(bytes.rawBytes), let records = try? contents.records() else {
            return []
        }
        func text(_ range: Range<Int>?) -> String { String(decoding: contents.payload[range ?? 0..<0], as: UTF8.self) }
        return records.map { $0.headers.map { "\(text($0.key))=\(text($0.value))" } }
    }
}
