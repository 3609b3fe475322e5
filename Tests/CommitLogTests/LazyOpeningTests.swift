import CommitLog
import FileAccess
import Primitives
import RecordBatches
import SystemPackage
import Synchronization
import TestSupport
import Testing

/// Passes calls on, and keeps note of which files are open and how often files were opened.
private final class CountingFileSystem: ForwardingFileSystem {
    struct Counts {
        var opened: [String: Int] = [:]
        var openNow = 0
        var mostOpen = 0
    }

    let base: any FileSystem
    let counts = Mutex(Counts())
    /// Called with the path after a file was removed.
    let afterRemoval = Mutex<(@Sendable (FilePath) -> Void)?>(nil)

    init(_ base: any FileSystem) { self.base = base }

    func opens(_ suffix: String) -> Int {
        counts.withLock { $0.opened.filter { $0.key.hasSuffix(suffix) }.values.reduce(0, +) }
    }

    func forget() { counts.withLock { $0 = Counts(openNow: $0.openNow, mostOpen: $0.openNow) } }

    func open(_ path: FilePath, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let file = try base.open(path, mode)
        counts.withLock { counts in
            counts.opened[path.lastComponent?.string ?? "", default: 0] += 1
            counts.openNow += 1
            counts.mostOpen = max(counts.mostOpen, counts.openNow)
        }
        return CountedFile(file, self)
    }

    func remove(_ path: FilePath) throws(FileError) {
        try base.remove(path)
        afterRemoval.withLock { $0 }?(path)
    }
}

private final class CountedFile: ForwardingFile {
    let base: any OpenFile
    private let owner: CountingFileSystem

    init(_ base: any OpenFile, _ owner: CountingFileSystem) {
        self.base = base
        self.owner = owner
    }

    deinit { owner.counts.withLock { $0.openNow -= 1 } }
}

@Suite struct LazyOpeningTests {
    private let manifest = "segment-manifest"

    /// Sixty batches in about twenty segments, closed.
    private func filled(_ files: any FileSystem, closing: Bool = true) throws -> LogHarness {
        var harness = LogHarness(files, segmentBytes: 300)
        harness.configuration.retentionMilliseconds = -1
        let log = try harness.open()
        for number in 0..<60 {
            try log.store(["line \(number)"], at: Int64(number), from: BatchSource(id: 1, sequence: Int32(number)))
        }
        if closing { try log.close() }
        return harness
    }

