import Foundation
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

/// Units as a bus tells them: dbus-daemon with a systemd of ours on it, and peers that mean no good.
@Suite(.serialized) struct SystemdBusTests {
    private func host(at bus: FakeSystemd) -> FixtureHost {
        var host = FixtureHost("server")
        host.configuration.systemd.asksBus = true
        host.configuration.systemd.busAddress = bus.address
        // Long enough for any machine, but where it is what the test is about.
        host.configuration.systemd.deadline = .seconds(300)
        host.configuration.systemd.patience = .seconds(300)
        return host
    }

    private func state(_ result: SampleResult, of unit: String) -> [String] {
        result.points("systemd.unit.state", [MetricAttribute("systemd.unit.name", unit)])
            .filter { $0.value == .integer(1) }
            .map { point in
                guard case .text(let text) = point.attributes.last?.value else { return "?" }
                return text
            }
    }

    @Test func `units are in the states that systemd tells`() throws {
        let bus = try FakeSystemd("units:0")
        defer { bus.stop() }
        let result = host(at: bus).sample(.systemd)
        #expect(result.errors.isEmpty, "\(result.errors)")
        for (unit, expected) in [
            ("nginx.service", "failed"), ("ssh.service", "active"), ("slow.service", "activating"),
            ("ending.service", "deactivating"), ("reread.service", "reloading"), ("backup.timer", "inactive"),
            ("check.swap", "maintenance"), ("late.path", "other"), ("caf\u{e9}.service", "active"),
        ] {
            #expect(state(result, of: unit) == [expected], "\(unit)")
        }
        // Left out by default, and one that there is not.
        for unit in ["disk.mount", "gone.service"] {
            #expect(result.points("systemd.unit.state", [MetricAttribute("systemd.unit.name", unit)]).isEmpty)
        }
        let zeros = result.points("systemd.unit.state", [MetricAttribute("systemd.unit.name", "ssh.service")])
        #expect(zeros.count == 6 && zeros.filter { $0.value == .integer(0) }.count == 5)
        func count(_ state: String) -> Double? {
            result.value("systemd.unit.count", MetricAttribute("systemd.unit.active_state", state))
        }
        #expect(count("active") == 3 && count("failed") == 1 && count("inactive") == 2 && count("other") == 1)
        #expect(result.value("systemd.system.running") == 0)
    }

    @Test func `under Prometheus' names they are node_exporter's`() throws {
        let bus = try FakeSystemd("units:0")
        defer { bus.stop() }
        var points = host(at: bus).sample(.systemd).points
        MetricNames.prometheus.translate(&points)
        func value(_ name: String, _ labels: (String, String)...) -> Double? {
            points.first { point in
                point.name == name
                    && labels.allSatisfy { point.attributes.contains(MetricAttribute($0.0, $0.1)) }
            }?.value.asDouble
        }
        #expect(value("node_systemd_unit_state", ("name", "nginx.service"), ("state", "failed")) == 1)
        #expect(value("node_systemd_unit_state", ("name", "nginx.service"), ("state", "active")) == 0)
        #expect(value("node_systemd_units", ("state", "failed")) == 1)
        #expect(value("node_systemd_system_running") == 0)
    }

    @Test func `of 100,000 units the first by name are told, up to the limit, and all are counted`() throws {
        let bus = try FakeSystemd("units:100000")
        defer { bus.stop() }
        let result = host(at: bus).sample(.systemd)
        #expect(result.errors.map(\.problem) == [.tooMany(limit: 512)])
        #expect(
            result.value("systemd.unit.count", MetricAttribute("systemd.unit.active_state", "active")) == 100_003)
        let names = Set(
            result.points(named: "systemd.unit.state").compactMap { point -> String? in
                guard case .text(let name) = point.attributes.first?.value else { return nil }
                return name
            })
        #expect(names.count == 512)
        #expect(names.contains("backup.timer") && names.contains("unit-10.service"))
        #expect(!names.contains("unit-99999.service"))
    }

    @Test(arguments: [
        ("silent", MetricSourceError.Problem.unanswered(within: .milliseconds(100))),
        ("signed-on", .unanswered(within: .milliseconds(100))),
    ])
    func `a bus that does not answer costs its deadline, and the file system is asked instead`(
        mode: String, problem: MetricSourceError.Problem
    ) throws {
        let bus = try FakeSystemd(mode)
        defer { bus.stop() }
        var host = host(at: bus)
        host.configuration.systemd.deadline = .milliseconds(100)
        let result = host.sample(.systemd)
        #expect(result.errors == [MetricSourceError(path: FilePath(bus.address), problem: problem)])
        #expect(state(result, of: "ssh.service") == ["active"] && state(result, of: "nginx.service") == ["inactive"])
        #expect(result.points(named: "systemd.unit.count").isEmpty)
        // The library alone would wait for 90 s, and for an answer for 25.
        #expect(result.collectors[0].duration < .seconds(60))
    }

    @Test(arguments: ["garbage", "refusing", "nobody"])
    func `a bus that answers wrongly is told, and the file system is asked instead`(mode: String) throws {
        let bus = try FakeSystemd(mode)
        defer { bus.stop() }
        let result = host(at: bus).sample(.systemd)
        let error = try #require(result.errors.first)
        #expect(result.errors.count == 1 && error.path == FilePath(bus.address))
        switch mode {
        case "refusing": #expect(error.problem == .refused("org.freedesktop.DBus.Error.AccessDenied"))
        case "nobody": #expect(error.problem == .refused("org.freedesktop.DBus.Error.NameHasNoOwner"))
        default: break
        }
        #expect(state(result, of: "ssh.service") == ["active"])
    }

    @Test func `no sample waits for a slow bus, and what is wrong is told once, and once that it is mended`() throws {
        let silent = try FakeSystemd("silent")
        defer { silent.stop() }
        var host = host(at: silent)
        // As what is left of a time that is over.
        host.configuration.systemd.patience = .milliseconds(-1)
        // Longer than a busy machine keeps a thread waiting between the question and the look for its answer.
        host.configuration.systemd.deadline = .seconds(3)
        var sampler = host.sampler([.systemd])
        let start = ContinuousClock.now
        // The question is put, and the samples go on without its answer.
        #expect(sampler.sample(at: start).points.isEmpty)
        let failed = try firstResult("the bus is missed") { () -> SampleResult? in
            let next = sampler.sample(at: start + .seconds(1))
            return next.points.isEmpty ? nil : next
        }
        let error = MetricSourceError(
            path: FilePath(silent.address), problem: .unanswered(within: .seconds(3)))
        #expect(failed.changes == [.failed(.systemd, error)])
        #expect(state(failed, of: "ssh.service") == ["active"])
        // Until it is asked again, nothing is known to have changed.
        for second in 2..<10 {
            let next = sampler.sample(at: start + .seconds(second))
            #expect(next.changes.isEmpty && next.errors == [error] && next.points.isEmpty)
        }
    }

    @Test func `a bus that is gone is told once, and asked again each time`() throws {
        let bus = try FakeSystemd("units:0")
        let host = host(at: bus)
        var sampler = host.sampler([.systemd])
        let start = ContinuousClock.now
        #expect(sampler.sample(at: start).changes.isEmpty)
        bus.stop()
        let path = FilePath(bus.address)
        let gone = MetricSourceError(path: path, problem: .unreadable(.noSuchFileOrDirectory))
        #expect(sampler.sample(at: start + .seconds(10)).changes == [.failed(.systemd, gone)])
        for second in 11..<40 { #expect(sampler.sample(at: start + .seconds(second)).changes.isEmpty) }
    }
}
