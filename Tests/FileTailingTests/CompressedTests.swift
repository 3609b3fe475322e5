import FileAccess
import Glibc
import Primitives
import SystemPackage
import Testing

@testable import FileTailing

/// A path that was compressed by gzip(1) itself.
@Suite struct CompressedTests {
    let ground = Playground()

    init() { ground.source("*.log") }

    private func lines(_ range: Range<Int>, padding: Int = 0) -> String {
        range.map { "line \($0) " + String(repeating: "x", count: padding) + "\n" }.joined()
    }

    private func numbers(_ name: String = "a.log") -> [Int] {
        ground.texts(name).compactMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
    }

    /// Read up to line 100, and closed.
    private func readSome() {
        ground.append("a.log", lines(0..<100))
        ground.drain()
    }

    @Test(arguments: ["a.log.1", "a.log-20261121", "old"])
    func `a file that was rotated and compressed unread is continued where it was left`(name: String) {
        readSome()
        ground.append("a.log", lines(100..<5000))
        ground.restart()
        ground.move("a.log", name)
        ground.gzip(name)
        ground.append("a.log", lines(5000..<5010))
        ground.drain()
        #expect(numbers() == Array(0..<5010))
        #expect(ground.tailer.counters.continuedCompressed == 1)
        #expect(ground.tailer.counters.bytesDeletedUnread == 0)
        ground.restart()
        ground.move("\(name).gz", "a.log.9.gz")
        ground.drain()
        #expect(numbers().count == 5010)
        ground.checkCounts()
    }

    @Test func `it is continued too where the agent runs and had closed the file`() {
        ground.limits.openFiles = 1
        readSome()
        ground.append("b.log", lines(0..<1))
        ground.drain()
        ground.append("a.log", lines(100..<200))
        ground.gzip("a.log")
        ground.drain()
        #expect(numbers() == Array(0..<200))
    }

    @Test func `a restart in the middle of the compressed file loses and doubles nothing`() {
        readSome()
        ground.append("a.log", lines(100..<20_000, padding: 50))
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.gzip("a.log.1")
        for _ in 0..<40 {
            ground.tailer.reconcile(everything: true)
            ground.store()
            while let id = ground.tailer.nextReadable() {
                if ground.read(id, limit: 30_000).lines > 0 { break }
            }
            ground.acknowledge()
            ground.store()
            ground.restart()
        }
        ground.drain()
        #expect(numbers() == Array(0..<20_000))
    }

    @Test func `what was not acknowledged is read again, and nothing before it`() {
        ground.append("a.log", lines(0..<1000))
        ground.drain(acknowledging: false)
        let end = ground.order[399].line.info.end
        ground.tailer.acknowledge(ground.order[0].id, upTo: end)
        ground.store()
        ground.restart()
        ground.gzip("a.log")
        ground.drain()
        #expect(numbers() == Array(0..<1000) + Array(400..<1000))
    }

    @Test func `members one behind the other are one content`() throws {
        readSome()
        ground.append("a.log", lines(100..<150))
        ground.append("more", lines(150..<200))
        ground.restart()
        ground.gzip("a.log")
        ground.gzip("more")
        ground.append(ground.path("a.log.gz"), try PosixFileSystem().readWhole(ground.path("more.gz")))
        ground.append(ground.path("a.log.gz"), [UInt8](repeating: 0, count: 512))
        ground.drain()
        #expect(numbers() == Array(0..<200))
        #expect(ground.tailer.counters.filesDamaged == 0)
    }

    @Test func `a compressed file waits until its original is gone`() throws {
        readSome()
        ground.append("a.log", lines(100..<200))
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.gzip("a.log.1", keep: true)
        let whole = try PosixFileSystem().readWhole(ground.path("a.log.1.gz"))
        ground.truncate("a.log.1.gz", to: 20)
        ground.drain()
        #expect(numbers() == Array(0..<200))
        #expect(ground.tailer.counters.continuedCompressed == 0)
        ground.truncate("a.log.1.gz", to: 0)
        ground.append(ground.path("a.log.1.gz"), whole)
        ground.delete("a.log.1")
        ground.clock.advance(20)
        ground.drain()
        ground.drain()
        #expect(numbers().count == 200)
        #expect(ground.tailer.counters.filesDamaged == 0)
    }

