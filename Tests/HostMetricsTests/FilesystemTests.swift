import FileAccess
import Glibc
import HostMetrics
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Lets callers of `pass` through, except at paths that are closed, until they are opened again.
private final class Gate: Sendable {
    private let closed = Mutex<Set<FilePath>>([])
    private let waiting = Mutex(0)

    func close(_ path: FilePath) { closed.withLock { _ = $0.insert(path) } }
    func open() { closed.withLock { $0 = [] } }
    var waiters: Int { waiting.withLock { $0 } }

    func pass(_ path: FilePath) {
        guard closed.withLock({ $0.contains(path) }) else { return }
        waiting.withLock { $0 += 1 }
        // As a call stuck in the kernel: the thread stays where it is.
        while closed.withLock({ $0.contains(path) }) { usleep(500) }
        waiting.withLock { $0 -= 1 }
    }
}

private func mountpoint(_ path: String) -> MetricAttribute {
    MetricAttribute("system.filesystem.mountpoint", Array(path.utf8))
}

@Suite struct FilesystemTests {
    @Test func `pseudo and network file systems, bind mounts and excluded places are not asked`() {
        let asked = Mutex<Set<FilePath>>([])
        let host = FixtureHost("vm") { path in asked.withLock { _ = $0.insert(path) } }
        let result = host.sample(.filesystem)
        #expect(result.errors.isEmpty)
        let paths = asked.withLock { $0 }
        #expect(
            paths == [
                host.root, host.path("mnt/sandboxing/model_tools_env/v1/python"), host.path("mnt/with a blank\\"),
            ])
        #expect(result.value("system.filesystem.limit", mountpoint("/")) == Double(64 << 30))
        let state = MetricAttribute("system.filesystem.state", "reserved")
        #expect(result.value("system.filesystem.usage", mountpoint("/"), state) == Double(4 << 30))
        let readOnly = MetricAttribute("system.filesystem.mode", "ro")
        #expect(result.points("system.filesystem.limit", [mountpoint("/mnt/with a blank\\"), readOnly]).count == 1)
    }

    @Test func `network file systems are asked where that is wanted`() {
        var host = FixtureHost("vm")
        host.configuration.filesystems.includesNetwork = true
        #expect(host.sample(.filesystem).points("system.filesystem.limit", [mountpoint("/mnt/nfs")]).count == 1)
    }

    @Test func `a file system that hangs costs one deadline, is skipped, and is told again when it answers`() throws {
        let gate = Gate()
        var host = FixtureHost("vm", beforeSpace: gate.pass)
        host.configuration.filesystems.deadline = .seconds(3)
        let hanging = host.path("mnt/with a blank\\")
        gate.close(hanging)
        defer { gate.open() }
        var sampler = host.sampler([.filesystem])
        let error = MetricSourceError(path: hanging, problem: .notAnswering)

        let first = sampler.sample()
        #expect(first.collectors[0].duration < .seconds(60))
        #expect(first.changes == [.failed(.filesystem, error)])
        #expect(first.points("system.filesystem.limit", [mountpoint("/")]).count == 1)
        #expect(first.points("system.filesystem.limit", [mountpoint("/mnt/with a blank\\")]).isEmpty)

        for _ in 0..<50 {
            let next = sampler.sample()
            #expect(next.changes == [] && next.errors == [error])
            #expect(next.points(named: "system.filesystem.limit").count == 2)
        }
        #expect(gate.waiters == 1)

        gate.open()
        let recovered = try firstResult("it answers again") { () -> SampleResult? in
            let next = sampler.sample()
            return next.errors.isEmpty ? next : nil
        }
        #expect(recovered.changes == [.recovered(.filesystem, hanging)])
        #expect(recovered.points(named: "system.filesystem.limit").count == 3)
    }

    @Test func `threads that hang are bounded, and the rest is asked again when they return`() throws {
        let gate = Gate()
        var host = FixtureHost("vm", beforeSpace: gate.pass)
        host.configuration.filesystems.deadline = .milliseconds(20)
        var table = ""
        for index in 0..<40 {
            table += "\(index) 1 8:\(index) / /mnt/\(index) rw - ext4 /dev/\(index) rw\n"
            let path = host.path("mnt/\(index)")
            gate.close(path)
            host.files.set(
                spaceAt: path,
                to: FileSystemSpace(capacity: 1 << 30, available: 1, free: 2, inodes: 0, freeInodes: 0))
        }
        defer { gate.open() }
        host.set("proc/1/mountinfo", to: table)
        var sampler = host.sampler([.filesystem])
        for _ in 0..<40 { #expect(sampler.sample().errors.count == 40) }
        #expect(gate.waiters <= 16)
        gate.open()
        let result = try firstResult("all answer") { () -> SampleResult? in
            let next = sampler.sample()
            return next.errors.isEmpty ? next : nil
        }
        #expect(result.points(named: "system.filesystem.limit").count == 40)
    }

    @Test func `mounts beyond the limit are left out and told`() {
        var host = FixtureHost("vm")
        host.configuration.filesystems.limit = 2
        let result = host.sample(.filesystem)
        #expect(result.points(named: "system.filesystem.limit").count == 2)
        #expect(result.errors.map(\.problem) == [.tooMany(limit: 2)])
    }

    @Test func `a mount point that is not UTF-8 is asked by its own bytes`() {
        let asked = Mutex<[FilePath]>([])
        let host = FixtureHost("vm") { path in asked.withLock { $0.append(path) } }
        let line = Array("30 1 8:1 / /mnt/".utf8) + [0xff, 0xe9] + Array(" rw - ext4 /dev/sda rw\n".utf8)
        host.files.set(host.path("proc/1/mountinfo"), to: .content(line))
        _ = host.sample(.filesystem)
        let name = asked.withLock { $0 }.first?.lastComponent
        let bytes = name?.withPlatformString { name in (0..<strlen(name)).map { UInt8(bitPattern: name[$0]) } }
        #expect(bytes == [0xff, 0xe9])
    }
}
