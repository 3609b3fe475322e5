import HostMetrics
import SystemPackage
import Testing
import Primitives

private func unit(_ name: String, _ state: String) -> [MetricAttribute] {
    [MetricAttribute("systemd.unit.name", name), MetricAttribute("systemd.unit.active_state", state)]
}

@Suite struct SystemdTests {
    private func value(_ result: SampleResult, _ name: String, _ state: String) -> Double? {
        result.points("systemd.unit.state", unit(name, state)).first?.value.asDouble
    }

    @Test func `what was started and has not ended is active, and what is wanted and is not there is not`() {
        let result = FixtureHost("server").sample(.systemd)
        #expect(result.errors.isEmpty)
        #expect(value(result, "ssh.service", "active") == 1)
        #expect(value(result, "ssh.service", "inactive") == 0)
        #expect(value(result, "nginx.service", "active") == 0)
        #expect(value(result, "nginx.service", "inactive") == 1)
        // Of the kinds that are left out by default.
        #expect(value(result, "boot.mount", "active") == nil)
    }

    @Test func `where systemd does not run there is nothing, and no error`() {
        let result = FixtureHost("old").sample(.systemd)
        #expect(result.points.isEmpty && result.errors.isEmpty)
    }

    @Test func `units beyond the limit are left out and told, and patterns choose`() {
        var host = FixtureHost("server")
        host.configuration.systemd.limit = 1
        let result = host.sample(.systemd)
        #expect(result.points.count == 2 && result.errors.map(\.problem) == [.tooMany(limit: 1)])
        host.configuration.systemd.included = ["*.timer"]
        #expect(
            host.sample(.systemd).points.allSatisfy {
                $0.attributes.contains(MetricAttribute("systemd.unit.type", "timer"))
            })
    }
}
