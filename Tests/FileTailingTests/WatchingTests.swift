import FileAccess
import FileTailing
import Glibc
import SystemPackage
import Testing

@Suite struct WatchingTests {
    let ground = Playground()

    /// Reads after events alone, waiting for them with a deadline.
    private func follow(until isDone: () -> Bool) {
        for _ in 0..<500 where !isDone() {
            ground.drain(everything: false)
            if isDone() { return }
            var waiting = pollfd(fd: ground.tailer.watchDescriptor, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, 10)
        }
        ground.drain(everything: false)
    }

    @Test func `inotify tells of growth, new files, new directories, rotation and moves`() throws {
        ground.watcher = try InotifyWatcher()
        ground.source("**/*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        follow { ground.texts("a.log").count == 2 }
        #expect(ground.texts("a.log") == ["one", "two"])

        ground.makeDirectory("x/y")
        ground.append("x/y/b.log", "one\n")
        follow { ground.texts("x/y/b.log").count == 1 }
        #expect(ground.texts("x/y/b.log") == ["one"])

        ground.move("a.log", "a.log.1")
        ground.append("a.log.1", "three\n")
        ground.append("a.log", "four\n")
        follow { ground.texts("a.log").count == 4 }
        #expect(ground.texts("a.log").sorted() == ["four", "one", "three", "two"])

        ground.move("x", "z")
        ground.append("z/y/b.log", "two\n")
        follow { ground.texts("x/y/b.log").count == 2 }
        #expect(ground.texts("x/y/b.log") == ["one", "two"])
        ground.append("z/y/b.log", "three\n")
        follow { ground.texts("x/y/b.log").count == 3 }
        #expect(ground.texts("x/y/b.log") == ["one", "two", "three"])
        #expect(ground.tailer.state.polledDirectories == 0)
    }

    @Test func `a change behind a symbolic link is told`() throws {
        ground.watcher = try InotifyWatcher()
        ground.makeDirectory("links")
        ground.makeDirectory("real")
        ground.append("real/0.log", "one\n")
        ground.link("links/a.log", to: "../real/0.log")
        ground.source("links/*.log")
        ground.drain()
        ground.append("real/0.log", "two\n")
        follow { ground.texts("links/a.log").count == 2 }
        ground.move("real/0.log", "real/0.log.1")
        ground.append("real/0.log", "three\n")
        ground.append("real/0.log.1", "late\n")
        follow { ground.texts("links/a.log").count == 4 }
        #expect(ground.texts("links/a.log").sorted() == ["late", "one", "three", "two"])
    }

    @Test func `after an overflow everything is looked at`() {
        let watcher = ToldWatcher()
        ground.watcher = watcher
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        ground.append("b.log", "one\n")
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one"])
        watcher.events = [.overflowed]
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one", "two"])
        #expect(ground.texts("b.log") == ["one"])
        #expect(ground.tailer.counters.watchOverflows == 1)
    }

    @Test func `growth that no event told is found by the slow look around`() {
        ground.watcher = ToldWatcher()
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        ground.clock.advance(5)
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one"])
        ground.clock.advance(6)
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one", "two"])
    }

    @Test func `a directory that cannot be watched is polled, reported once, and watched when it can be`() {
        let watcher = ToldWatcher()
        watcher.failure = .noSpace
        ground.watcher = watcher
        ground.source("*.log")
        ground.append("a.log", "one\n")
        ground.drain()
        ground.append("a.log", "two\n")
        #expect(ground.tailer.timeToReconcile <= .seconds(1))
        ground.clock.advance(2)
        ground.drain(everything: false)
        #expect(ground.texts("a.log") == ["one", "two"])
        #expect(ground.tailer.state.polledDirectories == 1)
        #expect(ground.tailer.takeProblems().count == 1)
        watcher.failure = nil
        ground.drain()
        #expect(ground.tailer.state.polledDirectories == 0)
    }

    @Test func `idle files are not touched while events come`() {
        let system = FaultyFileSystem()
        let watcher = ToldWatcher()
        ground.fileSystem = system
        ground.watcher = watcher
        ground.source("*.log")
        for name in 0..<300 { ground.append("\(name).log", "one\n") }
        ground.drain()
        ground.clock.advance(60)
        ground.drain()
        system.resetCalls()
        watcher.events = [.modified(watcher.number(of: ground.directory), "7.log")]
        ground.append("7.log", "two\n")
        ground.drain(everything: false)
        #expect(ground.texts("7.log") == ["one", "two"])
        #expect(system.calls("status") + system.calls("open") + system.calls("list") <= 2)
        #expect(system.calls("read") <= 2)
    }
}
