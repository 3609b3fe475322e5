import FileAccess
import FileTailing
import KafkaClient
import KafkaProtocol
import Logging
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

/// What people are told of files, of losses and of dead letters.
@Suite(.timeLimit(.minutes(10)))
struct TellingTests {
    private func desk(_ shipper: FakeShipper) -> ControlDesk {
        ControlDesk(
            inbox: shipper.inbox, fileSystem: PosixFileSystem(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, load: nil
        ) { _ in }
    }

    private func states(_ desk: ControlDesk) throws -> [String: String] {
        var states: [String: String] = [:]
        for file in try desk.carryOut(.files) {
            guard let path = file["path"]?.string, let state = file["state"]?.string else { continue }
            states[FilePath(path).lastComponent?.string ?? ""] = state
        }
        return states
    }

    @Test func `it is told what a file waits for: its topic, its partition, memory, or a stop`() async throws {
        let fixture = try PipelineFixture([])
        fixture.configuration.sources = [
            .file(FileSource(name: "a", topic: "missing", include: ["\(fixture.path("a.log"))"])),
            .file(FileSource(name: "b", topic: "t", include: ["\(fixture.path("b.log"))"])),
        ]
        fixture.configuration.collector.batchBytes = 1024
        try fixture.append(["early"], to: "a.log")
        try fixture.append((0..<1000).map { "line \($0) of a file with too many for one batch" }, to: "b.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1], patience: .seconds(60))
        let desk = desk(shipper)
        try await eventually("the agent gets there") {
            let told = try states(desk)
            return told["a.log"] == "waits for topic missing: no collector has answered yet"
                && told["b.log"]?.hasPrefix("waits for acknowledgements: ") == true
                && told["b.log"]?.hasSuffix(" batches for t/0 are on their way") == true
        }
        shipper.inbox.put(.topicProblem("missing", "it is not to be had"))
        #expect(try states(desk)["a.log"] == "waits for topic missing: it is not to be had")
        shipper.inbox.put(.topic("missing", partitions: 1))
        try await eventually("the agent gets there") { try states(desk)["a.log"] == "waits for acknowledgements" }
        life.stop()
        #expect(try states(desk)["b.log"] == "not read any more: the agent is stopping")
        shipper.acknowledgeAll()
        _ = try life.end()
        let stopped = try AgentControl(fixture.configuration).ask(.files)
        let told = Dictionary(
            uniqueKeysWithValues: stopped.map { ($0["source"]?.string ?? "", $0["state"]?.string ?? "") })
        #expect(told == ["a": "up to date", "b": "not running: to be read at the next start"])
    }

    @Test func `a file that waits for memory says so`() async throws {
        let fixture = try PipelineFixture()
        fixture.configuration.memoryLimit = 3 << 20
        fixture.configuration.collector.batchBytes = 1 << 20
        try fixture.append((0..<50_000).map { "\($0) " + String(repeating: "x", count: 100) }, to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1], patience: .zero)
        let desk = desk(shipper)
        try await eventually("the agent gets there") {
            try states(desk) == ["a.log": "waits for acknowledgements: memory.limit is used up"]
        }
        life.stop()
        _ = try life.end()
    }

    @Test func `a state directory that is removed under the agent costs no position`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(["one", "two"], to: "a.log")
        let shipper = FakeShipper()
        let life = fixture.start(shipper, once: false)
        let desk = desk(shipper)
        try await eventually("the agent gets there") { try desk.carryOut(.files).first?["acknowledged"]?.integer == 8 }
        removeTree(fixture.state)
        try await eventually("the agent gets there") {
            try PosixFileSystem().exists(fixture.state.appending("journal"))
        }
        try await eventually("the agent gets there") {
            try desk.carryOut(.status).last?["agent"]?["state_dir_made_anew"]?.integer == 1
        }
        try fixture.append(["three"], to: "a.log")
        try await eventually("the agent gets there") { shipper.lines.count == 3 }
        #expect(throws: ControlError.self) { try AgentControl(fixture.configuration).ask(.files) }
        life.stop()
        _ = try life.end()
        #expect(try fixture.runOnce().lines.isEmpty)
    }

    @Test func `a source that has another name goes on where it was, over a reload and over a start`() async throws {
        let fixture = try PipelineFixture()
        try fixture.append(["one", "two"], to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1, "u": 1])
        try await eventually("the agent gets there") { shipper.lines.count == 2 }
        func renamed(_ name: String) -> AgentConfiguration {
            var new = fixture.configuration
            new.sources = [.file(FileSource(name: name, topic: "u", include: [fixture.path("*.log").string]))]
            return new
        }
        let next = renamed("second")
        let reloading = ControlDesk(
            inbox: shipper.inbox, fileSystem: PosixFileSystem(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, load: { next }
        ) { _ in }
        guard case .reloaded(let plan) = reloading.reload() else {
            Issue.record("not reloaded")
            return
        }
        #expect(plan.added == ["second"] && plan.removed == ["s"])
        #expect(plan.handovers == [Handover(from: "s", to: "second", files: 1)])
        shipper.acknowledgeAll()
        try fixture.append(["three"], to: "a.log")
        try await eventually("the agent gets there") { shipper.lines.count == 3 }
        #expect(shipper.sent.last?.topic == "u")
        life.stop()
        _ = try life.end()
        fixture.configuration = renamed("third")
        try fixture.append(["four"], to: "a.log")
        #expect(try fixture.runOnce(topics: ["u": 1]).lines == ["four"])
        #expect(try fixture.runOnce(topics: ["u": 1]).lines.isEmpty)
    }

