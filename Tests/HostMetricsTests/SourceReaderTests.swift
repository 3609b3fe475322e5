import HostMetrics
import Testing

@Suite struct `A reader of the kernel's files` {
    @Test func `does not keep the memory that one long file took`() throws {
        let host = FixtureHost("server")
        let line = "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
        host.set("proc/net/tcp", to: String(repeating: line, count: 20_000))
        host.set("proc/loadavg", to: "0.00 0.01 0.05 1/100 4000\n")
        var reader = SourceReader(host.files, root: host.root)
        _ = try reader.read("proc/loadavg")
        let usual = reader.bytesHeld
        _ = try reader.read("proc/net/tcp")
        #expect(reader.bytesHeld > 1_000_000)
        _ = try reader.read("proc/loadavg")
        #expect(reader.bytesHeld <= usual * 4)
    }
}
