import FileAccess
import FileTailing
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import FileTailing

@Suite struct GenerationTests {
    private func playground(_ include: String = "*.log") -> Playground {
        let ground = Playground()
        ground.source(include)
        return ground
    }

    private func numbers(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }
    private func lines(_ range: ClosedRange<Int>) -> [String] { range.map(String.init) }

    /// As logrotate's copytruncate.
    private func copyTruncate(_ ground: Playground, _ name: String, _ copy: String) throws {
        try self.copy(ground, name, copy)
        ground.truncate(name)
    }

    private func copy(_ ground: Playground, _ name: String, _ copy: String) throws {
        ground.append(ground.path(copy), try PosixFileSystem().readWhole(ground.path(name), limit: 1 << 20))
    }

    private func settle(_ ground: Playground) {
        for _ in 0..<3 {
            ground.clock.advance(30)
            ground.drain()
        }
    }

    @Test func `generations that came and went while the agent was away are read in order under the path's key`() {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...5))
        ground.restart()
        for first in [6, 9, 12] {
            ground.pauseForClockTick()
            ground.move("a.log", "a.log.00000\(first)")
            ground.append("a.log", numbers(first...first + 2))
        }
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...14))
        #expect(ground.lines.count == 1)
        #expect(ground.tailer.counters.generationsFound == 2)
    }

    @Test func `a generation that was given the inode of one that is gone is read`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", numbers(4...6))
        ground.drain()
        // Nothing holds the old file open any more.
        settle(ground)
        let number = try PosixFileSystem().status(of: ground.path("a.log.1"), followingLinks: false).number
        ground.delete("a.log.1")
        ground.drain()
        ground.pauseForClockTick()
        for attempt in 0..<2000 {
            let name = "attempt-\(attempt)"
            ground.append(name, numbers(7...9))
            if try PosixFileSystem().status(of: ground.path(name), followingLinks: false).number != number { continue }
            ground.move(name, "a.log.2")
            ground.drain()
            settle(ground)
            #expect(ground.texts("a.log") == lines(1...9))
            return
        }
        print("this file system does not give an inode again")
    }

    @Test func `a generation that was never seen under its path while the agent runs is read`() {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", numbers(4...6))
        ground.pauseForClockTick()
        ground.move("a.log", "a.log-20261121")
        // Nothing is there under the path itself.
        ground.drain()
        ground.append("a.log", numbers(7...8))
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...8))
    }

    @Test func `compressed generations that nobody saw are read whole, each in its turn`() {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.restart()
        for first in [4, 7, 10] {
            ground.pauseForClockTick()
            ground.move("a.log", "a.log.\(first)")
            ground.gzip("a.log.\(first)")
            ground.append("a.log", numbers(first...first + 2))
        }
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...12))
    }

    @Test func `rotated files that were there before the first start are left alone, as are those left out and others`()
    {
        let ground = Playground()
        ground.source("*.log", exclude: ["*.7"])
        ground.append("a.log.1", "old\n")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(1...3))
        ground.append("a.log.2", "a copy of something\n")
        ground.drain()
        ground.pauseForClockTick()
        ground.append("a.log.offset", "state of another program\n")
        ground.append("b.log.1", "no b.log was ever there\n")
        ground.append("a.log.7", "excluded\n")
        ground.append("a.log.lz4", "compressed otherwise\n")
        settle(ground)
        ground.restart()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...3))
        #expect(ground.lines.count == 1)
    }

    @Test func `a pattern that matches rotated names too reads them as the path's earlier files, in order`() {
        let ground = playground("*.log*")
        for (name, first) in [("a.log.2", 1), ("a.log.1", 4), ("a.log", 7)] {
            ground.append(name, numbers(first...first + 2))
            ground.pauseForClockTick()
        }
        ground.drain()
        ground.restart()
        ground.move("a.log", "a.log.0")
        ground.append("a.log", numbers(10...11))
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.00")
        ground.append("a.log", numbers(12...12))
        ground.drain()
        #expect(ground.texts("a.log") == lines(1...12))
        #expect(ground.lines.count == 1)
    }

    @Test(arguments: ["*.log", "*.log*"], [false, true])
    func `what was not read before a truncation is read from the copy, before what came after`(
        include: String, isAway: Bool
    ) throws {
        let ground = playground(include)
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        if isAway { ground.restart() }
        try copyTruncate(ground, "a.log", "a.log.1")
        ground.append("a.log", numbers(7...20))
        ground.drain()
        settle(ground)
        ground.restart()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...20))
        #expect(ground.lines.count == 1)
        #expect(ground.retired.allSatisfy { $0.bytesLost == 0 })
    }

    @Test(arguments: ["*.log", "*.log*"])
    func `of several copies made while the agent was away none is lost or read twice`(include: String) throws {
        let ground = playground(include)
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        ground.restart()
        for first in [7, 10, 13] {
            ground.pauseForClockTick()
            try copyTruncate(ground, "a.log", "a.log.0000\(first)")
            ground.append("a.log", numbers(first...first + 2))
        }
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...15))
    }

    @Test(arguments: ["*.log", "*.log*"])
    func `a copy of what was read to its end is not read again, at once or after a restart`(include: String) throws {
        let ground = playground(include)
        ground.append("a.log", numbers(1...6))
        ground.drain()
        try copy(ground, "a.log", "a.log.1")
        settle(ground)
        ground.restart()
        settle(ground)
        ground.truncate("a.log")
        ground.append("a.log", numbers(7...8))
        ground.drain()
        ground.restart()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...8))
        #expect(ground.lines.count == 1)
    }

    @Test func `bytes between the copy and the truncation are counted as lost`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        try copy(ground, "a.log", "a.log.1")
        ground.append("a.log", numbers(4...6))
        ground.tailer.reconcile(everything: true)
        ground.truncate("a.log")
        ground.append("a.log", numbers(7...7))
        ground.drain()
        #expect(ground.texts("a.log") == lines(1...3) + ["7"])
        #expect(ground.tailer.counters.bytesTruncatedUnread == 6)
    }

    @Test func `what is read again for the journal is read from the copy too`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...9))
        ground.drain(acknowledging: false)
        let file = try #require(ground.tailer.snapshot().first)
        let proof = try #require(ground.tailer.readGuard(of: file.id))
        let cut = try #require(ground.tailer.cut(of: file.id))
        ground.restart()
        try copyTruncate(ground, "a.log", "a.log.1")
        ground.append("a.log", numbers(20...21))
        ground.tailer.reconcile()
        var again: [String] = []
        let range = ReadRange(start: 0, contentGuard: proof, lines: 9, endsUnterminated: false, cut: cut)
        let isSame = ground.tailer.reread(file.id, range) { line, _ in
            again.append(line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        #expect(isSame)
        #expect(again == lines(1...9))
    }

    @Test func `what is read again for the journal is decompressed where the file was compressed since`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...9))
        ground.drain(acknowledging: false)
        let file = try #require(ground.tailer.snapshot().first)
        let proof = try #require(ground.tailer.readGuard(of: file.id))
        let cut = try #require(ground.tailer.cut(of: file.id))
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.gzip("a.log.1")
        ground.append("a.log", numbers(20...21))
        ground.tailer.reconcile()
        var again: [String] = []
        let range = ReadRange(start: 0, contentGuard: proof, lines: 9, endsUnterminated: false, cut: cut)
        let isSame = ground.tailer.reread(file.id, range) { line, _ in
            again.append(line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        #expect(isSame)
        #expect(again == lines(1...9))
        ground.drain()
        #expect(ground.texts("a.log").suffix(2) == ["20", "21"])
    }

    @Test(arguments: ["*.log", "*.log*"], [false, true])
    func `a copy that was made before the last lines were read is not read again`(include: String, isAway: Bool) throws
    {
        let ground = playground(include)
        let text = String(repeating: "x", count: 200)
        func write(_ range: ClosedRange<Int>) { ground.append("a.log", range.map { "\($0) \(text)\n" }.joined()) }
        write(1...20)
        ground.drain()
        try copy(ground, "a.log", "a.log.1")
        write(21...22)
        ground.drain()
        if isAway { ground.restart() }
        ground.truncate("a.log")
        write(30...31)
        ground.drain()
        settle(ground)
        ground.restart()
        write(32...33)
        settle(ground)
        let numbers = ground.texts("a.log").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(numbers == lines(1...22) + lines(30...33))
        #expect(ground.lines.count == 1)
        #expect(ground.tailer.counters.bytesTruncatedUnread == 0)
    }

    @Test func `what came after a truncation is read, though it is shorter and was renamed before anybody looked`() {
        let ground = playground("*.log*")
        ground.append("a.log", numbers(1...9))
        ground.drain()
        ground.truncate("a.log")
        ground.append("a.log", numbers(10...11))
        ground.move("a.log", "b.log.1")
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...11))
    }

    @Test func `a small copy that was made before the last lines were read is not read again`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        try copy(ground, "a.log", "a.log.1")
        ground.append("a.log", numbers(4...5))
        ground.drain()
        ground.truncate("a.log")
        ground.append("a.log", numbers(6...6))
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...6))
    }

    /// As logrotate with `compress` and a number behind each name: all are renamed at every rotation.
    @Test(arguments: [true, false], 1...4)
    func `names that go to other files while they are looked into do not mix up what is known`(
        wasKnown: Bool, call: Int
    ) {
        let ground = playground()
        let files = FaultyFileSystem()
        ground.fileSystem = files
        let last = ground.path("a.log.4.gz")
        let shift = (1...3).reversed().map {
            (from: ground.path("a.log.\($0).gz"), to: ground.path("a.log.\($0 + 1).gz"))
        }
        for first in [1, 11, 21] {
            ground.append("a.log", numbers(first...first + 3))
            if wasKnown || first == 1 { ground.drain() }
            ground.append("a.log", numbers(first + 4...first + 9))
            ground.restart()
            ground.pauseForClockTick()
            for (from, to) in shift { try? files.rename(from, to: to) }
            ground.move("a.log", "a.log.1")
            ground.gzip("a.log.1")
        }
        ground.append("a.log", numbers(31...32))
        files.resetCalls()
        files.rename(at: "open.gz", call, shift)
        for _ in 0..<3 { ground.drain() }
        settle(ground)
        #expect((try? files.status(of: last, followingLinks: false)) != nil)
        #expect(ground.texts("a.log") == lines(1...32))
        #expect(ground.lines.count == 1)
    }

    @Test(arguments: 1...4)
    func `a file whose name changes between a listing and the look at it is found`(call: Int) {
        let ground = playground()
        let files = FaultyFileSystem()
        ground.fileSystem = files
        ground.append("a.log", numbers(1...4))
        ground.drain()
        ground.append("a.log", numbers(5...6))
        ground.restart()
        ground.move("a.log", "x.1")
        ground.append("a.log", numbers(7...8))
        files.resetCalls()
        files.rename(at: "list", call, [(ground.path("x.1"), ground.path("x.2"))])
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...8))
    }

    @Test func `first bytes are to be stored before the first line leaves`() {
        let ground = playground()
        ground.append("a.log", "")
        ground.drain()
        #expect(!ground.tailer.hasUnstoredEvidence)
        ground.append("a.log", numbers(1...3))
        ground.tailer.reconcile(everything: true)
        #expect(ground.tailer.hasUnstoredEvidence)
        #expect(ground.tailer.takeChangedCheckpoints().contains { $0.fingerprint.length == 6 })
        #expect(!ground.tailer.hasUnstoredEvidence)
    }

    @Test func `generations that came between a look and the reading are read before what came after them`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...4))
        ground.tailer.reconcile(everything: true)
        for first in [5, 8] {
            ground.pauseForClockTick()
            try copyTruncate(ground, "a.log", "a.log.\(first)")
            ground.append("a.log", numbers(first...first + 2))
        }
        // Only reading shows the truncation.
        while let id = ground.tailer.nextReadable() { _ = ground.read(id, limit: 1 << 16) }
        #expect(ground.texts("a.log") == lines(1...10))
    }

    @Test(arguments: [
        ("a.log.1", ["a.log"]), ("a.log.000005", ["a.log"]), ("a.log-20261121", ["a.log"]), ("a.log.1.gz", ["a.log"]),
        ("a.log.2026-11-21T10:00", ["a.log", "a.log.2026", "a.log.2026-11"]), ("a.log.old", ["a.log"]),
        ("a.2026-11-21.0.log", ["a.log", "a.2026.log", "a.2026-11.log", "a.2026-11-21.log"]), ("a.1.log.gz", ["a.log"]),
        ("a.log", []), ("a.log.gz", []), ("a.log.offset", []), (".1", []), ("a.log.", []), ("x86_64", ["x86"]),
    ])
    func `names that rotation may have made are known`(name: String, bases: [String]) {
        #expect(familyBases(of: Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) } == bases)
    }

    /// As logrotate does: the compressed file appears, is written, is given its time, and its original is removed.
    @Test(arguments: [true, false])
    func `a generation that is compressed while a restart looks around is read once and in its turn`(isAhead: Bool)
        throws
    {
        for call in stride(from: 1, through: 200, by: 9) {
            let ground = playground()
            let files = FaultyFileSystem()
            ground.fileSystem = files
            ground.append("a.log", numbers(1...4))
            ground.drain(acknowledging: isAhead)
            ground.append("a.log", numbers(5...9))
            ground.restart()
            ground.move("a.log", "a.log.1")
            ground.pauseForClockTick()
            ground.append("a.log", numbers(10...19))
            ground.gzip("a.log.1")
            ground.move("a.log.1.gz", "a.log.2.gz")
            ground.move("a.log", "a.log.1")
            ground.pauseForClockTick()
            ground.append("a.log", numbers(20...29))
            let (original, compressed) = (ground.path("a.log.1"), ground.path("a.log.1.gz"))
            ground.gzip("a.log.1", keep: true)
            let whole = try PosixFileSystem().readWhole(compressed, limit: 1 << 20)
            let time = try PosixFileSystem().status(of: compressed, followingLinks: true).modified
            ground.delete("a.log.1.gz")
            ground.append(compressed, [])
            files.resetCalls()
            files.act(at: call) { Playground.write(compressed, whole) }
            files.act(at: call + 3) {
                _ = try? PosixFileSystem().open(compressed, .update).setModified(time)
                _ = try? PosixFileSystem().remove(original)
            }
            for _ in 0..<3 { ground.drain() }
            settle(ground)
            let found = ground.texts("a.log")
            let expected = lines(1...29)
            // What was not acknowledged before the restart comes again.
            #expect(Array(found.dropFirst(isAhead ? 0 : 4)) == expected, "call \(call)")
        }
    }
}
