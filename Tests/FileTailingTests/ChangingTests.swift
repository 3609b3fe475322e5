import FileTailing
import SystemPackage
import Testing

/// Other sources, and other places to read from, while files are followed.
@Suite struct ChangingTests {
    let ground = Playground()

    private func replace() {
        ground.store()
        ground.tailer.replaceSources(ground.sources, resuming: Array(ground.saved.values), startedBefore: ["s0"])
    }

    @Test func `sources come, go and come again, and each file goes on where it was left`() {
        ground.source("a*.log")
        ground.source("b*.log")
        ground.append("a.log", "one\n")
        ground.append("b.log", "one\n")
        ground.drain()
        let all = ground.sources
        let id = ground.tailer.snapshot().first { $0.path == ground.path("a.log") }?.id
        ground.sources.removeLast()
        replace()
        ground.append("a.log", "two\n")
        ground.append("b.log", "two\n")
        ground.drain()
        #expect(ground.texts("b.log") == ["one"])
        #expect(ground.tailer.snapshot().map(\.id) == [id])
        ground.sources = all
        ground.sources[1].include.append(pattern("\(ground.directory)/c*.log"))
        ground.append("c.log", "new\n")
        replace()
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        #expect(ground.texts("b.log") == ["one", "two"])
        #expect(ground.texts("c.log") == ["new"])
        #expect(ground.retired.isEmpty)
    }

    @Test(arguments: [false, true])
    func `a file that was let go of with lines on their way keeps what is acknowledged`(acknowledges: Bool) {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\n")
        ground.drain(acknowledging: false)
        let id = ground.order[0].id
        ground.sources[0].exclude = [pattern("a.log")]
        replace()
        ground.drain(acknowledging: false)
        #expect(ground.tailer.snapshot().isEmpty)
        if acknowledges { ground.tailer.acknowledge(id, upTo: 8) }
        ground.store()
        #expect(ground.saved[id]?.position == (acknowledges ? 8 : 0))
        ground.sources[0].exclude = []
        ground.append("a.log", "three\n")
        replace()
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "three"])
    }

    @Test func `a new source begins as it says, a known one as it is`() {
        ground.source("a.log", start: .end)
        ground.append("a.log", "old\n")
        ground.append("b.log", "old\n")
        ground.drain()
        ground.source("b.log", start: .end)
        replace()
        ground.drain()
        ground.append("a.log", "new\n")
        ground.append("b.log", "new\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["new"])
        #expect(ground.texts("b.log") == ["new"])
    }

    @Test(arguments: [
        (SeekTarget.beginning, ["one", "two", "three", "one", "two", "three"]),
        (.end, ["one", "two", "three"]), (.offset(4), ["one", "two", "three", "two", "three"]),
        (.offset(6), ["one", "two", "three", "two", "three"]),
        (.offset(0), ["one", "two", "three", "one", "two", "three"]),
    ])
    func `a file is read from elsewhere, under a new id, also after a restart`(target: SeekTarget, texts: [String])
        throws
    {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\nthree\n")
        ground.drain(acknowledging: target != .end)
        let old = ground.order[0].id
        let sought = try ground.tailer.seek(ground.path("a.log"), to: target)
        #expect(sought.count == 1 && sought[0].from == 14)
        // What was on its way stays so; then the agent is killed before a line more is read.
        ground.store()
        ground.restart()
        ground.drain()
        ground.append("a.log", "four\n")
        ground.drain()
        #expect(ground.texts("a.log") == texts + ["four"])
        #expect(ground.order.last?.id != old)
        #expect(ground.tailer.counters.bytesTruncatedUnread == 0)
    }

    @Test func `a kill right behind a seek does not undo it, though more is known of the earlier life`() throws {
        ground.source("*.log")
        ground.append("a.log", "one\ntwo\nthree\n")
        ground.drain(acknowledging: false)
        ground.tailer.acknowledge(ground.order[0].id, upTo: 8)
        _ = try ground.tailer.seek(ground.path("a.log"), to: .beginning)
        ground.store()
        #expect(ground.saved.count == 2)
        ground.restart()
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two", "three", "one", "two", "three"])
    }

    @Test func `what cannot be sought is told, and changes nothing`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        #expect(throws: SeekError.self) { try ground.tailer.seek(ground.path("b.log"), to: .beginning) }
        #expect(throws: SeekError.self) { try ground.tailer.seek(ground.path("a.log"), to: .offset(5)) }
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
    }
}
