import FileAccess
import FileTailing
import Glibc
import Primitives
import SystemPackage
import Testing

@Suite struct DiscoveryTests {
    let ground = Playground()

    private var names: Set<String> {
        Set(ground.tailer.snapshot().map { String("\($0.path)".dropFirst("\(ground.directory)/".count)) })
    }

    @Test func `globs find files at any depth, and excludes leave some out`() {
        for directory in ["x/y/z", ".hidden", "w"] { ground.makeDirectory(directory) }
        for name in [
            "a.log", "x/a.log", "x/y/b.log", "x/y/z/c.log", ".hidden/d.log", "x/.e.log", "w/skip.log", "x/y/f.txt",
            "x/old.log.gz", "g.log.zst",
        ] { ground.append(name, "line\n") }
        ground.source("**/*.log*", exclude: ["skip.*", "y/z/**"])
        ground.drain()
        #expect(names == ["a.log", "x/a.log", "x/y/b.log"])
        ground.makeDirectory("new/deep")
        ground.append("new/deep/h.log", "line\n")
        ground.drain()
        #expect(ground.texts("new/deep/h.log") == ["line"])
    }

    @Test(arguments: [
        ("/a/*.log", "/a/x.log", true), ("/a/*.log", "/a/b/x.log", false), ("/a/**/*.log", "/a/x.log", true),
        ("/a/**/*.log", "/a/b/c/x.log", true), ("/a/**/c/*.log", "/a/b/c/c/x.log", true),
        ("/a/**/c/*.log", "/a/b/d/x.log", false), ("/a/**", "/a/b/c", true), ("/a/?.log", "/a/ä.log", true),
        ("/a/??.log", "/a/ä.log", false), ("/a/[a-c]x", "/a/bx", true), ("/a/[!a-c]x", "/a/bx", false),
        ("/a/[]]x", "/a/]x", true), ("/a/\\*", "/a/*", true), ("/a/\\*", "/a/b", false), ("/a/*", "/a/.b", false),
        ("/a/.*", "/a/.b", true), ("/a/*a*b*c", "/a/xaxbxbxc", true), ("/a/*a*b*c", "/a/xaxcxb", false),
        ("*.gz", "/a/b/.c.gz", true), ("b/*.gz", "/a/b/c.gz", true), ("b/*.gz", "/b/a/c.gz", false),
        ("/a/b", "/a/b", true), ("/a/b", "/a/b/c", false), ("/a/**/b", "/a/.x/b", false),
    ])
    func `a pattern matches as in a shell`(text: String, path: String, expected: Bool) {
        #expect(pattern(text).matches(FilePath(path)) == expected)
    }

    @Test(arguments: ["", "/", "/a/[b", "/a/../b", "/a/[z-a]", "/a/b\\"])
    func `a pattern that cannot be understood is refused with a reason`(text: String) {
        #expect(throws: GlobError.self) { try GlobPattern(text) }
    }

    @Test func `what is no file is not read, and a FIFO stops nothing`() {
        mkfifo(ground.path("pipe.log").string, 0o644)
        ground.makeDirectory("directory.log")
        ground.append("a.log", "one\n")
        ground.source("*.log")
        ground.drain()
        #expect(names == ["a.log"])
        #expect(ground.texts("a.log") == ["one"])
    }

    @Test func `a file that cannot be opened is reported once and read later`() {
        let system = FaultyFileSystem()
        ground.fileSystem = system
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.append("b.log", "one\n")
        system.fail(ground.path("a.log"), .permissionDenied)
        for _ in 0..<5 { ground.drain() }
        #expect(ground.tailer.takeProblems().map(\.path) == [ground.path("a.log")])
        #expect(ground.texts("b.log") == ["one"])
        #expect(ground.tailer.snapshot().first { $0.path == ground.path("a.log") }?.problem != nil)
        system.fail(ground.path("a.log"), nil)
        ground.clock.advance(2)
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one"])
    }