    @Test func `one that is still being copied is read when it is whole`() throws {
        readSome()
        ground.append("a.log", lines(100..<5000))
        ground.restart()
        ground.gzip("a.log")
        let whole = try PosixFileSystem().readWhole(ground.path("a.log.gz"))
        ground.truncate("a.log.gz", to: whole.count / 2)
        ground.drain()
        #expect(numbers().count < 5000)
        #expect(ground.tailer.counters.filesDamaged == 0)
        ground.clock.advance(2)
        ground.append(ground.path("a.log.gz"), Array(whole[(whole.count / 2)...]))
        ground.drain()
        ground.clock.advance(20)
        ground.drain()
        #expect(numbers() == Array(0..<5000))
    }

    @Test(arguments: ["torn", "flipped", "empty", "no gzip", "garbage behind"])
    func `a damaged compressed file is reported, counted and given up`(kind: String) throws {
        readSome()
        ground.append("a.log", lines(100..<5000, padding: 20))
        ground.append("b.log", lines(0..<1))
        ground.drain(limit: 1, acknowledging: false)
        ground.restart()
        ground.saved = ground.saved.filter { $0.value.path.lastComponent != "b.log" }
        ground.gzip("a.log")
        var bytes = try PosixFileSystem().readWhole(ground.path("a.log.gz"))
        switch kind {
        case "torn": bytes.removeLast(1000)
        case "flipped": bytes[bytes.count / 2] ^= 0x55
        case "empty": bytes = []
        case "no gzip": bytes = Array("plain text\n".utf8)
        default: bytes += Array("garbage".utf8)
        }
        ground.truncate("a.log.gz")
        ground.append(ground.path("a.log.gz"), bytes)
        let before = numbers().count
        for _ in 0..<4 {
            ground.drain()
            ground.clock.advance(10)
        }
        for _ in 0..<2 {
            ground.clock.advance(3601)
            ground.drain()
        }
        let mine = Array(numbers().dropFirst(before))
        // What was flipped decompresses to something else, which only the checksum at the end tells.
        if kind != "flipped" { #expect(mine == Array(mine.first.map { $0..<($0 + mine.count) } ?? 0..<0)) }
        let counters = ground.tailer.counters
        if kind == "empty" || kind == "no gzip" {
            #expect(counters.filesDamaged == 0 && counters.continuedCompressed == 0)
        } else {
            #expect(counters.filesDamaged == 1)
            #expect(ground.retired.last?.reason == .damaged)
            #expect(ground.tailer.takeProblems().contains { $0.error.errno == .badMessage })
        }
        #expect(ground.texts("b.log").count >= 1)
        ground.checkCounts()
    }

    @Test func `another file of equal beginning is not taken for it`() {
        ground.append("a.log", "header\n")
        ground.drain()
        ground.append("a.log", lines(0..<10))
        ground.drain()
        ground.append("other", "header\nanother line\n" + lines(50..<60))
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.gzip("other")
        ground.delete("a.log.1")
        ground.drain()
        ground.drain()
        #expect(!ground.texts("a.log").contains("another line"))
        #expect(ground.tailer.counters.continuedCompressed == 0)
    }

    @Test(arguments: [1, 2])
    func `a line longer than the buffer is cut the same way in compressed content`(buffers: Int) {
        ground.sources = []
        ground.source("*.log", maximum: 10_000)
        ground.limits.readBufferBytes = 8192 * buffers
        ground.append("a.log", "line 0 \n")
        ground.drain()
        ground.append("a.log", String(repeating: "x", count: 95_000) + "\nline 1 \n")
        ground.restart()
        ground.gzip("a.log")
        ground.drain(limit: 5000)
        let texts = ground.texts("a.log")
        #expect(texts.map(\.utf8.count) == [7] + [Int](repeating: 10_000, count: 9) + [5000, 7])
    }

    @Test func `sources that are asked to read compressed files, and only those`() throws {
        ground.sources[0].include.append(pattern("\(ground.directory)/*.gz"))
        ground.append("c.log", lines(0..<10))
        ground.gzip("c.log")
        ground.drain()
        #expect(ground.lines.isEmpty)
        ground.sources[0].readsCompressed = true
        ground.restart()
        ground.drain()
        #expect(numbers("c.log.gz") == Array(0..<10))
        ground.restart()
        ground.clock.advance(60)
        ground.drain()
        #expect(numbers("c.log.gz").count == 10)
        // Another member.
        ground.append("more", lines(10..<20))
        ground.gzip("more")
        ground.append(ground.path("c.log.gz"), try PosixFileSystem().readWhole(ground.path("more.gz")))
        ground.delete("more.gz")
        ground.drain()
        #expect(numbers("c.log.gz") == Array(0..<20))
    }

    @Test(arguments: [false, true])
    func `where compressed files are read, a rotated one is not read twice`(restarts: Bool) {
        ground.sources[0].include.append(pattern("\(ground.directory)/*.gz"))
        ground.sources[0].readsCompressed = true
        readSome()
        ground.append("a.log", lines(100..<200))
        if restarts { ground.restart() }
        ground.move("a.log", "a.log.1")
        if !restarts { ground.drain() }
        ground.gzip("a.log.1")
        for _ in 0..<4 {
            ground.drain()
            ground.clock.advance(20)
        }
        ground.restart()
        ground.drain()
        #expect(numbers() == Array(0..<200))
        #expect(numbers("a.log.1.gz").isEmpty)
    }

    @Test(arguments: [false, true])
    func `generations that came, were rotated and compressed unseen are read`(delayed: Bool) {
        readSome()
        ground.append("a.log", lines(100..<200))
        ground.restart()
        for number in 2..<5 {
            ground.pauseForClockTick()
            for old in stride(from: number - 2, through: 1, by: -1) {
                if access(ground.path("a.log.\(old)").string, F_OK) == 0 {
                    ground.gzip("a.log.\(old)")
                }
                ground.move("a.log.\(old).gz", "a.log.\(old + 1).gz")
            }
            ground.move("a.log", "a.log.1")
            if !delayed { ground.gzip("a.log.1") }
            ground.pauseForClockTick()
            ground.append("a.log", lines(number * 100..<number * 100 + 100))
        }
        ground.drain()
        #expect(numbers() == Array(0..<500))
        for _ in 0..<3 {
            ground.clock.advance(3601)
            ground.drain()
            ground.restart()
        }
        ground.drain()
        #expect(numbers().count == 500)
    }

    @Test func `a firehose of compressed files holds the memory of a few`() {
        ground.limits.decompressions = 2
        ground.append("a.log", "")
        for number in 0..<12 { ground.append("f\(number).log", lines(0..<2)) }
        ground.drain()
        for number in 0..<12 { ground.append("f\(number).log", lines(2..<2000, padding: 100)) }
        ground.restart()
        for number in 0..<12 { ground.gzip("f\(number).log") }
        ground.tailer.reconcile(everything: true)
        var most = 0
        while let id = ground.tailer.nextReadable() {
            _ = ground.read(id, limit: 1 << 14)
            let active = ground.tailer.openFiles.filter {
                if case .gzip(let content) = $0.descriptor { content.isActive } else { false }
            }
            most = max(most, active.count)
        }
        #expect(most == 2)
        for number in 0..<12 { #expect(numbers("f\(number).log") == Array(0..<2000)) }
    }

    @Test func `decompressed content is read forwards once`() throws {
        ground.append("x", lines(0..<100_000))
        ground.gzip("x")
        let content = GzipContent(try PosixFileSystem().open(ground.path("x.gz"), .read), mostKept: 1 << 20)
        var bytes = [UInt8](repeating: 0, count: 10_000)
        var position: Int64 = 0
        while true {
            let count = try bytes.withUnsafeMutableBytes { try content.read(into: $0, at: position) }
            if count < bytes.count { break }
            position += 9000
            content.release(before: position)
            _ = try bytes.withUnsafeMutableBytes {
                try content.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<100]), at: 5)
            }
        }
        #expect(content.passes == 1)
        #expect(content.ending == .whole)
        #expect(content.produced == Int64(lines(0..<100_000).utf8.count))
    }
}