    @Test(arguments: [true, false])
    func `opening looks at no closed segment, reading opens those it reads, and only so many stay open`(
        closing: Bool
    ) throws {
        let files = CountingFileSystem(SimulatedFileSystem())
        let harness = try filled(files, closing: closing)
        let segments = try harness.names("log").count
        #expect(segments > 10)
        files.forget()
        let cache = OpenSegmentCache(capacity: 3)
        let log = try PartitionLog.open(
            harness.directory, configuration: harness.configuration, fileSystem: files, cache: cache
        ).log
        #expect(files.opens(".log") == 1 && files.opens("index") == 2)
        #expect(cache.count == 0)

        #expect(try log.reader.slice(from: .zero, maxBytes: 100) != nil)
        #expect(try log.reader.slice(from: Offset(58), maxBytes: 100) != nil)
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 30))?.offset == Offset(30))
        #expect(try log.reader.offsetOfMaxTimestamp()?.offset == Offset(59))
        #expect(files.opens(".log") <= 4)

        #expect(try log.reader.values == (0..<60).map { "line \($0)" })
        #expect(cache.count == 3)
        // The active segment's three, three for each in the cache, and the one that is read.
        let most = files.counts.withLock { $0.mostOpen }
        #expect(most <= 3 + 9 + 4, "\(most) files were open")
    }

    @Test func `without patience no file is opened, and what is open is read`() throws {
        let files = CountingFileSystem(SimulatedFileSystem())
        let log = try filled(files).open()
        files.forget()
        func needsWaiting(_ body: () throws(LogError) -> Void) -> Bool {
            do throws(LogError) {
                try body()
                return false
            } catch {
                return error.needsWaiting
            }
        }
        #expect(needsWaiting { () throws(LogError) in _ = try log.reader.slice(from: .zero, maxBytes: 1, .none) })
        #expect(
            needsWaiting { () throws(LogError) in
                _ = try log.reader.offset(atOrAfter: Timestamp(milliseconds: 3), .none)
            })
        #expect(files.opens("") == 0)
        // The last segment is open for appends; the first, since somebody has read it.
        #expect(try log.reader.slice(from: Offset(59), maxBytes: 1, .none)?.batches().count == 1)
        _ = try log.reader.slice(from: .zero, maxBytes: 1)
        #expect(try log.reader.slice(from: .zero, maxBytes: 1, .none)?.batches().count == 1)
        #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: 0), .none)?.offset == .zero)
    }

    @Test func `a slice is read to its end when its segment is pushed out of the cache, and when it is deleted`() throws
    {
        let harness = try filled(SimulatedFileSystem())
        let log = try PartitionLog.open(
            harness.directory, configuration: harness.configuration, fileSystem: harness.files,
            cache: OpenSegmentCache(capacity: 1)
        ).log
        let slice = try #require(try log.reader.slice(from: .zero, maxBytes: 100))
        #expect(try log.reader.all().count == 60)
        try log.deleteRecords(before: Offset(30))
        #expect(try slice.batches()[0].stored()[0].value == "line 0")
        #expect(try log.reader.values == (30..<60).map { "line \($0)" })
    }

    @Test func `a segment stays readable while its deletion is under way`() throws {
        let files = CountingFileSystem(SimulatedFileSystem())
        let harness = try filled(files)
        let log = try harness.open()
        let reader = log.reader
        let answers = Mutex<[Int64?]>([])
        files.afterRemoval.withLock { hook in
            hook = { path in
                guard path.extension == "log", let base = Int64(path.stem ?? "") else { return }
                let slice = try? reader.slice(from: Offset(base), maxBytes: 1)
                let found = (try? slice?.batches())?.first?.header.baseOffset.value
                answers.withLock { $0.append(found.map { $0 - base }) }
            }
        }
        var configuration = harness.configuration
        configuration.retentionBytes = 0
        log.update(configuration)
        let deleted = try log.applyRetention(now: .none).segments
        #expect(deleted > 10)
        #expect(answers.withLock { $0 } == Array(repeating: 0, count: deleted))
    }

    @Test func `a deleted segment's files are closed`() throws {
        let files = CountingFileSystem(SimulatedFileSystem())
        let harness = try filled(files)
        let log = try harness.open()
        #expect(try log.reader.all().count == 60)
        try log.deleteRecords(before: Offset(60))
        #expect(files.counts.withLock { $0.openNow } == 3)
        _ = log
    }

    @Test func `a manifest that is missing, short, torn or of other segments misleads nobody`() throws {
        for damage in 0..<6 {
            let harness = try filled(SimulatedFileSystem())
            let segments = try harness.names("log").count
            switch damage {
            case 0: try harness.files.remove(harness.path(manifest))
            case 1: try harness.edit(manifest) { $0.removeLast(100) }
            case 2: try harness.edit(manifest) { for i in $0.indices where i % 5 == 0 { $0[i] ^= 0x10 } }
            case 3: try harness.edit(manifest) { $0 += [UInt8](repeating: 0, count: 57) }
            case 4: try harness.edit(manifest) { $0 += Array($0.reversed()) }
            // Of a log whose segments were cut elsewhere.
            default:
                let other = LogHarness(SimulatedFileSystem(), segmentBytes: 500)
                let log = try other.open()
                for number in 0..<60 { try log.store(["line \(number) and more"], at: 5000 + Int64(number)) }
                let content = try other.bytes(manifest)
                try harness.edit(manifest) { $0 = content }
            }
            let log = try harness.open()
            #expect(try log.reader.values == (0..<60).map { "line \($0)" }, "damage \(damage)")
            for time in 0..<60 as Range<Int64> {
                #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: time))?.offset == Offset(time))
            }
            // It is made anew at once.
            #expect(try harness.bytes(manifest).count == (segments - 1) * 56, "damage \(damage)")
            #expect(log.reader.rebuiltIndexes == 0)
        }
    }

    @Test func `a manifest that cannot be written holds no record up`() throws {
        let files = SimulatedFileSystem()
        files.fail(.error(.noSpace), times: 1000) { $0.path.lastComponent?.string == "segment-manifest" }
        let harness = try filled(files)
        files.fail(.error(.noSpace), times: 1000) {
            $0.path.lastComponent?.string.hasPrefix("segment-manifest") == true
        }
        let log = try harness.open()
        #expect(try log.reader.all().count == 60)
        try log.store(["more"])
        #expect(try harness.open().reader.values.last == "more")
    }

    @Test func `a segment shorter than it was is read as far as it goes, and reported`() throws {
        let harness = try filled(SimulatedFileSystem())
        let second = try harness.names("log")[1]
        let base = try #require(Int64(second))
        try harness.edit("\(second).log") { $0.removeLast(10) }
        let log = try harness.open()
        let next = try #require(Int64(try harness.names("log")[2]))
        #expect(try log.reader.slice(from: Offset(base), maxBytes: 1)?.batches().count == 1)
        #expect(throws: LogError.self) { try log.reader.slice(from: Offset(next - 1), maxBytes: 1) }
        #expect(try log.reader.all(from: next).map(\.offset) == Array(next..<60))
        #expect(log.reader.damages.count == 1)
        #expect(log.reader.damages.first?.path == harness.path("\(second).log"))
    }

    @Test func `indexes that a full disk keeps from being built anew cost only time`() throws {
        let files = SimulatedFileSystem()
        let harness = try filled(files)
        for name in try harness.names("index") { try harness.edit("\(name).index") { $0 = [1, 2, 3] } }
        let log = try harness.open()
        files.fail(.error(.noSpace), times: 1000) {
            $0.kind != .read && $0.path.lastComponent?.string.contains("index") == true
        }
        #expect(try log.reader.values == (0..<60).map { "line \($0)" })
        for time in 0..<60 as Range<Int64> {
            #expect(try log.reader.offset(atOrAfter: Timestamp(milliseconds: time))?.offset == Offset(time))
        }
    }
}
