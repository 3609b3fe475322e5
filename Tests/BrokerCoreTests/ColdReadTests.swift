import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore

/// The real file system, with a disk that is as slow as a test wants, behind every file whose path has "/cold-" in it.
private final class ColdFileSystem: ForwardingFileSystem {
    fileprivate struct State {
        var isHeld = false
        var waiting = 0
        /// Directories of the files that were read from the disk, in order; a run of the same one once.
        var read: [String] = []
    }

    let base: any FileSystem = PosixFileSystem()
    private let state = Mutex(State())
    /// A token for each read that may go on.
    private let tokens = BlockingQueue<Void>()

    var waiting: Int { state.withLock { $0.waiting } }
    var read: [String] { state.withLock { $0.read } }

    func hold() { state.withLock { $0 = State(isHeld: true) } }

    func release() {
        state.withLock { $0.isHeld = false }
        tokens.close()
    }

    fileprivate func waitForDisk(_ path: FilePath) {
        let mustWait = state.withLock { state in
            if state.isHeld { state.waiting += 1 }
            return state.isHeld
        }
        if mustWait { _ = tokens.takeFirst() }
        let directory = path.removingLastComponent().lastComponent?.string ?? ""
        state.withLock { if $0.read.last != directory { $0.read.append(directory) } }
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let file = try base.open(path, mode)
        return path.string.contains("/cold-") ? ColdFile(file, path, self) : file
    }
}

private final class ColdFile: ForwardingFile {
    let base: any OpenFile
    private let path: FilePath
    private let disk: ColdFileSystem

    init(_ base: any OpenFile, _ path: FilePath, _ disk: ColdFileSystem) {
        self.base = base
        self.path = path
        self.disk = disk
    }

    func readResident(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        throw FileError(operation: "preadv2", path: path, errno: .resourceTemporarilyUnavailable)
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        disk.waitForDisk(path)
        return try base.read(into: bytes, at: position)
    }
}

@Suite(.timeLimit(.minutes(10)))
struct ColdReadTests {
    private let disk = ColdFileSystem()

    /// Records in two partitions that are in memory, and in six that only the disk has, which hangs.
    private func fixture(diskReaders: Int) throws -> BrokerFixture {
        let fixture = try BrokerFixture(fileSystem: disk) { $0.diskReaderThreads = diskReaders }
        try fixture.create("hot", partitions: 2)
        try fixture.create("cold", partitions: 6)
        for (topic, partitions) in [("hot", 2), ("cold", 6)] {
            for partition in 0..<partitions {
                let answer = try fixture.produce(try batch(2, valueBytes: 1000), to: topic, Int32(partition))
                #expect(answer.errorCode == .none)
            }
        }
        disk.hold()
        return fixture
    }

    private func records(_ response: FetchResponse) -> [Int] {
        response.topics.flatMap(\.partitions).map { $0.records?.readableBytes ?? 0 }
    }

    private func times(_ topic: String) -> ListOffsetsRequest {
        ListOffsetsRequest(
            topics: [
                .init(name: topic, partitions: [.init(index: 0, timestamp: Timestamp(milliseconds: 1))])
            ])
    }

    @Test func `however many reads hang at the disk, what is in memory is served`() throws {
        let fixture = try fixture(diskReaders: 2)
        defer { disk.release() }
        var pending = (0..<6).map { partition in
            fixture.start(fetchRequest("cold", from: 0, Int32(partition), wait: 60_000), version: 12)
        }
        // Also those who ask how much there is, and for a time.
        pending.append(fixture.start(fetchRequest("cold", from: 0, wait: 60_000, minBytes: 1000), version: 12))
        let time = fixture.start(times("cold"))
        try blockUntil("two reads hang, and six wait for them") {
            disk.waiting == 2 && fixture.broker.readers.waitedCount == 8
        }
        for _ in 0..<50 {
            #expect(records(try fixture.ask(fetchRequest("hot", from: 0), version: 12))[0] > 2000)
            #expect(records(try fixture.ask(fetchRequest("hot", from: 0, minBytes: 1500), version: 12))[0] > 2000)
        }
        #expect(try fixture.ask(times("hot")).topics[0].partitions[0].offset == .zero)
        #expect(try fixture.produce(try batch(), to: "cold").errorCode == .none)
        #expect(fixture.broker.readers.waitedCount == 8, "what is in memory did not go to the disk")
        #expect(disk.waiting == 2)
        disk.release()
        for fetch in pending { #expect(records(try fetch.response())[0] > 2000) }
        #expect(try time.response().topics[0].partitions[0].offset == .zero)
    }

    @Test func `who reads one partition from the disk does not wait for all of another's`() throws {
        let fixture = try fixture(diskReaders: 1)
        defer { disk.release() }
        var many = fetchRequest("cold", from: 0)
        many.topics[0].partitions += (1..<5).map {
            FetchRequest.Partition(index: $0, fetchOffset: .zero, maxBytes: 1 << 20)
        }
        let first = fixture.start(many, version: 12)
        try blockUntil("a read hangs") { disk.waiting == 1 }
        let second = fixture.start(fetchRequest("cold", from: 0, 5), version: 12)
        try blockUntil("the second waits") { fixture.broker.readers.waitedCount == 2 }
        disk.release()
        #expect(records(try first.response()).allSatisfy { $0 > 2000 })
        #expect(records(try second.response())[0] > 2000)
        #expect(disk.read == ["cold-0", "cold-5", "cold-1", "cold-2", "cold-3", "cold-4"])
    }

    @Test func `what a reader holds while it waits for the disk is counted, and given back when its client goes`()
        throws
    {
        let fixture = try fixture(diskReaders: 1)
        defer { disk.release() }
        let before = fixture.broker.responseMemory.used
        var both = fetchRequest("hot", from: 0)
        both.topics.append(fetchRequest("cold", from: 0).topics[0])
        both.topics[1].partitions.append(FetchRequest.Partition(index: 1, fetchOffset: .zero, maxBytes: 1 << 20))
        let fetch = fixture.start(both, version: 12)
        try blockUntil("a read hangs") { disk.waiting == 1 }
        #expect(fixture.broker.responseMemory.used > before + 2000)
        fixture.client.close()
        disk.release()
        let answer = try fetch.frame()
        #expect(answer.readableBytes < 100, "nobody wants an answer any more")
        try blockUntil("only the answer is counted") {
            fixture.broker.responseMemory.used == before + answer.readableBytes
        }
        #expect(disk.read == ["cold-0"])
    }
}
