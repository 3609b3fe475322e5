import FileAccess
import FileTailing
import Primitives
import Testing

/// What is told of files: how far they are behind, since when, and why they are not read.
struct DescribingTests {
    private func described(_ ground: Playground, _ name: String) -> FileDescription? {
        ground.tailer.snapshot().first { $0.path == ground.path(name) }
    }

    private func lag(_ ground: Playground, _ name: String) -> Int64? {
        described(ground, name)?.behindSince.map { (ground.clock.now().milliseconds - $0.milliseconds) / 1000 }
    }

    @Test func `a file is behind since the oldest byte that is not acknowledged was noticed, read or not`() throws {
        let ground = Playground()
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        #expect(lag(ground, "a.log") == nil)
        ground.append("a.log", "two\n")
        ground.drain(acknowledging: false)
        let afterTwo = try #require(described(ground, "a.log")?.readPosition)
        #expect(described(ground, "a.log")?.state == .waitsForAcknowledgement)
        // A writer that goes on for hours changes nothing of how old the oldest is.
        for hour in 1...40 {
            ground.clock.advance(3600)
            ground.append("a.log", "hour \(hour)\n")
            ground.tailer.reconcile(everything: true)
            #expect(lag(ground, "a.log") == Int64(hour) * 3600)
        }
        #expect(described(ground, "a.log")?.state == .reading)
        let file = try #require(described(ground, "a.log"))
        ground.tailer.acknowledge(file.id, upTo: afterTwo)
        let next = try #require(lag(ground, "a.log"))
        #expect(next >= 39 * 3600 && next <= 40 * 3600)
        #expect(file.lagBytes == file.size - 4)
        ground.drain()
        #expect(lag(ground, "a.log") == nil)
        #expect(described(ground, "a.log")?.lagBytes == 0)
        #expect(described(ground, "a.log")?.state == .upToDate)
    }

    @Test func `how long a file is behind is known after a restart too, once that was stored`() throws {
        let ground = Playground()
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        ground.drain(acknowledging: false)
        ground.clock.advance(7200)
        ground.tailer.reconcile(everything: true)
        ground.tailer.noteBehind(longerThan: .seconds(30))
        ground.store()
        #expect(ground.saved.values.first?.behindSince != nil)
        // Said once, and not each time.
        ground.tailer.noteBehind(longerThan: .seconds(30))
        #expect(ground.tailer.takeChangedCheckpoints().isEmpty)
        ground.restart()
        ground.clock.advance(60)
        ground.append("a.log", "three\n")
        ground.tailer.reconcile(everything: true)
        #expect(lag(ground, "a.log") == 7260)
        ground.drain()
        #expect(lag(ground, "a.log") == nil)
        #expect(ground.saved.values.first?.behindSince == nil)
    }

    @Test func `a finished file is up to date after a restart, before anything is read`() {
        let ground = Playground()
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.append("b.log", "one\n")
        ground.drain()
        ground.restart()
        ground.append("b.log", "two\n")
        ground.tailer.reconcile(everything: true)
        #expect(described(ground, "a.log")?.state == .upToDate)
        #expect(described(ground, "b.log")?.state == .reading)
    }

    @Test func `a compressed file is behind by at least a byte until its end was seen`() throws {
        let ground = Playground()
        ground.source("*.gz")
        ground.sources[0].readsCompressed = true
        ground.append("a", String(repeating: "line\n", count: 1000))
        ground.gzip("a")
        ground.tailer.reconcile(everything: true)
        let unread = try #require(described(ground, "a.gz"))
        #expect(unread.lagBytes >= 1 && unread.isLagLeast && unread.behindSince != nil)
        ground.drain()
        let done = try #require(described(ground, "a.gz"))
        #expect(done.lagBytes == 0 && !done.isLagLeast && done.behindSince == nil)
    }
}
