import CommitLog
import FileAccess
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct FailureTests {
    @Test func `a failed fdatasync is final for the partition while reads go on`() throws {
        let files = SimulatedFileSystem()
        let harness = LogHarness(files)
        let log = try harness.open()
        try log.store(["kept"])
        files.fail(.error(.ioError)) { $0.kind == .synchronize }
        try log.append(try batch(["lost"]))
        #expect(throws: LogError.self) { try log.synchronize() }
        #expect(log.isOffline)
        // The disk says yes again, and that proves nothing.
        #expect(throws: LogError.self) { try log.synchronize() }
        #expect(throws: LogError.self) { try log.append(try batch(["next"])) }
        try log.close()
        #expect(try log.reader.values == ["kept"])
        files.restart(after: .powerLoss, seed: 1)
        let again = try harness.open()
        #expect(try again.reader.values == ["kept"])
        try again.store(["more"])
        #expect(try again.reader.values == ["kept", "more"])
    }

    @Test func `a full disk refuses appends, loses nothing, and heals`() throws {
        let files = SimulatedFileSystem()
        let harness = LogHarness(files, segmentBytes: 900)
        let log = try harness.open()
        var stored: [String] = []
        files.capacity = 2500
        var refused = 0
        for number in 0..<60 {
            if number == 40 { files.capacity = 1 << 30 }
            let sealed = try batch(["line \(number)"], from: BatchSource(id: 1, sequence: Int32(stored.count)))
            do throws(LogError) {
                try log.append(sealed)
                try log.synchronize()
                stored.append("line \(number)")
            } catch {
                #expect(error.isOutOfSpace, "\(error)")
                refused += 1
            }
            #expect(try log.reader.values == stored)
        }
        #expect(refused > 5 && stored.count > 30)
        #expect(!log.isOffline)
        #expect(try harness.open().reader.values == stored)
    }

    @Test func `every write, name or sync that fails once leaves what was stored, and a log that opens`() throws {
        for kind in [Errno.ioError, .noSpace] {
            var number = 1
            while true {
                let files = SimulatedFileSystem()
                let harness = LogHarness(files, segmentBytes: 400)
                var log = try harness.open()
                let first = files.operationCount
                let target = first + number
                files.fail(.error(kind)) { $0.number == target && $0.kind != .read }
                var stored: [String] = []
                for line in 0..<25 {
                    do {
                        try log.store(["line \(line)"])
                        stored.append("line \(line)")
                    } catch {
                        if log.isOffline {
                            // Unknown to us whether the last is there; what was acknowledged is.
                            log = try harness.open()
                            let found = try log.reader.values
                            #expect(Array(found.prefix(stored.count)) == stored)
                            stored = found
                        }
                    }
                }
                #expect(try log.reader.values == stored, "operation \(number)")
                files.restart(after: .powerLoss, seed: UInt64(number))
                #expect(try harness.open().reader.values == stored, "operation \(number)")
                if files.operationCount < target { break }
                number += 1
            }
            #expect(number > 60)
        }
    }

    @Test func `a roll that failed half way lets nothing into the old segment behind the new one's base`() throws {
        let files = SimulatedFileSystem()
        let harness = LogHarness(files, segmentBytes: 500)
        let log = try harness.open()
        var stored: [String] = []
        while log.reader.view.bytes + 150 < 500 {
            stored.append("line \(stored.count)")
            try log.store([stored[stored.count - 1]])
        }
        files.fail(.error(.noSpace)) { $0.kind == .create && $0.path.extension == "index" }
        #expect(throws: LogError.self) { try log.store([String(repeating: "x", count: 200)]) }
        // Small enough for the old segment.
        try log.store(["small"])
        stored.append("small")
        #expect(try log.reader.values == stored)
        #expect(try harness.open().reader.values == stored)
    }

    @Test func `index entries that cannot be written hold no record up`() throws {
        let files = SimulatedFileSystem()
        let harness = LogHarness(files)
        let log = try harness.open()
        files.fail(.error(.noSpace), times: 5) { $0.kind == .write && $0.path.extension == "index" }
        for number in 0..<20 { try log.store(["line \(number)"]) }
        #expect(log.indexWriteFailures == 5)
        #expect(try log.reader.values == (0..<20).map { "line \($0)" })
        try log.close()
        #expect(try harness.open().reader.all(from: 15).count == 5)
    }

    @Test func `a read that fails is an error of that read`() throws {
        let files = SimulatedFileSystem()
        let log = try LogHarness(files).open()
        try log.store(["a"])
        files.fail(.error(.ioError)) { $0.kind == .read }
        #expect(throws: LogError.self) { try log.reader.slice(from: .zero, maxBytes: 100) }
        #expect(try log.reader.values == ["a"])
        try log.store(["b"])
    }

    @Test func `publishing shows records early, and a loss of them raises the leader epoch`() throws {
        var raised = 0
        for seed in 0..<20 as Range<UInt64> {
            let files = SimulatedFileSystem()
            let harness = LogHarness(files)
            var log = try harness.open()
            try log.store(["durable"])
            try log.close()
            log = try harness.open()
            let before = log.leaderEpoch
            try log.append(try batch(["seen"]))
            try log.publish()
            #expect(try log.reader.values == ["durable", "seen"])
            #expect(log.hasUnsynchronized)
            files.restart(after: .powerLoss, seed: seed)
            log = try harness.open()
            let values = try log.reader.values
            #expect(values.first == "durable")
            if values.count == 1 {
                #expect(log.leaderEpoch > before)
                raised += 1
            }
        }
        #expect(raised > 0)
    }
}
