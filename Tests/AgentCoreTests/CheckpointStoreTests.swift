import FileAccess
import FileTailing
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

@Suite(.timeLimit(.minutes(1)))
struct CheckpointStoreTests {
    private let system = PosixFileSystem()

    private func checkpoint(_ number: UInt64, position: Int64 = 5, source: String = "s") -> FileCheckpoint {
        FileCheckpoint(
            id: TailedFileID(high: number, low: ~number), source: source,
            originalPath: FilePath("/var/log/\(number).log"),
            path: FilePath("/var/log/\(number).log"), number: FileNumber(device: 1, inode: number), born: nil,
            fingerprint: .empty, contentGuard: ContentGuard(end: 0, hash: .empty), position: position, lineStart: nil,
            size: 100)
    }

    private func open(_ directory: FilePath) throws -> CheckpointStore {
        try CheckpointStore(in: directory, fileSystem: system)
    }

    /// What a store holds, to compare.
    private struct State: Equatable {
        var files: [TailedFileID: FileCheckpoint]
        var placements: [TailedFileID: CheckpointStore.Placement]
        var sources: Set<String>

        init(_ store: CheckpointStore) {
            files = store.files
            placements = store.placements
            sources = store.sources
        }
    }

    /// The states after each of some commits, and the file's size then.
    private func filled(_ directory: FilePath) throws -> [(size: Int64, state: State)] {
        let store = try open(directory)
        let path = directory.appending("checkpoints")
        var states = [(Int64(0), State(store))]
        func commit() throws {
            try store.commit()
            states.append((try system.status(of: path, followingLinks: true).size, State(store)))
        }
        store.start(source: "s")
        try commit()
        for number in 1...4 {
            store.put(checkpoint(UInt64(number)))
            try commit()
            store.place(checkpoint(UInt64(number)).id, .init(topic: "t", partition: Int32(number)))
            try commit()
        }
        store.put(checkpoint(2, position: 77))
        try commit()
        store.retire(checkpoint(3).id)
        try commit()
        return states
    }

    @Test func `what was committed is there again, and what was not is not`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let last = try #require(try filled(directory).last).state
        #expect(last.files.count == 3)
        #expect(last.placements[checkpoint(4).id] == .init(topic: "t", partition: 4))
        do {
            let store = try open(directory)
            #expect(State(store) == last)
            #expect(store.cutBytes == 0)
            store.put(checkpoint(9))
            store.start(source: "other")
        }
        #expect(State(try open(directory)) == last)
    }

    @Test func `a file cut at any length holds what was committed up to there, and takes more`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let states = try filled(directory)
        let bytes = try system.readWhole(directory.appending("checkpoints"))
        for length in 0...bytes.count {
            let copy = temporaryDirectory(inMemory: true)
            defer { removeTree(copy) }
            try system.createDirectories(copy)
            try system.replace(copy.appending("checkpoints"), with: Array(bytes[..<length]).rawBytes)
            let expected = try #require(states.last { $0.size <= length })
            do {
                let store = try open(copy)
                #expect(State(store) == expected.state)
                #expect(store.cutBytes == Int64(length) - expected.size)
                store.put(checkpoint(50))
                try store.commit()
            }
            let again = try open(copy)
            #expect(again.files[checkpoint(50).id] != nil)
            #expect(again.cutBytes == 0)
        }
    }

    @Test func `a flipped bit is found, and what was committed before it stays`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let states = try filled(directory)
        let bytes = try system.readWhole(directory.appending("checkpoints"))
        let copy = temporaryDirectory(inMemory: true)
        defer { removeTree(copy) }
        try system.createDirectories(copy)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            // Not synced: that is not what is looked at here, and there are thousands.
            try system.open(copy.appending("checkpoints"), .replace).write(damaged.rawBytes, at: 0)
            let store = try open(copy)
            let expected = try #require(states.last { $0.size <= bit / 8 })
            #expect(State(store) == expected.state)
            #expect(store.cutBytes == Int64(bytes.count) - expected.size)
        }
    }

    @Test func `zeros behind the end, as after a loss of power, are cut`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let last = try #require(try filled(directory).last)
        let path = directory.appending("checkpoints")
        try system.replace(path, with: (try system.readWhole(path) + [UInt8](repeating: 0, count: 5000)).rawBytes)
        let store = try open(directory)
        #expect(State(store) == last.state)
        #expect(store.cutBytes == 5000)
    }

    @Test func `the file stays small over many commits and starts`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        var largest: Int64 = 0
        for start in 0..<4 {
            let store = try open(directory)
            for number in 1...100 {
                store.put(checkpoint(UInt64(number)))
                store.place(checkpoint(UInt64(number)).id, .init(topic: "t", partition: 1))
            }
            for round in 0..<80 {
                for number in 1...100 { store.put(checkpoint(UInt64(number), position: Int64(start * 1000 + round))) }
                try store.commit()
            }
            largest = max(
                largest, try system.status(of: directory.appending("checkpoints"), followingLinks: true).size)
            // It was written anew, and holds what it should all the same.
            #expect(store.files.values.allSatisfy { $0.position == Int64(start * 1000 + 79) })
        }
        #expect(largest <= 1 << 20)
        let store = try open(directory)
        #expect(store.files.values.map(\.position) == Array(repeating: 3079, count: 100))
        #expect(store.placements.count == 100)
    }

    @Test func `one agent has the directory, and files of a newer program are refused with their place`() throws {
        let directory = temporaryDirectory(inMemory: true)
        defer { removeTree(directory) }
        let store = try open(directory)
        #expect(throws: AgentError.self) { try open(directory) }
        _ = store
        let other = temporaryDirectory(inMemory: true)
        defer { removeTree(other) }
        try system.createDirectories(other)
        var entry: [UInt8] = []
        entry.appendBigEndian(Int32(2))
        entry.appendBigEndian(CRC32C.of(([9, 1] as [UInt8]).rawBytes))
        try system.replace(other.appending("checkpoints"), with: (entry + [9, 1]).rawBytes)
        let error = #expect(throws: AgentError.self) { try open(other) }
        #expect(error.map { "\($0)" }?.contains("byte 0") == true)
    }
}
