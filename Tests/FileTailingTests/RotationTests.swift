import FileAccess
import FileTailing
import SystemPackage
import Testing

@Suite struct RotationTests {
    let ground = Playground()

    @Test func `lines are handed out once as the file grows`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\nthr")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        ground.drain()
        ground.append("a.log", "ee\n\nfive\r\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "three", "", "five\r"])
        let infos = ground.lines[ground.path("a.log")]!.map(\.info)
        #expect(infos[2] == LineInfo(start: 8, end: 14, part: .whole, isUnterminated: false))
        ground.checkCounts()
    }

    @Test func `a file renamed out of the pattern is read to its end`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        ground.move("a.log", "a.log.1")
        ground.append("a.log", "three\n")
        ground.append("a.log.1", "late\n")
        ground.drain()
        #expect(ground.texts("a.log").sorted() == ["late", "one", "three", "two"])
        // Its writer may still hold it after it was read to its end.
        ground.append("a.log.1", "later\n")
        ground.drain()
        #expect(ground.texts("a.log").last == "later")
        #expect(ground.tailer.state.files == 2)
    }

    @Test func `a renamed file that matches the pattern goes on and nothing is read twice`() {
        ground.source("a.log*")
        for round in 0..<4 {
            ground.append("a.log", "first of \(round)\n")
            ground.drain()
            ground.append("a.log", "second of \(round)\n")
            for old in stride(from: round, through: 1, by: -1) { ground.move("a.log.\(old)", "a.log.\(old + 1)") }
            ground.move("a.log", "a.log.1")
        }
        ground.drain()
        #expect(ground.lines.keys.sorted { "\($0)" < "\($1)" } == [ground.path("a.log")])
        #expect(ground.texts("a.log").count == 8)
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log").count == 8)
    }

    @Test func `a deleted file is read to its end and then closed`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\nlast words")
        ground.delete("a.log")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        #expect(ground.tailer.state.openFiles == 1)
        ground.clock.advance(6)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "last words"])
        #expect(ground.lines[ground.path("a.log")]!.last!.info.isUnterminated)
        ground.clock.advance(6)
        ground.drain()
        ground.drain()
        #expect(ground.tailer.state.openFiles == 0)
        #expect(ground.retired.map(\.reason) == [.finished])
        #expect(ground.tailer.counters.bytesDeletedUnread == 0)
    }

    @Test func `a rotated file is kept open until it is acknowledged`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain(acknowledging: false)
        ground.delete("a.log")
        ground.drain(acknowledging: false)
        ground.clock.advance(60)
        ground.drain(acknowledging: false)
        let id = ground.tailer.snapshot()[0].id
        ground.tailer.rewind(id)
        ground.drain(acknowledging: false)
        #expect(ground.texts("a.log") == ["one", "one"])
        #expect(ground.tailer.state.pinnedFiles == 1)
        ground.drain()
        ground.clock.advance(60)
        ground.drain()
        #expect(ground.tailer.state == TailState(directories: 1, polledDirectories: 1))
    }

    @Test func `a truncated file goes on from its beginning under a new id`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\n")
        ground.drain()
        let id = ground.tailer.snapshot()[0].id
        ground.append("a.log", "unread")
        ground.tailer.reconcile(everything: true)
        ground.truncate("a.log")
        ground.append("a.log", "new\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "new"])
        #expect(ground.tailer.counters.bytesTruncatedUnread == 6)
        #expect(ground.retired.map(\.id) == [id])
        #expect(ground.tailer.snapshot().map(\.id) != [id])
    }

    @Test func `a file that was truncated and grew past the old position is noticed`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\n")
        ground.drain()
        ground.truncate("a.log")
        ground.append("a.log", "eins\nzwei\ndrei\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "eins", "zwei", "drei"])
        ground.truncate("a.log")
        ground.append("a.log", "UNO_\ndue_\ntre_\n")
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log").suffix(3) == ["UNO_", "due_", "tre_"])
    }

    @Test(arguments: [true, false])
    func `a file made anew under the same inode is another file`(hasBirthTimes: Bool) {
        if !hasBirthTimes { ground.fileSystem = FaultyFileSystem(birthTimes: false) }
        ground.limits.openFiles = 1
        ground.source("*.log")
        /// Where another took the inode meanwhile, the former file is out of sight, and may yet turn up.
        func waitForFormer() {
            ground.clock.advance(6)
            ground.drain()
        }
        for _ in 0..<3 {
            ground.append("a.log", "same\n")
            // Another file takes the only descriptor, so that the inode is free once the name is gone.
            ground.append("b.log", "other\n")
            ground.drain()
            waitForFormer()
            ground.delete("a.log")
            if !hasBirthTimes { ground.drain() }
        }
        ground.append("a.log", "different\n")
        ground.drain()
        waitForFormer()
        #expect(ground.texts("a.log").last == "different")
        if !hasBirthTimes { #expect(ground.texts("a.log") == ["same", "same", "same", "different"]) }
    }

    @Test func `a file truncated again and again is found where it was moved to, whatever it holds by then`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain(acknowledging: false)
        ground.truncate("a.log")
        ground.append("a.log", "two two\n")
        ground.drain(acknowledging: false)
        #expect(ground.texts("a.log") == ["one", "two two"])
        // Neither life's lines are acknowledged, and nobody sees the third begin.
        ground.truncate("a.log")
        ground.append("a.log", "three three three\n")
        ground.move("a.log", "a.old")
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two two", "three three three"])
    }

    @Test func `a file truncated before it was rotated, that holds less than was read, is read after a restart`() {
        ground.source("*.log")
        ground.append("a.log", "what was read of it before\n")
        ground.drain()
        ground.truncate("a.log")
        ground.append("a.log", "new\n")
        ground.move("a.log", "a.old")
        // It is seen where it is now, but not read.
        ground.tailer.reconcile(everything: true)
        ground.store()
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log") == ["what was read of it before", "new"])
    }

    @Test func `a file rotated away while the agent was down is found by its inode and drained`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\n")
        ground.drain()
        ground.append("a.log", "three\n")
        ground.restart()
        ground.move("a.log", "a.log.1")
        ground.append("a.log", "four\n")
        ground.drain()
        #expect(ground.texts("a.log").sorted() == ["four", "one", "three", "two"])
        #expect(ground.tailer.counters.bytesDeletedUnread == 0)
    }

    @Test(arguments: [false, true])
    func `a path's lines stay in order across rotations`(restarts: Bool) {
        ground.source("*.log")
        ground.append("a.log", "0\n")
        ground.drain()
        for number in 0..<3 {
            ground.append("a.log", String(repeating: "\(number * 2 + 1)\n", count: 5000))
            ground.tailer.reconcile(everything: true)
            ground.store()
            ground.move("a.log", "a.log.\(number)")
            ground.append("a.log", "\(number * 2 + 2)\n")
            if restarts { ground.restart() }
            ground.tailer.reconcile(everything: true)
            ground.store()
            ground.append("a.log.\(number)", "\(number * 2 + 1)\n")
        }
        ground.drain(limit: 1000)
        let numbers = ground.texts("a.log").map { Int($0)! }
        #expect(numbers == numbers.sorted())
        #expect(numbers.count == 1 + 3 * 5002)
    }

    @Test(arguments: [false, true])
    func `files that came and were rotated away unseen are found`(restarts: Bool) {
        ground.source("*.log")
        ground.append("a.log", "0 first\n")
        ground.drain()
        ground.append("a.log", "1 last\n")
        if restarts { ground.restart() }
        for number in 2..<5 {
            // Birth times have the clock's granularity.
            ground.pauseForClockTick()
            for old in stride(from: number - 2, through: 1, by: -1) { ground.move("a.log.\(old)", "a.log.\(old + 1)") }
            ground.append("a.log.copy\(number)", "0 first\n1 last\n")
            ground.move("a.log", "a.log.1")
            ground.pauseForClockTick()
            ground.append("a.log", "\(number) whole\n")
        }
        ground.append("a.log.gz", "compressed")
        ground.drain()
        #expect(ground.texts("a.log") == ["0 first", "1 last", "2 whole", "3 whole", "4 whole"])
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log").count == 5)
    }

    @Test func `an acknowledgement that comes after a rewind is taken, and its lines are not read again`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\nthree\n")
        ground.drain(acknowledging: false)
        let id = ground.tailer.snapshot()[0].id
        ground.tailer.rewind(id)
        ground.tailer.acknowledge(id, upTo: 8)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "three", "three"])
        ground.restart()
        ground.append("a.log", "four\n")
        ground.drain()
        #expect(ground.texts("a.log").last == "four")
    }

    @Test func `equal content transfers no progress`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\n")
        ground.drain()
        ground.append("b.log", "one\ntwo\n")
        ground.drain()
        #expect(ground.texts("b.log") == ["one", "two"])
        ground.restart()
        ground.delete("a.log")
        ground.append("c.log", "one\ntwo\n")
        ground.drain()
        #expect(ground.texts("c.log") == ["one", "two"])
    }

    @Test func `a file moved to another directory of the source goes on`() {
        ground.source("**/*.log")
        ground.makeDirectory("x/y")
        ground.append("x/a.log", "one\n")
        ground.drain()
        ground.append("x/a.log", "two\n")
        ground.move("x/a.log", "x/y/b.log")
        ground.drain()
        #expect(ground.texts("x/a.log") == ["one", "two"])
        ground.move("x/y", "z")
        ground.append("z/b.log", "three\n")
        ground.drain()
        #expect(ground.texts("x/a.log") == ["one", "two", "three"])
    }

    @Test func `what is gone before it was read is counted`() {
        ground.limits.openFiles = 1
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.append("b.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        ground.append("b.log", "two\n")
        ground.tailer.reconcile(everything: true)
        ground.delete("a.log")
        ground.delete("b.log")
        ground.drain()
        ground.clock.advance(3601)
        ground.drain()
        ground.drain()
        #expect(ground.texts("a.log").count + ground.texts("b.log").count == 3)
        #expect(ground.tailer.counters.bytesDeletedUnread == 4)
        #expect(ground.retired.map(\.bytesLost).sorted() == [0, 4])
    }

    @Test(arguments: [true, false])
    func `what is deleted unread is counted within some looks around, though nothing more happens`(isTold: Bool) throws
    {
        ground.watcher = try InotifyWatcher()
        ground.limits.openFiles = 1
        ground.source("*.log")
        for name in ["a.log", "b.log"] { ground.append(name, "one\n") }
        ground.drain()
        for name in ["a.log", "b.log"] { ground.append(name, "two\n") }
        ground.tailer.reconcile(everything: true)
        for name in ["a.log", "b.log"] { ground.delete(name) }
        if isTold { ground.tailer.reconcile() }
        // Otherwise the one that is not open is found to be missing before the event is taken.
        while let id = ground.tailer.nextReadable() { _ = ground.read(id, limit: 100) }
        #expect(ground.tailer.counters.bytesDeletedUnread == 0)
        for _ in 0..<4 {
            ground.clock.advance(11)
            ground.drain(everything: false)
        }
        #expect(ground.texts("a.log").count + ground.texts("b.log").count == 3)
        #expect(ground.tailer.counters.bytesDeletedUnread == 4)
        #expect(ground.retired.map(\.bytesLost).sorted() == [0, 4])
    }
}
