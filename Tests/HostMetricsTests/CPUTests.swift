import HostMetrics
import Testing

private func stat(_ cpus: String...) -> String {
    cpus.joined(separator: "\n") + "\nintr 1 2 3\nctxt 4\nbtime 5\n"
}

private func mode(_ name: String) -> MetricAttribute { MetricAttribute("cpu.mode", name) }
private let cpu0 = MetricAttribute("cpu.logical_number", .integer(0))

@Suite struct CPUTests {
    @Test func `utilisation is the share of the time since the sample before`() {
        let host = FixtureHost("vm")
        var sampler = host.sampler([.cpu])
        host.set("proc/stat", to: stat("cpu  100 0 50 800 20 0 10 20 0 0", "cpu0 100 0 50 800 20 0 10 20 0 0"))
        #expect(sampler.sample().points(named: "system.cpu.utilization").isEmpty)
        host.set("proc/stat", to: stat("cpu  130 0 60 850 20 0 10 30 0 0", "cpu0 130 0 60 850 20 0 10 30 0 0"))
        let result = sampler.sample()
        #expect(result.value("system.cpu.utilization", mode("user"), cpu0) == 0.3)
        #expect(result.value("system.cpu.utilization", mode("idle"), cpu0) == 0.5)
        #expect(result.value("system.cpu.utilization", mode("steal"), cpu0) == 0.1)
        #expect(result.value("system.cpu.time", mode("user"), cpu0) == 1.3)
        #expect(result.value("system.cpu.logical.count") == 1)
        #expect(result.value("system.cpu.total.utilization", mode("user")) == 0.3)
        #expect(result.points(named: "system.cpu.total.utilization").count == 8)
    }

    @Test(arguments: [true, false])
    func `the series of a time add up to what the host spent, not to twice that`(perCPU: Bool) {
        var host = FixtureHost("vm")
        host.configuration.perCPU = perCPU
        host.set("proc/stat", to: stat("cpu  300 0 0 900", "cpu0 100 0 0 500", "cpu1 200 0 0 400"))
        let result = host.sample(.cpu)
        func sum(_ name: String) -> Double {
            result.points("system.cpu.time", [mode(name)]).reduce(0) { $0 + $1.value.asDouble }
        }
        #expect(sum("user") == 3)
        #expect(sum("idle") == 9)
        #expect(result.points(named: "system.cpu.time").count == (perCPU ? 8 : 4))
    }

    @Test func `a mode that runs backwards is held until it is where it was`() {
        var host = FixtureHost("vm")
        host.configuration.perCPU = false
        var sampler = host.sampler([.cpu])
        var user = 100
        func iowait(_ ticks: Int) -> (time: Double?, share: Double?, resets: Int) {
            user += 50
            host.set("proc/stat", to: stat("cpu  \(user) 0 50 800 \(ticks) 0 10 20 0 0"))
            let result = sampler.sample()
            return (
                result.value("system.cpu.time", mode("iowait")),
                result.value("system.cpu.utilization", mode("iowait")), result.points.count { $0.isReset }
            )
        }
        #expect(iowait(200) == (2, nil, 0))
        #expect(iowait(190) == (2, 0, 0))
        #expect(iowait(195) == (2, 0, 0))
        #expect(iowait(210).time == 2.1)
    }

    @Test func `a CPU that was off line and comes back anew is marked and gives no utilisation`() {
        let host = FixtureHost("vm")
        var sampler = host.sampler([.cpu])
        host.set("proc/stat", to: stat("cpu  9000 0 0 9000", "cpu0 9000 0 0 9000"))
        _ = sampler.sample()
        host.set("proc/stat", to: stat("cpu  9001 0 0 9001", "cpu0 1 0 0 1"))
        let result = sampler.sample()
        #expect(result.points(named: "system.cpu.time").filter(\.isReset).count == 2)
        #expect(result.value("system.cpu.time", mode("user"), cpu0) == 0.01)
        #expect(!result.points(named: "system.cpu.utilization").contains { $0.attributes.contains(cpu0) })
        #expect(result.points(named: "system.cpu.total.utilization").count == 4)
    }

    @Test func `all CPUs together are told, without a number, where series per CPU are not wanted`() {
        var host = FixtureHost("vm")
        host.configuration.perCPU = false
        let result = host.sample(.cpu)
        #expect(result.points(named: "system.cpu.time").count == 8)
        #expect(!result.points.contains { $0.attributes.contains { $0.key == "cpu.logical_number" } })
        #expect(result.value("system.cpu.logical.count") == 2)
    }

    @Test func `a kernel that knows fewer modes gives those it knows`() {
        let host = FixtureHost("vm")
        host.set("proc/stat", to: stat("cpu  1 2 3 4", "cpu0 1 2 3 4"))
        let result = host.sample(.cpu)
        #expect(result.errors.isEmpty)
        #expect(result.points(named: "system.cpu.time").count == 4)
    }
}
