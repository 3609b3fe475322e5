import FileAccess
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

private func interface(_ name: String) -> MetricAttribute { MetricAttribute("network.interface.name", name) }

@Suite struct InterfacesTests {
    @Test func `a driver that does not answer costs one deadline, and the other interfaces are told`() throws {
        let gate = Gate()
        var host = FixtureHost("server", beforeOpen: gate.pass)
        host.configuration.interfaces.deadline = .milliseconds(400)
        let speed = host.path("sys/class/net/enp3s0f0/speed")
        gate.close(speed)
        defer { gate.open() }
        let error = MetricSourceError(path: speed.removingLastComponent(), problem: .notAnswering)
        var sampler = host.sampler([.interfaces])
        let start = ContinuousClock.now

        // The deadline is short, so that others may be late too where the machine is busy, but not for good.
        let second = try firstResult("the driver answers") { () -> SampleResult? in
            let next = sampler.sample(at: start + .seconds(10 * looks.next()))
            return next.points(named: "system.network.interface.mtu").count == 3 ? next : nil
        }
        #expect(second.errors == [error] && gate.waiters == 1)
        #expect(second.points("system.network.interface.mtu", [interface("enp3s0f0")]).isEmpty)
        #expect(second.collectors[0].duration < .seconds(60))

        gate.open()
        let mended = try firstResult("it is mended") { () -> SampleResult? in
            let next = sampler.sample(at: start + .seconds(10 * looks.next()))
            return next.points(named: "system.network.interface.mtu").count == 4 ? next : nil
        }
        #expect(mended.errors.isEmpty)
    }

    @Test func `what a device has nothing to say of is no error, and what is forbidden is told once`() {
        let host = FixtureHost("server")
        var sampler = host.sampler([.interfaces])
        let start = ContinuousClock.now
        for errno in [Errno.invalidArgument, .notSupported, .noSuchFileOrDirectory, .ioError] {
            for file in ["speed", "duplex", "carrier", "name_assign_type"] {
                host.files.set(host.path("sys/class/net/enp3s0f0/\(file)"), to: .failure(errno))
            }
            let result = host.sample(.interfaces)
            #expect(result.errors.isEmpty)
            #expect(result.points("hw.network.bandwidth.limit", [interface("enp3s0f0")]).isEmpty)
            #expect(result.value("hw.network.up", interface("enp3s0f0")) == 1)
        }
        let mtu = host.path("sys/class/net/enp3s0f0/mtu")
        host.files.set(mtu, to: .failure(.permissionDenied))
        let told = SourceChange.failed(
            .interfaces, MetricSourceError(path: mtu, problem: .unreadable(.permissionDenied)))
        #expect(sampler.sample(at: start).changes == [told])
        for second in 1..<30 { #expect(sampler.sample(at: start + .seconds(second)).changes.isEmpty) }
        host.files.set(mtu, to: nil)
        #expect(sampler.sample(at: start + .seconds(30)).changes == [.recovered(.interfaces, mtu)])
    }

    @Test func `interfaces beyond the limit are left out and told, and counters between looks are no restarts`() {
        var host = FixtureHost("server")
        host.configuration.interfaces.limit = 2
        var sampler = host.sampler([.interfaces, .network])
        let start = ContinuousClock.now
        let first = sampler.sample(at: start)
        #expect(first.points(named: "system.network.interface.mtu").count == 2)
        #expect(first.errors.map(\.problem) == [.tooMany(limit: 2)])
        #expect(sampler.sample(at: start + .seconds(1)).points(named: "hw.network.up").isEmpty)
        host.set("sys/class/net/bond0/carrier_up_count", to: "7\n")
        let later = sampler.sample(at: start + .seconds(10)).points(
            "system.network.interface.carrier.changes",
            [interface("bond0"), MetricAttribute("system.network.interface.carrier.state", "up")])
        #expect(later.map { $0.increase?.value } == [.integer(6)] && later.allSatisfy { !$0.isReset })
    }

    @Test func `without a series per CPU the queues are added up`() {
        var host = FixtureHost("server")
        host.configuration.perCPU = false
        let result = host.sample(.interfaces)
        #expect(result.value("system.network.softnet.squeezed") == 362)
        #expect(result.value("system.network.softnet.dropped") == 12)
    }

    private let looks = Counter()

    /// So that each look is one interval after the last.
    private final class Counter {
        private var count = 0
        func next() -> Int {
            count += 1
            return count
        }
    }
}