    @Test func `each dead letter names the bytes of just its records, with what the broker said`() async throws {
        let fixture = try PipelineFixture()
        let lines = (0..<40).map { "line \($0) " + String(repeating: "x", count: $0) }
        try fixture.append(lines, to: "a.log")
        let shipper = FakeShipper { _ in .hold }
        let life = fixture.start(shipper, once: false, topics: ["t": 1])
        try await eventually("the agent gets there") { shipper.lines.count == 40 }
        let first = try #require(shipper.sent.first)
        #expect(first.lines.count == 40)
        // As the producer tells it of two records in the middle of a batch.
        for position in [7, 23] {
            let builder = RecordBatchBuilder(limit: 1 << 20)
            let value = Array(lines[position].utf8)
            _ = builder.append(key: nil, value: value.rawBytes, timestamp: Timestamp(milliseconds: 1))
            let batch = builder.seal(with: try BatchCompressor(.none))
            shipper.inbox.put(
                .refused(
                    RefusedRecords(
                        tag: first.tag, code: .messageTooLarge, position: position, batch: batch,
                        message: "too\nlarge", kept: {})))
        }
        shipper.acknowledgeAll()
        let office = DeadLetterOffice(stateDirectory: fixture.state)
        try await eventually("the agent gets there") { try office.list().letters.count == 2 }
        let letters = try office.list().letters
        for (letter, position) in zip(letters, [7, 23]) {
            let start = lines[..<position].reduce(0) { $0 + $1.utf8.count + 1 }
            let end = start + lines[position].utf8.count + 1
            #expect(
                letter.origins == [
                    DeadLetter.Origin(path: fixture.path("a.log"), from: Int64(start), to: Int64(end))
                ])
            #expect(letter.message == "too large")
            #expect(letter.json.text.contains("\"from\":\(start)"))
        }
        let table = DeadLetter.lines(letters)
        #expect(table.count == 3 && table[0].hasPrefix("NUMBER"))
        #expect(table[1].hasSuffix("MESSAGE_TOO_LARGE (10): too large"))
        life.stop()
        _ = try life.end()
    }

    @Test func `records are found in their file with the gaps between them`() {
        var extents = RecordExtents()
        // Lines; one after NULs; a truncated one; fragments without newlines; UTF-16.
        let records: [(start: Int64, end: Int64, value: Int)] = [
            (10, 12, 1), (12, 400, 387), (500, 501, 0), (501, 70_000, 100), (70_009, 70_010, 0), (70_010, 70_014, 4),
            (70_014, 70_018, 4), (70_018, 70_024, 2), (70_024, 70_026, 1),
        ]
        let values = records.map(\.value)
        var last = records[0].start
        for (index, record) in records.enumerated() {
            if !RecordExtents.follows(from: record.start, to: record.end, value: record.value, after: last) {
                extents.note(index, gap: record.start - last, length: record.end - record.start)
            }
            last = record.end
        }
        for low in records.indices {
            for high in low..<records.count {
                let found = extents.extent(of: low..<high + 1, from: 10, values: values)
                #expect(found?.start == records[low].start && found?.end == records[high].end)
                #expect(found?.bytes == records[low...high].reduce(0) { $0 + $1.end - $1.start })
            }
        }
        #expect(extents.extent(of: 0..<10, from: 10, values: values) == nil)
        #expect(extents.byteCount < 24)
    }

    @Test func `times are told as ISO 8601 has them`() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_305_600_123, "2026-11-22T00:00:00.123Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64, String)] {
            #expect(Timestamp(milliseconds: milliseconds).utcText == text)
        }
    }

    @Test func `what went unread is told with its path, and many at once as a sum`() {
        var losses = LossTelling()
        let now = ContinuousClock.now
        func lose(_ number: Int) -> String? {
            losses.take(
                RetiredFile(
                    id: TailedFileID(high: 1, low: UInt64(number)), source: "web",
                    path: FilePath("/var/log/\(number).log"), reason: number % 2 == 0 ? .lost : .truncated,
                    bytesLost: 10),
                at: now)
        }
        let first = (0..<1360).compactMap(lose)
        #expect(first.count == LossTelling.each)
        #expect(
            first[0]
                == "/var/log/0.log (source web): 10 bytes went before they could be read: the file was deleted")
        #expect(losses.takeSums(at: now).isEmpty)
        let sums = losses.takeSums(at: now + LossTelling.period)
        #expect(
            sums == [
                "source web: 677 more files were deleted, and 6770 bytes of them went before they could be read",
                "source web: 678 more files were truncated or overwritten, and 6780 bytes of them went before they could be read",
            ])
        // Then it begins anew.
        #expect(losses.takeSums(at: now + LossTelling.period, force: true).isEmpty)
        #expect(lose(1) != nil)
    }
}
