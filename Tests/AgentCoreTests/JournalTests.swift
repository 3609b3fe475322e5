import FileAccess
import FileTailing
import KafkaProtocol
import Logging
import Primitives
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore
@testable import KafkaClient

@Suite(.timeLimit(.minutes(10)))
struct JournalTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let identity = ProducerIdentity(id: ProducerID(7), epoch: ProducerEpoch(0))

    private func open(_ directory: FilePath, _ system: any FileSystem = PosixFileSystem()) throws -> Journal {
        try Journal(in: directory, fileSystem: system, logger: logger)
    }

    private func id(_ number: UInt64) -> TailedFileID { TailedFileID(high: number, low: ~number) }

    private func checkpoint(_ number: UInt64, position: Int64 = 5) -> FileCheckpoint {
        FileCheckpoint(
            id: id(number), source: "s", originalPath: FilePath("/var/log/\(number).log"),
            path: FilePath("/var/log/\(number).log"), number: FileNumber(device: 1, inode: number), born: nil,
            fingerprint: .empty, contentGuard: ContentGuard(end: 0, hash: .empty), position: position, lineStart: nil,
            size: 100)
    }

    private func origin(_ number: UInt64) -> BatchOrigin {
        .files([
            SourceSegment(
                file: id(number),
                range: ReadRange(
                    start: 5, contentGuard: ContentGuard(end: 50, hash: ContentHash(length: 9, value: 77)), lines: 4,
                    endsUnterminated: true, cut: .init(maximumLineBytes: 1000, longLines: .truncate)))
        ])
    }

    private func assignment(_ tag: UInt64, first: Int32, partition: Int32 = 0, position: Int = 0) -> SequenceAssignment
    {
        SequenceAssignment(
            tag: tag, place: TopicPartition(topic: "t", partition: partition), topicID: TopicID(high: 1, low: 2),
            identity: identity, position: position, firstSequence: SequenceNumber(first), recordCount: 4 - position)
    }

    /// Records and waits for the confirmation.
    private func record(_ journal: Journal, _ assignments: [SequenceAssignment], isFirst: Bool = true) throws {
        let confirmed = BlockingQueue<Void>()
        for assignment in assignments where isFirst {
            journal.describe(assignment.tag, origin(assignment.tag), Timestamp(milliseconds: 99))
        }
        journal.record(assignments) { confirmed.put(()) }
        #expect(try #require(confirmed.takeAll(timeout: Patience.standard)).count == 1)
    }

    /// What the frames say that are whole within so many bytes.
    private func state(of bytes: [UInt8], upTo length: Int) throws -> JournalState {
        var state = JournalState()
        let reading = JournalFrames.read(bytes.rawBytes)
        for frame in reading.frames where frame.upperBound <= length {
            var position = frame.lowerBound
            while position < frame.upperBound {
                let entry = try JournalEntry(bytes.rawBytes, at: &position)
                state.apply(entry)
            }
        }
        return state
    }

    /// A journal with something of every kind, and its state behind each frame, by the file's size.
    private func filled(_ directory: FilePath) throws -> [(size: Int, state: JournalState)] {
        var states: [(Int, JournalState)] = []
        func snap() throws {
            let bytes = try PosixFileSystem().readWhole(directory.appending("journal"), limit: 1 << 30)
            states.append((bytes.count, try state(of: bytes, upTo: bytes.count)))
        }
        let journal = try open(directory)
        try record(journal, [assignment(0, first: 0)])
        try snap()
        journal.note([
            .file(checkpoint(1)), .placement(id(1), TopicPartition(topic: "t", partition: 3)), .source("s"),
            .identity(identity), .cluster("c"), .spooled("source-m", through: 9),
            .sourcePlacement("source-m", TopicPartition(topic: "m", partition: 1)), .file(checkpoint(2)),
        ])
        try record(journal, [assignment(1, first: 4), assignment(2, first: 8)])
        try snap()
        journal.note([.answered([0]), .file(checkpoint(1, position: 50)), .retired(id(2))])
        try record(journal, [assignment(3, first: 0, partition: 1)])
        try snap()
        journal.note([.settled(tag: 3, through: 2)])
        try record(journal, [assignment(1, first: 20)], isFirst: false)
        try snap()
        journal.close()
        return states
    }

    @Test func `what was told is there again`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let last = try #require(try filled(directory).last).state
        let journal = try open(directory)
        defer { journal.close() }
        let state = journal.loaded.state
        #expect(state == last)
        #expect(journal.loaded.distrust == nil)
        #expect(state.nextTag == 4)
        #expect(state.identity == identity)
        #expect(state.batches.keys.sorted() == [1, 2, 3])
        #expect(state.batches[3]?.position == 2)
        #expect(state.batches[3]?.firstSequence == SequenceNumber(2))
        #expect(state.batches[1]?.firstSequence == SequenceNumber(20))
        #expect(state.batches[1]?.origin == origin(1))
        let partition = state.partitions[TopicPartition(topic: "t", partition: 0)]
        #expect(partition?.nextSequence == SequenceNumber(24))
        #expect(partition?.settledSequence == SequenceNumber(3))
        #expect(partition?.topicID == TopicID(high: 1, low: 2))
        #expect(state.files[id(1)]?.position == 50)
        #expect(state.files[id(2)] == nil)
        #expect(state.spools == ["source-m": 9])
        // Written anew it says the same.
        var again = JournalState()
        var bytes: [UInt8] = []
        state.forEachEntry { $0.encode(into: &bytes) }
        var position = 0
        while position < bytes.count { again.apply(try JournalEntry(bytes.rawBytes, at: &position)) }
        #expect(again == state)
    }

    @Test func `cut at any length it says what was durable up to there, and takes more`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let states = try filled(directory)
        let bytes = try PosixFileSystem().readWhole(directory.appending("journal"), limit: 1 << 30)
        let first = try #require(states.first).size
        for length in stride(from: first, through: bytes.count, by: 7) {
            let file = try PosixFileSystem().open(directory.appending("journal"), .replace)
            let cut = Array(bytes[..<length])
            try file.write(cut.rawBytes, at: 0)
            let journal = try open(directory)
            #expect(journal.loaded.distrust == nil)
            let expected = try state(of: bytes, upTo: length)
            #expect(journal.loaded.state == expected)
            try record(journal, [assignment(9, first: 100)])
            journal.close()
            let again = try open(directory)
            again.close()
            #expect(again.loaded.distrust == nil)
            #expect(again.loaded.state.batches[9] != nil)
        }
    }

    @Test func `damage is noticed wherever it is, what follows is kept, and old sequences are not used again`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let states = try filled(directory)
        let bytes = try PosixFileSystem().readWhole(directory.appending("journal"), limit: 1 << 30)
        let durable = states[states.count - 2].size
        for position in stride(from: 0, to: bytes.count, by: 3) {
            var damaged = bytes
            damaged[position] ^= 0x10
            let reading = JournalFrames.read(damaged.rawBytes)
            // Of the very last frame nothing tells that it was durable.
            #expect((reading.missingFrames > 0) == (position < durable), "byte \(position)")
        }
        var damaged = bytes
        damaged[states[0].size + 40] ^= 1
        let file = try PosixFileSystem().open(directory.appending("journal"), .replace)
        try file.write(damaged.rawBytes, at: 0)
        let journal = try open(directory)
        #expect(journal.loaded.distrust != nil)
        #expect(journal.loaded.state.identity == nil)
        #expect(journal.loaded.state.batches[3] != nil)
        let resumption = journal.loaded.state.resumption([])
        #expect(resumption.identity == nil)
        #expect(resumption.partitions.isEmpty)
        journal.close()
        // Said once: it was written anew.
        let again = try open(directory)
        again.close()
        #expect(again.loaded.distrust == nil)
        #expect(again.loaded.state.identity == nil)
        #expect(again.loaded.state.batches[3] != nil)
    }

    @Test func `a journal of nothing but garbage is noticed`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        _ = try filled(directory)
        let file = try PosixFileSystem().open(directory.appending("journal"), .replace)
        let zeros = [UInt8](repeating: 0, count: 4096)
        try file.write(zeros.rawBytes, at: 0)
        let journal = try open(directory)
        journal.close()
        #expect(journal.loaded.distrust != nil)
    }

    @Test func `a copied state directory is noticed once, and its sequences are not used`() throws {
        let directory = temporaryDirectory(inMemory: true)
        let copy = temporaryDirectory(inMemory: true)
        defer {
            removeTree(directory)
            removeTree(copy)
        }
        _ = try filled(directory)
        let system = PosixFileSystem()
        try system.createDirectories(copy)
        let bytes = try system.readWhole(directory.appending("journal"), limit: 1 << 30)
        try system.replace(copy.appending("journal"), with: bytes.rawBytes)
        let journal = try open(copy)
        journal.close()
        guard case .copied = journal.loaded.distrust else {
            Issue.record("the copy was not noticed")
            return
        }
        #expect(journal.loaded.state.identity == nil)
        #expect(journal.loaded.state.files[id(1)]?.position == 50)
        let again = try open(copy)
        again.close()
        #expect(again.loaded.distrust == nil)
        // The original is as it was.
        let original = try open(directory)
        original.close()
        #expect(original.loaded.distrust == nil)
        #expect(original.loaded.state.identity == identity)
    }

    @Test func `one process has the directory`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let journal = try open(directory)
        #expect(throws: AgentError.self) { try open(directory) }
        journal.close()
        try open(directory).close()
    }

    @Test func `the checkpoints of the first version are taken over`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let system = PosixFileSystem()
        try system.createDirectories(directory)
        func old(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
            var entry: [UInt8] = []
            entry.appendBigEndian(Int32(payload.count + 1))
            let content = [kind] + payload
            entry.appendBigEndian(CRC32C.of(content.rawBytes))
            return entry + content
        }
        var placed: [UInt8] = []
        placed.appendBigEndian(id(1).high)
        placed.appendBigEndian(id(1).low)
        placed.appendBigEndian(Int32(3))
        let content =
            old(3, Array("s".utf8)) + old(1, checkpoint(1, position: 33).encoded())
            + old(4, placed + Array("topic".utf8)) + [1, 2, 3]
        try system.replace(directory.appending("checkpoints"), with: content.rawBytes)
        for _ in 0..<2 {
            let journal = try open(directory)
            journal.close()
            let state = journal.loaded.state
            #expect(state.files[id(1)]?.position == 33)
            #expect(state.placements[id(1)] == TopicPartition(topic: "topic", partition: 3))
            #expect(state.sources == ["s"])
        }
        #expect(try !system.exists(directory.appending("checkpoints")))
    }

    @Test func `a full disk confirms nothing, and heals by itself`() throws {
        let disk = SimulatedFileSystem()
        let journal = try open("/state", disk)
        try record(journal, [assignment(0, first: 0)])
        disk.capacity = 0
        let confirmed = BlockingQueue<Void>()
        journal.describe(1, origin(1), Timestamp(milliseconds: 99))
        journal.record([assignment(1, first: 4)]) { confirmed.put(()) }
        try blockUntil("it has failed, and tried again") { journal.failures > 1 }
        #expect(confirmed.takeAll(timeout: .zero)?.isEmpty == true)
        disk.capacity = 1 << 30
        #expect(confirmed.takeAll(timeout: Patience.standard)?.count == 1)
        journal.close()
        disk.restart(after: .powerLoss, seed: 3)
        let again = try open("/state", disk)
        again.close()
        #expect(again.loaded.distrust == nil)
        #expect(again.loaded.state.batches.keys.sorted() == [0, 1])
    }

    @Test func `a failed sync is not taken for one that a later call made good`() throws {
        let disk = SimulatedFileSystem()
        let journal = try open("/state", disk)
        try record(journal, [assignment(0, first: 0)])
        disk.fail(.error(.ioError)) { $0.kind == .synchronize && $0.path == "/state/journal" }
        try record(journal, [assignment(1, first: 4)])
        disk.restart(after: .powerLoss, seed: 1)
        journal.close()
        let again = try open("/state", disk)
        again.close()
        #expect(again.loaded.state.batches.keys.sorted() == [0, 1])
    }

    @Test func `many assignments that wait share one sync, and the file stays small`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let journal = try open(directory)
        let confirmed = BlockingQueue<Int>()
        let before = journal.syncs
        for tag in 0..<20_000 as Range<UInt64> {
            journal.describe(tag, origin(tag), Timestamp(milliseconds: 99))
            journal.record([assignment(tag, first: Int32(tag))]) { confirmed.put(1) }
            if tag > 0 { journal.note([.answered([tag - 1])]) }
        }
        var count = 0
        while count < 20_000 { count += try #require(confirmed.takeAll(timeout: Patience.standard)).count }
        #expect(journal.syncs - before < 5000)
        journal.close()
        let size = try PosixFileSystem().status(of: directory.appending("journal"), followingLinks: true).size
        #expect(size < 4 << 20)
        let again = try open(directory)
        again.close()
        #expect(again.loaded.state.batches.keys.sorted() == [19_999])
    }
}
