import HostMetrics
import Primitives
import SystemPackage
import Testing

@Suite struct ClockTests {
    @Test func `the kernel's units become seconds and shares`() throws {
        let result = FixtureHost("vm").sample(.clock)
        #expect(result.value("system.clock.synchronized") == 1)
        #expect(result.value("system.clock.offset") == -0.001234567)
        // -17 ppm.
        #expect(result.value("system.clock.frequency.adjustment") == 1 - 17e-6)
        #expect(result.value("system.clock.error.maximum") == 0.053)
        #expect(result.value("system.clock.tick") == 0.01)
        #expect(result.value("system.clock.tai.offset") == 37)
        #expect(result.value("system.clock.time") == 1_795_263_231)
        // In nanoseconds, as the status says.
        #expect(result.value("system.clock.pulse.jitter") == 512e-9)
        #expect(result.value("system.clock.pulse.frequency") == -2e-6)
        let event = MetricAttribute("system.clock.pulse.event", "calibration")
        #expect(result.value("system.clock.pulse.events", event) == 90)
    }

    @Test func `a kernel that refuses is told once and costs nothing else`() {
        var host = FixtureHost("vm")
        host.kernel.failure = .notPermitted
        var sampler = host.sampler([.clock, .load])
        let refused = MetricSourceError(path: "adjtimex(2)", problem: .unreadable(.notPermitted))
        #expect(sampler.sample().changes == [.failed(.clock, refused)])
        let second = sampler.sample()
        #expect(second.changes.isEmpty && second.points(named: "system.cpu.load_average.1m").count == 1)
    }

    @Test func `this machine's kernel answers`() throws {
        let kernel = SystemKernelTime()
        #expect(try (0...5).contains(kernel.discipline().state))
        let boot = try #require(kernel.bootTime())
        let result = FixtureHost("vm").sample(.uptime)
        #expect(result.errors.isEmpty && boot.milliseconds % 1000 == 0 && boot.milliseconds > 1_700_000_000_000)
    }
}
