import FileAccess
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct SimulatedFileSystemTests {
    private let files = SimulatedFileSystem()

    private func write(_ text: String, to path: FilePath, at position: Int64 = 0, synced: Bool) throws {
        let file = try files.open(path, .create)
        let bytes = Array(text.utf8)
        try file.write(bytes.rawBytes, at: position)
        if synced { try file.synchronizeData() }
    }

    private func text(_ path: FilePath) throws -> String {
        String(decoding: try files.readWhole(path), as: UTF8.self)
    }

    @Test func `a kill loses nothing that was written and everything that was open`() throws {
        try files.createDirectories("/a/b")
        let file = try files.open("/a/b/x", .create)
        let bytes = Array("hello".utf8)
        try file.write(bytes.rawBytes, at: 0)
        files.restart(after: .kill)
        #expect(try text("/a/b/x") == "hello")
        #expect(throws: FileError.self) { try file.synchronizeData() }
    }

    @Test func `after a power failure what was synced is there and the rest is one of many`() throws {
        var lengths: Set<Int> = []
        for seed in 0..<200 as Range<UInt64> {
            let files = SimulatedFileSystem()
            try files.createDirectories("/d")
            try files.synchronizeDirectory("/")
            let file = try files.open("/d/x", .create)
            try files.synchronizeDirectory("/d")
            let first = [UInt8](repeating: 1, count: 1000)
            try file.write(first.rawBytes, at: 0)
            try file.synchronizeData()
            let second = [UInt8](repeating: 2, count: 2000)
            try file.write(second.rawBytes, at: 1000)
            files.restart(after: .powerLoss, seed: seed)
            let found = try files.readWhole("/d/x")
            #expect(Array(found.prefix(1000)) == first)
            #expect(found.dropFirst(1000).allSatisfy { $0 == 2 || $0 == 0 })
            lengths.insert(found.count)
            let again = SimulatedFileSystem()
            _ = again
        }
        #expect(lengths.contains(1000) && lengths.contains(3000) && lengths.count > 20)
    }

    @Test func `a later sector can be there when an earlier one is not`() throws {
        var reordered = 0
        for seed in 0..<100 as Range<UInt64> {
            let files = SimulatedFileSystem()
            let file = try files.open("/x", .create)
            try files.synchronizeDirectory("/")
            let bytes = [UInt8](repeating: 7, count: 2048)
            try file.write(bytes.rawBytes, at: 0)
            files.restart(after: .powerLoss, seed: seed)
            let found = try files.readWhole("/x")
            if found.count == 2048, found.contains(0), found[2047] == 7 { reordered += 1 }
        }
        #expect(reordered > 5)
    }

    @Test func `names are durable only once their directory is synced`() throws {
        var outcomes: Set<[String]> = []
        for seed in 0..<100 as Range<UInt64> {
            let files = SimulatedFileSystem()
            _ = try files.open("/kept", .create)
            try files.synchronizeDirectory("/")
            try files.rename("/kept", to: "/renamed")
            _ = try files.open("/new", .create)
            files.restart(after: .powerLoss, seed: seed)
            let names = try files.list("/").map(\.name.string).sorted()
            #expect(names.contains("kept") != names.contains("renamed"))
            outcomes.insert(names)
        }
        #expect(outcomes.count == 4)
    }

    @Test func `the same seed gives the same state`() throws {
        var states: Set<[UInt8]> = []
        for _ in 0..<5 {
            let files = SimulatedFileSystem()
            for name in ["/a", "/b", "/c"] as [FilePath] {
                let file = try files.open(name, .create)
                try files.synchronizeDirectory("/")
                let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
                try file.write(bytes.rawBytes, at: 0)
            }
            files.restart(after: .powerLoss, seed: 42)
            states.insert(try ["/a", "/b", "/c"].flatMap { (path: FilePath) in try files.readWhole(path) + [0xff] })
        }
        #expect(states.count == 1)
    }

    @Test func `it stops at the operation it was told, before or midway, and nothing works until a restart`() throws {
        for midway in [false, true] {
            let files = SimulatedFileSystem()
            files.stop(atOperation: 2, midway: midway, seed: 3)
            _ = try files.open("/a", .create)
            #expect(throws: FileError.self) { try files.open("/b", .create) }
            #expect(files.hasStopped)
            #expect(throws: FileError.self) { try files.list("/") }
            files.restart(after: .kill)
            #expect(try files.list("/").count == (midway ? 2 : 1))
            #expect(files.operationCount == 2)
        }
    }

    @Test func `after a failed sync a later success does not save what the first one lost`() throws {
        let file = try files.open("/x", .create)
        try files.synchronizeDirectory("/")
        files.fail(.error(.ioError)) { $0.kind == .synchronize }
        let bytes = Array("lost".utf8)
        try file.write(bytes.rawBytes, at: 0)
        #expect(throws: FileError.self) { try file.synchronizeData() }
        try file.synchronizeData()
        #expect(try text("/x") == "lost")
        for seed in 0..<20 as Range<UInt64> {
            files.restart(after: .powerLoss, seed: seed)
            #expect(try text("/x") == "")
        }
    }

    @Test func `a full disk takes what fits, and takes more once there is room`() throws {
        files.capacity = 6
        #expect(throws: FileError.self) { try write("0123456789", to: "/x", synced: true) }
        #expect(try text("/x") == "012345")
        files.capacity = 100
        try write("0123456789", to: "/x", synced: true)
        #expect(try text("/x") == "0123456789")
        #expect(try files.space(at: "/x").available == 90)
    }

    @Test func `a short write leaves its part and the error`() throws {
        files.fail(.partialWrite(bytes: 3, then: .noSpace)) { $0.kind == .write }
        #expect(throws: FileError.self) { try write("abcdef", to: "/x", synced: false) }
        #expect(try text("/x") == "abc")
    }

    @Test func `paths, links, locks and errors are those of a file system`() throws {
        try files.createDirectories("/var/log")
        try write("one", to: "/var/log/a", synced: true)
        try files.createSymbolicLink("/logs", to: "/var/log")
        #expect(try text("/logs/a") == "one")
        #expect(try files.resolve("/logs/a") == "/var/log/a")
        #expect(try files.status(of: "/logs", followingLinks: false).kind == .symbolicLink)
        #expect(try files.status(of: "/logs", followingLinks: true).kind == .directory)
        #expect(throws: FileError.self) { try files.open("/missing/a", .create) }
        #expect(throws: FileError.self) { try files.removeDirectory("/var/log") }
        let number = try files.status(of: "/var/log/a", followingLinks: true).number
        let holder = try files.open("/var/log/a", .update)
        let other = try files.open("/var/log/a", .update)
        #expect(try holder.tryLock())
        #expect(try !other.tryLock())
        try files.rename("/var/log/a", to: "/var/b")
        #expect(try files.status(of: "/var/b", followingLinks: true).number == number)
        try files.remove("/var/b")
        #expect(try holder.read(3, at: 0) == Array("one".utf8))
        #expect(try holder.status().links == 0)
    }

    @Test func `holes are told from data`() throws {
        let file = try files.open("/x", .create)
        let bytes: [UInt8] = [1]
        try file.write(bytes.rawBytes, at: 100_000)
        #expect(try file.nextData(from: 0) == 98304)
        #expect(try file.nextData(from: 100_000) == 100_000)
        #expect(try file.nextData(from: 100_001) == nil)
        #expect(try file.status().allocated == 4096)
    }
}
