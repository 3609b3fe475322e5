import FileTailing
import SystemPackage
import Testing

/// Files of UTF-16, as Windows programs and some databases write them.
@Suite struct EncodingTests {
    let ground = Playground()

    private func encoded(_ text: String, big: Bool = false) -> [UInt8] {
        text.utf16.flatMap { big ? [UInt8($0 >> 8), UInt8($0 & 0xff)] : [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    private func append(_ text: String, big: Bool = false, mark: Bool = false) {
        ground.append(ground.path("a.log"), (mark ? encoded("\u{feff}", big: big) : []) + encoded(text, big: big))
    }

    /// Newlines whose bytes stand astride units, characters of all lengths.
    private let lines = ["one", "Ċ਀\u{0a0a}\u{0d0a}", "größe €", "😀 face 𝄞", "", "last"]

    @Test(arguments: [false, true], [1, 7, 8192])
    func `lines of UTF-16 come as UTF-8 where a mark or the setting tells`(big: Bool, limit: Int) {
        ground.limits.readBufferBytes = 8192
        ground.source("*.log")
        append("", big: big, mark: true)
        for line in lines { append(line + "\n", big: big) }
        ground.drain(limit: limit)
        #expect(ground.texts("a.log") == lines)
        ground.restart()
        append("after\nthe restart\n", big: big)
        ground.drain(limit: limit)
        #expect(ground.texts("a.log") == lines + ["after", "the restart"])
        #expect(ground.lines[ground.path("a.log")]?[1].info.start == 10)
        #expect(ground.tailer.counters.invalidSequences == 0)
        ground.checkCounts()
    }

    @Test(arguments: [false, true])
    func `the setting counts without a mark, and a mark against the setting`(hasMark: Bool) {
        ground.source("*.log")
        ground.sources[0].encoding = .utf16BigEndian
        append("text\n", big: !hasMark, mark: hasMark)
        ground.drain()
        #expect(ground.texts("a.log") == ["text"])
    }

    @Test func `without a mark or a setting bytes are bytes`() {
        ground.source("*.log")
        ground.append(ground.path("a.log"), [0xff, 0xfe, 0, 0, 0x41, 0x0a])
        ground.append(ground.path("b.log"), [0xfe, 0x41, 0x0a])
        ground.drain()
        #expect(ground.lines[ground.path("a.log")]?.first?.info.end == 6)
        #expect(ground.lines[ground.path("b.log")]?.first?.info.end == 3)
    }

    @Test func `half a mark waits for the other half, and a start at the end knows the mark`() {
        ground.source("*.log")
        ground.append(ground.path("a.log"), [0xff])
        ground.drain()
        ground.append(ground.path("a.log"), [0xfe] + encoded("one\n"))
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
        let other = Playground()
        other.source("*.log", start: .end)
        other.append(other.path("a.log"), [0xff, 0xfe] + encoded("old\nha"))
        other.drain()
        other.append(other.path("a.log"), encoded("lf\nnew\n"))
        other.drain()
        #expect(other.texts("a.log") == ["half", "new"])
    }

    @Test func `what is no UTF-16 is replaced and counted, and stops nothing`() {
        ground.source("*.log")
        append("a", mark: true)
        ground.append(ground.path("a.log"), [0x00, 0xd8] + encoded("b\n") + [0x00, 0xdc] + encoded("\nend") + [0x41])
        ground.drain()
        ground.delete("a.log")
        ground.drain()
        ground.clock.advance(20)
        ground.drain()
        #expect(ground.texts("a.log") == ["a\u{fffd}b", "\u{fffd}", "end\u{fffd}"])
        #expect(ground.tailer.counters.invalidSequences == 3)
        ground.checkCounts()
    }

    @Test(arguments: [4096, 30_000])
    func `a long line is cut between characters into pieces no longer than the limit`(limit: Int) {
        ground.limits.readBufferBytes = 8192
        ground.source("*.log", maximum: 1000)
        let long = String(repeating: "😀€a", count: 5000)
        append("x" + long + "\nshort\n", mark: true)
        ground.drain(limit: limit)
        let texts = ground.texts("a.log")
        #expect(texts.dropLast().joined() == "x" + long)
        #expect(texts.last == "short")
        #expect(texts.allSatisfy { $0.utf8.count <= 1000 && !$0.unicodeScalars.contains("\u{fffd}") })
        let parts = ground.lines[ground.path("a.log")]?.map(\.info.part) ?? []
        #expect(parts[1] == .middleFragment(1))
        #expect(parts[parts.count - 2] == .lastFragment(parts.count - 2))
        ground.checkCounts()
    }

    @Test func `NULs that a truncation left before UTF-16 are skipped whole`() {
        ground.source("*.log")
        append("old\n", big: true, mark: true)
        ground.drain()
        ground.append(ground.path("a.log"), [UInt8](repeating: 0, count: 300) + encoded("new\n", big: true))
        ground.drain()
        #expect(ground.texts("a.log") == ["old", "new"])
        #expect(ground.tailer.counters.nulBytesSkipped == 300)
        ground.checkCounts()
    }
}
