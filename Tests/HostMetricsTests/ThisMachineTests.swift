import FileAccess
import Glibc
import HostMetrics
import Primitives
import TestSupport
import Testing

/// The real thing: this machine's own /proc and /sys.
@Suite struct ThisMachineTests {
    @Test func `this machine's values are plausible and agree with what libc says`() throws {
        var sampler = HostSampler(
            HostMetricsConfiguration(), fileSystem: PosixFileSystem(), clock: SystemWallClock())
        let first = sampler.sample()
        #expect(first.errors.isEmpty, "\(first.errors)")
        // Utilisation needs the kernel's clocks to move on.
        let second = try firstResult("there is a utilisation") { () -> SampleResult? in
            let next = sampler.sample()
            return next.points(named: "system.cpu.utilization").isEmpty ? nil : next
        }
        for point in second.points(named: "system.cpu.utilization") {
            guard case .double(let share) = point.value, 0...1 ~= share else {
                Issue.record("a utilisation of \(point.value)")
                continue
            }
        }
        #expect(second.value("system.cpu.logical.count") == Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

        let total = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        #expect(second.value("system.memory.limit") == total)
        let used = try #require(
            second.value("system.memory.usage", MetricAttribute("system.memory.state", "used")))
        #expect(used > 0 && used < total)

        #expect(!second.points(named: "system.network.io").isEmpty)
        let root = MetricAttribute("system.filesystem.mountpoint", [UInt8(ascii: "/")])
        var space = statvfs()
        #expect(statvfs("/", &space) == 0)
        let capacity = Double(space.f_blocks) * Double(space.f_frsize)
        #expect(second.value("system.filesystem.limit", root) == capacity)
        let parts = ["used", "free", "reserved"].compactMap {
            second.value("system.filesystem.usage", root, MetricAttribute("system.filesystem.state", $0))
        }
        #expect(parts.reduce(0, +) == capacity)
        #expect(second.points.allSatisfy { !$0.isReset })
    }
}
