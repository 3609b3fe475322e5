import FileAccess
import FileTailing
import Primitives
import SystemPackage
import Testing

@Suite struct BoundsTests {
    let ground = Playground()

    @Test func `descriptors stay within the bound while many files are written to`() {
        ground.limits.openFiles = 4
        ground.source("*.log")
        for round in 0..<3 {
            for name in 0..<40 { ground.append("\(name).log", "round \(round)\n") }
            ground.drain()
            #expect(ground.tailer.state.openFiles <= 4)
        }
        #expect(ground.lines.count == 40)
        #expect(ground.lines.values.allSatisfy { $0.map(\.text) == ["round 0", "round 1", "round 2"] })
    }

    @Test func `no new file is begun while too many rotated ones wait, and none is forgotten`() {
        ground.limits.pinnedFiles = 2
        ground.source("*.log")
        for name in 0..<3 { ground.append("\(name).log", "old\n") }
        ground.drain(acknowledging: false)
        for name in 0..<3 {
            ground.move("\(name).log", "\(name).log.1")
            ground.append("\(name).log", "new\n")
        }
        ground.drain(acknowledging: false)
        #expect(ground.tailer.state.pinnedFiles >= 2)
        #expect(ground.tailer.state.filesWaiting > 0)
        ground.drain()
        ground.clock.advance(2)
        ground.drain()
        ground.drain()
        #expect(ground.lines.values.allSatisfy { $0.map(\.text) == ["old", "new"] })
        #expect(ground.lines.count == 3)
        #expect(ground.tailer.state.filesWaiting == 0)
    }

    @Test func `a firehose does not keep quiet files waiting`() {
        ground.source("*.log")
        ground.append("a.log", String(repeating: "0123456789\n", count: 100_000))
        ground.append("b.log", "quiet\n")
        ground.tailer.reconcile()
        for _ in 0..<2 {
            guard let id = ground.tailer.nextReadable() else { break }
            _ = ground.read(id, limit: 10_000)
        }
        #expect(ground.texts("b.log") == ["quiet"])
        #expect(ground.texts("a.log").count < 2000)
    }

    @Test func `quiet files wait for one turn of a firehose at the most`() {
        ground.source("*.log")
        ground.append("firehose.log", String(repeating: "0123456789\n", count: 200_000))
        ground.tailer.reconcile()
        for _ in 0..<3 { if let id = ground.tailer.nextReadable() { _ = ground.read(id, limit: 10_000) } }
        let before = ground.texts("firehose.log").count
        for name in 0..<50 { ground.append("\(name).log", "quiet\n") }
        ground.tailer.reconcile(everything: true)
        // A turn for each.
        for _ in 0..<51 { if let id = ground.tailer.nextReadable() { _ = ground.read(id, limit: 10_000) } }
        #expect((0..<50).allSatisfy { ground.texts("\($0).log") == ["quiet"] })
        #expect(ground.texts("firehose.log").count - before <= 1000)
    }

    @Test func `files share the descriptors that there are, and more are never open`() {
        ground.limits.fit(descriptors: 12)
        #expect(ground.limits.openFiles == 8 && ground.limits.pinnedFiles == 4)
        ground.source("*.log")
        for name in 0..<30 { ground.append("\(name).log", "one\n") }
        ground.drain(acknowledging: false)
        // All are rotated and then deleted while nothing is acknowledged.
        for name in 0..<30 { ground.move("\(name).log", "\(name).log.1") }
        ground.drain(acknowledging: false)
        #expect(ground.tailer.state.openFiles <= 12)
        for name in 0..<30 { ground.delete("\(name).log.1") }
        for name in 0..<30 { ground.append("\(name).log", "two\n") }
        ground.drain(acknowledging: false)
        #expect(ground.tailer.state.openFiles <= 12)
        for _ in 0..<8 {
            ground.acknowledge()
            ground.clock.advance(11)
            ground.drain()
            #expect(ground.tailer.state.openFiles <= 12)
        }
        #expect((0..<30).allSatisfy { ground.texts("\($0).log") == ["one", "two"] })
    }

    @Test func `everything is looked at the more rarely the more there is, and no more rarely with few files`() {
        let limits = TailLimits()
        #expect(limits.reconcileInterval(names: 5000) == limits.reconcileInterval)
        #expect(limits.reconcileInterval(names: 20_000) == .seconds(40))
    }

    @Test func `a checkpoint survives its encoding, and no other bytes are taken for one`() throws {
        let checkpoint = FileCheckpoint(
            id: TailedFileID(high: 1, low: .max), source: "näme", originalPath: "/a/b", path: "/a/b.1",
            number: FileNumber(device: 7, inode: 8), born: FileTime(seconds: -1, nanoseconds: 999_999_999),
            fingerprint: ContentHash(length: 1024, value: 3),
            contentGuard: ContentGuard(end: 300, hash: ContentHash(length: 256, value: 4)), position: 400,
            lineStart: 20, size: 5000, mayBeShortCopy: true, behindSince: Timestamp(milliseconds: 77))
        let bytes = checkpoint.encoded()
        let decoded = try FileCheckpoint(decoding: bytes.span.bytes)
        #expect(decoded == checkpoint)
        for length in 0..<bytes.count {
            let cut = Array(bytes[..<length])
            #expect(throws: CheckpointError.self) { try FileCheckpoint(decoding: cut.span.bytes) }
        }
        let longer = bytes + [0]
        #expect(throws: CheckpointError.self) { try FileCheckpoint(decoding: longer.span.bytes) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                // Refused or another checkpoint, but never a crash, and never the same.
                let other = try? FileCheckpoint(decoding: flipped.span.bytes)
                #expect(other != checkpoint)
            }
        }
    }
}
