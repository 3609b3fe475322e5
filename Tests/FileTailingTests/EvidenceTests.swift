import FileAccess
import FileTailing
import Primitives
import SystemPackage
import Testing

/// What is told of files when the evidence is short: names that went meanwhile, times that are alike, files of which
/// nothing was read, and looks that failed.
@Suite struct EvidenceTests {
    private func playground(_ include: String = "*.log") -> Playground {
        let ground = Playground()
        ground.source(include)
        ground.makeDirectory("away")
        return ground
    }

    /// Its directory was looked at before any of the files of `a.log` was born, and not since to the end, as something
    /// in it is not decided.
    private func lookedAt(_ include: String = "*.log") -> Playground {
        let ground = playground(include)
        ground.append("other.log", "")
        ground.drain()
        ground.pauseForClockTick()
        ground.append("other.log.1", "")
        return ground
    }

    private func numbers(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }
    private func lines(_ range: ClosedRange<Int>) -> [String] { range.map(String.init) }

    private func settle(_ ground: Playground) {
        for _ in 0..<3 {
            ground.clock.advance(30)
            ground.drain()
        }
    }

    /// Before each of the calls of a first look around.
    @Test(arguments: [true, false], [true, false])
    func `a file that is compressed while a restart looks around is followed once, known or not`(
        wasKnown: Bool, isWritten: Bool
    ) throws {
        var calls = 0
        var call = 1
        repeat {
            let ground = lookedAt()
            let files = FaultyFileSystem()
            ground.fileSystem = files
            ground.restart()
            ground.append("a.log", numbers(1...4))
            ground.drain()
            if !wasKnown {
                ground.restart()
                ground.move("a.log", "a.log.2")
                ground.pauseForClockTick()
            }
            ground.append("a.log", numbers(5...9))
            ground.restart()
            ground.pauseForClockTick()
            ground.move("a.log", "a.log.1")
            ground.gzip("a.log.1", keep: true)
            ground.append("a.log", numbers(10...12))
            let (original, compressed) = (ground.path("a.log.1"), ground.path("a.log.1.gz"))
            let away = ground.path("away/a.log.1.gz")
            if !isWritten { ground.move("a.log.1.gz", "away/a.log.1.gz") }
            files.resetCalls()
            files.act(at: call) {
                if !isWritten { _ = try? PosixFileSystem().rename(away, to: compressed) }
                _ = try? PosixFileSystem().remove(original)
            }
            ground.drain()
            calls = files.calls
            settle(ground)
            #expect(ground.texts("a.log") == lines(1...12), "call \(call)")
            #expect(ground.tailer.counters.generationsFound == (wasKnown ? 0 : 1), "call \(call)")
            call += 1
        } while call <= calls
        #expect(calls > 20)
    }

    @Test func `a file of which nothing was read does not take a later generation for its own`() {
        let ground = playground()
        let files = FaultyFileSystem()
        ground.fileSystem = files
        // Seen, but not to be opened; and gone without a trace.
        ground.append("a.log", "unread\n")
        files.fail(ground.path("a.log"), .permissionDenied)
        ground.drain()
        files.fail(ground.path("a.log"), nil)
        ground.restart()
        ground.delete("a.log")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        ground.restart()
        ground.move("a.log", "a.log.2")
        ground.gzip("a.log.2")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(7...9))
        ground.move("a.log", "a.log.1")
        ground.gzip("a.log.1")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(10...12))
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...12))
    }

    @Test(arguments: ["*.log", "*.log*"], [true, false])
    func `an original that turns up beside its compressed form is not read again`(include: String, wasKnown: Bool) {
        let ground = lookedAt(include)
        ground.append("a.log", numbers(1...3))
        ground.drain()
        if !wasKnown {
            ground.restart()
            ground.move("a.log", "a.log.9")
            ground.pauseForClockTick()
            ground.append("a.log", numbers(4...4))
        }
        ground.append("a.log", numbers(wasKnown ? 4...9 : 5...9))
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.gzip("a.log.1", keep: true)
        ground.move("a.log.1", "away/a.log.1")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(10...12))
        ground.drain()
        #expect(ground.texts("a.log") == lines(1...12))
        ground.move("away/a.log.1", "a.log.1")
        settle(ground)
        ground.delete("a.log.1")
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...12))
    }

    @Test func `a compressed generation that ended in the tick in which the next began is read before that`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.restart()
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.3")
        ground.append("a.log", numbers(4...6))
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.2")
        ground.gzip("a.log.2")
        ground.append("a.log", numbers(7...9))
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", numbers(10...12))
        let born = try PosixFileSystem().status(of: ground.path("a.log.1"), followingLinks: false).born
        try PosixFileSystem().open(ground.path("a.log.2.gz"), .update).setModified(try #require(born))
        ground.drain()
        #expect(ground.texts("a.log") == lines(1...12))
    }

    @Test func `a generation that was followed compressed keeps its place in the order over restarts`() throws {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        ground.restart()
        ground.pauseForClockTick()
        ground.move("a.log", "a.log.2")
        ground.gzip("a.log.2")
        ground.append("a.log", numbers(7...9))
        ground.pauseForClockTick()
        // One line more, and so it is known that it is the file.
        ground.tailer.reconcile()
        _ = ground.read(try #require(ground.tailer.nextReadable()), limit: 1)
        #expect(ground.texts("a.log") == lines(1...4))
        ground.acknowledge()
        ground.store()
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", numbers(10...12))
        // Touched by somebody: now it is younger than what came after it.
        try PosixFileSystem().open(ground.path("a.log.2.gz"), .update).setModified(try #require(ground.birth()))
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...12))
    }

    @Test(arguments: [true, false])
    func `what comes after a file that was there a moment ago waits for it, but not for long`(isFound: Bool) {
        let ground = playground()
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        ground.restart()
        ground.move("a.log", "away/a.log")
        ground.pauseForClockTick()
        ground.append("a.log", numbers(7...9))
        ground.drain()
        #expect(ground.texts("a.log") == lines(1...3))
        if isFound { ground.move("away/a.log", "a.log.1") }
        ground.clock.advance(isFound ? 1 : 6)
        ground.drain()
        settle(ground)
        #expect(ground.texts("a.log") == lines(1...3) + (isFound ? lines(4...9) : lines(7...9)))
    }

    @Test func `a directory that cannot be listed for a moment has lost none of its files`() {
        let ground = playground()
        let files = FaultyFileSystem(birthTimes: false)
        ground.fileSystem = files
        ground.append("a.log", numbers(1...3))
        ground.drain()
        ground.append("a.log", numbers(4...6))
        ground.restart()
        ground.drain(acknowledging: false)
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", numbers(7...9))
        files.fail("*", .tooManyOpenFiles)
        ground.tailer.reconcile(everything: true)
        files.fail("*", nil)
        ground.lines.removeAll()
        ground.clock.advance(1)
        ground.drain(everything: false)
        settle(ground)
        #expect(ground.texts("a.log") == lines(4...9))
        #expect(ground.retired.allSatisfy { $0.bytesLost == 0 })
    }
}
