import FileTailing
import Glibc
import SystemPackage
import Testing

@Suite struct LineTests {
    let ground = Playground()

    private func parts(_ name: String) -> [LineInfo.Part] {
        ground.lines[ground.path(name), default: []].map(\.info.part)
    }

    @Test(arguments: [9, 10, 11, 20, 21, 35])
    func `a long line comes in fragments that join to the line`(length: Int) {
        ground.source("*.log", maximum: 10)
        let line = String((0..<length).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
        ground.append("a.log", "\(line)\nshort\n")
        ground.drain()
        let count = max(1, (length + 9) / 10)
        #expect(ground.texts("a.log").dropLast().joined() == line)
        #expect(ground.texts("a.log").last == "short")
        #expect(ground.texts("a.log").count == count + 1)
        #expect(parts("a.log").last == .whole)
        #expect(parts("a.log").first == (count == 1 ? .whole : .firstFragment))
        if count > 1 { #expect(parts("a.log")[count - 1] == .lastFragment(count - 1)) }
        if count > 2 { #expect(parts("a.log")[1] == .middleFragment(1)) }
        #expect(ground.tailer.counters.longLines == (count > 1 ? 1 : 0))
        ground.checkCounts()
    }

    @Test func `a restart in the middle of a long line goes on with the next fragment`() {
        ground.source("*.log", maximum: 10)
        ground.append("a.log", "x\n0123456789abcdefghijABCDEFGHIJend\nnext\n")
        ground.drain(acknowledging: false)
        let file = ground.tailer.snapshot()[0].id
        ground.tailer.acknowledge(file, upTo: 22)
        ground.store()
        ground.restart()
        ground.lines.removeAll()
        ground.drain()
        #expect(ground.texts("a.log") == ["ABCDEFGHIJ", "end", "next"])
        #expect(parts("a.log") == [.middleFragment(2), .lastFragment(3), .whole])
    }

    @Test func `whoever reads all there is gets the last line without its newline, once the file is quiet`() {
        ground.source("*.log")
        ground.append("a.log", "one\nlast")
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
        #expect(ground.tailer.takeEndsAsFinal())
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
        ground.clock.advance(6)
        #expect(ground.tailer.takeEndsAsFinal())
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "last"])
        #expect(ground.lines[ground.path("a.log")]!.last!.info.isUnterminated)
        #expect(!ground.tailer.takeEndsAsFinal())
    }

    @Test func `a line longer than the buffer comes whole, also when it grows slowly`() {
        ground.limits.readBufferBytes = 8192
        ground.source("*.log", maximum: 100_000)
        let line = String(repeating: "0123456789", count: 9000)
        ground.append("a.log", "before\n")
        for start in stride(from: 0, to: 9000, by: 1000) {
            ground.append("a.log", String(line.dropFirst(start * 10).prefix(10_000)))
            ground.drain()
        }
        #expect(ground.texts("a.log") == ["before"])
        ground.append("a.log", "\nafter\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["before", line, "after"])
        ground.checkCounts()
    }

    @Test(arguments: [15, 5000, 300_000])
    func `a long line is truncated and its length told`(length: Int) {
        ground.limits.readBufferBytes = 8192
        ground.source("*.log", maximum: 10, long: .truncate)
        let line = String(repeating: "a", count: length)
        ground.append("a.log", "\(line)")
        ground.drain(limit: 5000)
        #expect(ground.texts("a.log").isEmpty)
        ground.append("a.log", "b\nnext\n")
        ground.drain(limit: 5000)
        #expect(ground.texts("a.log") == ["aaaaaaaaaa", "next"])
        #expect(parts("a.log") == [.truncated(originalLength: Int64(length) + 1), .whole])
        #expect(ground.tailer.counters.bytesCut == Int64(length) - 9)
        ground.checkCounts()
    }

    @Test func `a truncated or split line that ends without a newline comes when its file is final`() {
        ground.source("a.log", maximum: 10)
        ground.source("b.log", maximum: 10, long: .truncate)
        let line = String(repeating: "a", count: 9005)
        ground.append("a.log", line)
        ground.append("b.log", line)
        ground.drain()
        #expect(ground.texts("a.log").count == 900)
        ground.delete("a.log")
        ground.delete("b.log")
        ground.drain()
        ground.clock.advance(6)
        ground.drain()
        #expect(ground.texts("a.log").joined() == line)
        #expect(parts("a.log").last == .lastFragment(900))
        #expect(parts("b.log") == [.truncated(originalLength: 9005)])
        #expect(ground.tailer.counters.unterminatedLines == 2)
        ground.checkCounts()
    }

    @Test func `the last line without a newline waits while the file lives and also while its writer may hold it`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntw")
        ground.drain()
        ground.clock.advance(1000)
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
        ground.move("a.log", "a.log.1")
        ground.drain()
        ground.append("a.log.1", "o\nthr")
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        ground.clock.advance(3)
        ground.append("a.log.1", "e")
        ground.drain()
        ground.clock.advance(3)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        ground.clock.advance(3)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "thre"])
    }

    @Test func `body's refusal stops behind the line, and the rest comes later`() {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\nthree\n")
        ground.tailer.reconcile()
        let id = ground.tailer.nextReadable()!
        var count = 0
        let outcome = ground.tailer.read(id, limit: 1000) { _, _ in
            count += 1
            return count < 2
        }
        #expect(outcome.end == .stopped)
        #expect(outcome.lines == 2)
        #expect(outcome.bytes == 8)
        ground.drain()
        #expect(ground.texts("a.log") == ["three"])
    }

    @Test func `NULs before a line are skipped and counted, those within are content`() {
        ground.source("*.log")
        ground.append("a.log", "0123456789\n")
        ground.drain()
        ground.truncate("a.log")
        // A writer that goes on at its old position.
        ground.truncate("a.log", to: 3_000_011)
        ground.drain()
        ground.append("a.log", "after the hole\nwith \u{0} in it\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["0123456789", "after the hole", "with \u{0} in it"])
        #expect(ground.tailer.counters.nulBytesSkipped == 3_000_011)
        ground.append("a.log", String(repeating: "\u{0}", count: 600_000) + "more\n\u{0}\u{0}few\n")
        ground.drain()
        #expect(ground.texts("a.log").suffix(2) == ["more", "\u{0}\u{0}few"])
        ground.checkCounts()
    }

    @Test func `NULs at the end of a file wait for what overwrites them`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.truncate("a.log", to: 5000)
        ground.drain()
        let descriptor = open(ground.path("a.log").string, O_WRONLY)
        pwrite(descriptor, "two\n", 4, 4)
        ground.drain()
        pwrite(descriptor, "three\n", 6, 8)
        close(descriptor)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "three"])
        #expect(ground.tailer.counters.nulBytesSkipped == 0)
    }
}
