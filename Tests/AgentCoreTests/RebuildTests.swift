import FileAccess
import HostMetrics
import Primitives
import RecordBatches
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore

/// What was sent and not answered is built again after a restart, as it was.
@Suite(.timeLimit(.minutes(10)))
struct RebuildTests {
    private func setLineLimit(_ host: CrashTests.Host, _ bytes: Int) {
        host.change { configuration in
            var source = FileSource(name: "s", topic: "t", include: ["/simulated-logs/*.log"])
            source.maximumLineBytes = bytes
            configuration.sources = [.file(source)]
        }
    }

    @Test func `fragments of long lines are cut again as they were, whatever the setting is by now`() throws {
        let host = try CrashTests.Host()
        setLineLimit(host, 128)
        let text = (0..<40).map { "\($0) " + String(repeating: "abcdefghij", count: $0 * 3) + "\n" }.joined()
        let file = try host.disk.open("/simulated-logs/long.log", .create)
        let bytes = Array(text.utf8)
        try file.write(bytes.rawBytes, at: 0)
        host.live { _ in false }
        host.disk.restart(after: .kill)
        setLineLimit(host, 300)
        host.live()
        #expect(host.cluster.violations == [])
        #expect(host.cluster.lines(of: "t").joined() == text.filter { $0 != "\n" })
    }

    @Test func `a file that was overwritten meanwhile is not sent under the sequences of what it held`() throws {
        let host = try CrashTests.Host()
        try host.append(40, to: "a.log")
        host.live { _ in false }
        host.disk.restart(after: .kill)
        let file = try host.disk.open("/simulated-logs/a.log", .create)
        let other = Array((0..<60).map { "other \($0) \(String(repeating: "y", count: 30))\n" }.joined().utf8)
        try file.truncate(to: 0)
        try file.write(other.rawBytes, at: 0)
        host.live()
        #expect(host.cluster.violations == [])
        let lines = host.cluster.lines(of: "t").filter { $0.hasPrefix("other") }
        #expect(lines.count == 60)
        #expect(Set(lines).count == 60)
    }

    @Test func `a collector that is away costs no sample, over a restart too`() async throws {
        var source = HostMetricsSource(name: "host", topic: "m")
        source.stream.interval = .milliseconds(100)
        source.stream.host.collectors = [.cpu, .load]
        let fixture = try PipelineFixture([.hostMetrics(source)])
        let away = FakeShipper { _ in .hold }
        let first = fixture.start(away, once: false, topics: ["m": 1], patience: .zero)
        try await eventually("four samples are shipped") { away.sent.count == 4 }
        let spool = fixture.state.appending("spool/source-host")
        let system = PosixFileSystem()
        func bytes() throws -> Int64 {
            try system.list(spool).reduce(0) {
                $0 + (try system.status(of: spool.appending($1.name), followingLinks: true).size)
            }
        }
        let sizeOfFour = away.sent.reduce(0) { $0 + Int64($1.batch.byteCount) }
        try await eventually("more wait in the spool") { try bytes() > sizeOfFour * 3 }
        // No more than a few are in memory.
        #expect(away.sent.count == 4)
        first.stop()
        let read = try first.end().recordsRead
        let back = try fixture.runOnce(topics: ["m": 1])
        let lines = back.lines
        #expect(Int64(lines.count) > read)
        #expect(Array(lines.prefix(away.lines.count)) == away.lines)
        #expect(try fixture.runOnce(topics: ["m": 1]).lines.filter { lines.contains($0) }.isEmpty)
    }
}
