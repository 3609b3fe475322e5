import FileAccess
import FileTailing
import Glibc
import Primitives
import SystemPackage
import Testing

/// Logs behind symbolic links, as Kubernetes and releases lay them out, and files that went elsewhere while nobody looked.
@Suite struct LinkTests {
    private let ground = Playground()

    init() {
        ground.makeDirectory("links")
        ground.makeDirectory("pods")
    }

    private func numbers(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }
    private func lines(_ range: ClosedRange<Int>) -> [String] { range.map(String.init) }

    /// Looks as an agent does that runs: nothing changed in the directory of the links for a while.
    private func look(after seconds: Int64 = 5, limit: Int = 1 << 16) {
        ground.clock.advance(seconds)
        ground.drain(limit: limit, everything: false)
    }

    @Test(arguments: [true, false])
    func `a file made anew behind a link is followed, though the link led nowhere at a look`(isRenamed: Bool) {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        look()
        ground.append("pods/0.log", numbers(4...4))
        if isRenamed { ground.move("pods/0.log", "pods/0.log.1") } else { ground.delete("pods/0.log") }
        look()
        ground.append("pods/0.log", numbers(5...6))
        look(after: 1)
        #expect(ground.texts("links/a.log") == lines(1...6))
        #expect(ground.tailer.timeToReconcile > .zero)
    }

    @Test func `a link may be there before what it leads to, be it a file or a directory`() {
        ground.link("links/a.log", to: "../pods/0.log")
        ground.link("current", to: "releases/2")
        ground.source("links/*.log", "current/*.log")
        look()
        look()
        ground.append("pods/0.log", numbers(1...2))
        ground.makeDirectory("releases/2")
        ground.append("releases/2/b.log", numbers(3...4))
        look(after: 1)
        look(after: 1)
        #expect(ground.texts("links/a.log") == lines(1...2))
        #expect(ground.texts("current/b.log") == lines(3...4))
        // Links that lead nowhere for good are forgotten with their names.
        ground.delete("links/a.log")
        ground.delete("pods/0.log")
        look()
        #expect(ground.tailer.counters.errors == 0)
    }

    /// As kubelet rotates.
    @Test(arguments: [true, false])
    func `what was not read behind a link goes on where it was rotated to while the agent was away`(
        isCompressed: Bool
    ) {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.append("pods/0.log", numbers(4...6))
        ground.restart()
        ground.move("pods/0.log", "pods/0.log.20261121-101112")
        if isCompressed { ground.gzip("pods/0.log.20261121-101112") }
        ground.pauseForClockTick()
        ground.append("pods/0.log", numbers(7...9))
        look()
        look()
        #expect(ground.texts("links/a.log") == lines(1...9))
    }

    @Test(arguments: [true, false], [true, false])
    func `generations that nobody saw behind a link are read in their turn`(isAway: Bool, isCompressed: Bool) {
        ground.append("pods/0.log.20261121-100000", "there before the first start\n")
        ground.pauseForClockTick()
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.append("pods/0.log", numbers(4...6))
        if isAway { ground.restart() }
        for first in [7, 10, 13] {
            ground.pauseForClockTick()
            let name = "pods/0.log.20261121-1011\(first + 10)"
            ground.move("pods/0.log", name)
            if isCompressed { ground.gzip(name) }
            ground.append("pods/0.log", numbers(first...first + 2))
        }
        look()
        look()
        #expect(ground.texts("links/a.log") == lines(1...15))
        #expect(ground.lines.count == 1)
        #expect(ground.tailer.counters.generationsFound == 2)
        ground.restart()
        look()
        look()
        #expect(ground.texts("links/a.log") == lines(1...15))
    }