    @Test func `a read error of one file does not stop others, nor itself for ever`() {
        let system = FaultyFileSystem()
        ground.fileSystem = system
        ground.source("*.log")
        for name in ["a.log", "b.log"] { ground.append(name, "one\n") }
        ground.drain()
        for name in ["a.log", "b.log"] { ground.append(name, "two\n") }
        system.fail(ground.path("a.log"), .ioError)
        ground.drain()
        #expect(ground.texts("b.log") == ["one", "two"])
        #expect(ground.texts("a.log") == ["one"])
        system.fail(ground.path("a.log"), nil)
        ground.drain()
        #expect(ground.texts("a.log") == ["one", "two"])
        #expect(ground.tailer.counters.errors == 1)
    }

    @Test func `without descriptors left reading waits and nothing is lost`() {
        let system = FaultyFileSystem()
        ground.fileSystem = system
        ground.source("*.log")
        for name in 0..<20 { ground.append("\(name).log", "one\n") }
        system.fail("*", .tooManyOpenFiles)
        ground.drain()
        #expect(ground.lines.isEmpty)
        system.fail("*", nil)
        ground.clock.advance(2)
        ground.drain(everything: false)
        #expect(ground.lines.count == 20)
    }

    @Test func `start at the end counts for what is there at the very first start only`() {
        ground.source("*.log", start: .end)
        ground.append("a.log", "old\nhalf")
        ground.append("b.log", "")
        ground.drain()
        #expect(ground.lines.isEmpty)
        ground.append("a.log", " line\nnew\n")
        ground.append("c.log", "all\n")
        ground.drain()
        #expect(ground.texts("a.log") == ["half line", "new"])
        #expect(ground.texts("c.log") == ["all"])
        ground.restart()
        ground.append("a.log", "newer\n")
        ground.append("d.log", "all\n")
        ground.drain()
        #expect(ground.texts("a.log").last == "newer")
        #expect(ground.texts("d.log") == ["all"])
    }

    @Test func `old files are left alone until they are written to`() {
        ground.source("*.log", ignoreOlder: .seconds(3600))
        ground.append("a.log", "old\n")
        ground.clock.advance(7200)
        ground.drain()
        #expect(ground.tailer.state.files == 0)
        let now = timeval(tv_sec: Int(ground.clock.now().milliseconds / 1000), tv_usec: 0)
        let times = [now, now]
        ground.append("a.log", "new\n")
        utimes(ground.path("a.log").string, times)
        ground.drain()
        #expect(ground.texts("a.log") == ["old", "new"])
    }

    @Test func `symbolic links are followed to the file, and over to the next when they are changed`() {
        ground.makeDirectory("real")
        ground.append("real/0.log", "one\n")
        ground.link("middle", to: "real/0.log")
        ground.link("a.log", to: "middle")
        ground.link("broken.log", to: "nowhere")
        ground.link("circle.log", to: "circle.log")
        ground.source("*.log")
        ground.drain()
        #expect(ground.texts("a.log") == ["one"])
        ground.append("real/0.log", "two\n")
        ground.move("real/0.log", "real/0.log.1")
        ground.append("real/0.log", "three\n")
        ground.append("real/0.log.1", "late\n")
        ground.drain()
        #expect(ground.texts("a.log").sorted() == ["late", "one", "three", "two"])
        #expect(ground.tailer.counters.errors == 0)
    }

    @Test func `a file with several names is one file`() {
        ground.source("*.log")
        ground.append("a.log", "one\n")
        precondition(Glibc.link(ground.path("a.log").string, ground.path("b.log").string) == 0)
        ground.link("c.log", to: "a.log")
        for _ in 0..<3 { ground.drain() }
        #expect(ground.lines.values.map(\.count) == [1])
    }

    @Test func `names that are no UTF-8 are followed`() {
        ground.source("*.log")
        let name: [CChar] = [CChar(bitPattern: 0xff), 46, 108, 111, 103, 0]
        let path = ground.directory.appending(FilePath.Component(platformString: name)!)
        ground.append(path, Array("one\n".utf8))
        ground.drain()
        #expect(ground.lines[path]?.map(\.text) == ["one"])
        ground.restart()
        ground.append(path, Array("two\n".utf8))
        ground.drain()
        #expect(ground.lines[path]?.map(\.text) == ["one", "two"])
    }

    @Test func `a directory that appears later is found`() {
        ground.source("later/*.log")
        ground.drain()
        ground.makeDirectory("later")
        ground.append("later/a.log", "one\n")
        ground.drain()
        #expect(ground.texts("later/a.log") == ["one"])
    }
}