    /// As kubelet does: a generation is compressed when the next is rotated, and the compressed file has the time of that.
    @Test(arguments: [["20261121-101112", "20261121-101213", "20261121-101314"], ["3", "2", "1"], ["11", "10", "9"]])
    func `generations that were compressed late are read in their turn`(marks: [String]) throws {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.append("pods/0.log", numbers(4...6))
        ground.restart()
        for (index, mark) in marks.enumerated() {
            ground.pauseForClockTick()
            ground.move("pods/0.log", "pods/0.log.\(mark)")
            ground.append("pods/0.log", numbers(7 + 3 * index...9 + 3 * index))
            if index == 0 { continue }
            let previous = ground.path("pods/0.log.\(marks[index - 1]).gz")
            ground.gzip("pods/0.log.\(marks[index - 1])")
            ground.pauseForClockTick()
            try PosixFileSystem().open(previous, .update).setModified(try #require(ground.birth()))
        }
        // A line of each at a time.
        look(limit: 1)
        look()
        #expect(ground.texts("links/a.log") == lines(1...15))
    }

    @Test func `a generation that is found late is read before those that are known and came after it`() throws {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.restart()
        ground.move("pods/0.log", "pods/0.log.20261121-101112")
        ground.append("unseen", numbers(4...6))
        ground.pauseForClockTick()
        ground.append("pods/0.log", numbers(7...9))
        ground.tailer.reconcile()
        ground.store()
        ground.restart()
        ground.move("pods/0.log", "pods/0.log.20261121-101314")
        ground.gzip("pods/0.log.20261121-101314")
        ground.pauseForClockTick()
        ground.append("pods/0.log", numbers(10...12))
        ground.move("unseen", "pods/0.log.20261121-101213")
        ground.gzip("pods/0.log.20261121-101213")
        let late = ground.path("pods/0.log.20261121-101213.gz")
        try PosixFileSystem().open(late, .update).setModified(try #require(ground.birth()))
        look()
        look()
        #expect(ground.texts("links/a.log") == lines(1...12))
    }

    @Test func `a generation behind a link that is compressed long after it was read is not read again`() throws {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.move("pods/0.log", "pods/0.log.20261121-101112")
        ground.append("pods/0.log", numbers(4...6))
        for _ in 0..<5 { look(after: 3000) }
        ground.restart()
        for _ in 0..<5 { look(after: 3000) }
        ground.gzip("pods/0.log.20261121-101112")
        let compressed = ground.path("pods/0.log.20261121-101112.gz")
        try PosixFileSystem().open(compressed, .update).setModified(try #require(ground.birth()))
        for _ in 0..<5 { look(after: 3000) }
        #expect(ground.texts("links/a.log") == lines(1...6))
    }

    @Test func `a link that appears with generations behind it, made since the last look, has them all read`() {
        ground.source("links/*.log")
        look()
        look()
        ground.pauseForClockTick()
        ground.makeDirectory("pods/new")
        ground.append("pods/new/0.log", numbers(1...3))
        ground.move("pods/new/0.log", "pods/new/0.log.1")
        ground.append("pods/new/0.log", numbers(4...6))
        ground.link("links/a.log", to: "../pods/new/0.log")
        look()
        #expect(ground.texts("links/a.log") == lines(1...6))
    }

    @Test(arguments: [true, false])
    func `what was not read is read when the link leads elsewhere after a restart, or is gone`(isGone: Bool) {
        ground.append("pods/0.log", numbers(1...3))
        ground.link("links/a.log", to: "../pods/0.log")
        ground.source("links/*.log")
        look()
        ground.append("pods/0.log", numbers(4...6))
        ground.restart()
        ground.delete("links/a.log")
        if !isGone {
            ground.append("pods/1.log", numbers(7...9))
            ground.link("links/a.log", to: "../pods/1.log")
        }
        look()
        look()
        #expect(ground.texts("links/a.log") == lines(1...(isGone ? 6 : 9)))
    }

    @Test func `what was not read goes on in another directory of the source, compressed`() {
        ground.makeDirectory("pods/old")
        ground.append("pods/a.log", numbers(1...3))
        ground.append("pods/other.log", numbers(1...3))
        ground.source("pods/**/*.log")
        look()
        ground.append("pods/a.log", numbers(4...6))
        ground.restart()
        ground.move("pods/a.log", "pods/old/a.log.1")
        ground.gzip("pods/old/a.log.1")
        // It begins alike, and has another name.
        ground.append("pods/old/x.1", numbers(1...3) + numbers(10...12))
        ground.gzip("pods/old/x.1")
        ground.pauseForClockTick()
        ground.append("pods/a.log", numbers(7...9))
        look()
        look()
        #expect(ground.texts("pods/a.log") == lines(1...9))
        #expect(ground.texts("pods/other.log") == lines(1...3))
    }

    @Test func `what replaced a file while the agent was away is no loss of what was read`() throws {
        ground.source("pods/*.log")
        ground.append("pods/a.log", numbers(1...9))
        look()
        ground.append("pods/b.log", numbers(1...9))
        look()
        ground.append("pods/b.log", numbers(10...12))
        ground.tailer.reconcile(everything: true)
        _ = ground.read(try #require(ground.tailer.nextReadable()), limit: 1)
        ground.acknowledge()
        ground.store()
        ground.restart()
        for (name, first) in [("a", 20), ("b", 40)] {
            ground.truncate("pods/\(name).log")
            ground.append("pods/\(name).log", numbers(first...first + 19))
        }
        look()
        #expect(ground.texts("pods/a.log") == lines(1...9) + lines(20...39))
        #expect(ground.texts("pods/b.log") == lines(1...10) + lines(40...59))
        #expect(ground.retired.map(\.bytesLost).reduce(0, +) == 6)
        #expect(ground.tailer.counters.bytesTruncatedUnread == 6)
    }
}
