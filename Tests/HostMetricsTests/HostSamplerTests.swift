import FileAccess
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct HostSamplerTests {
    @Test func `a source that fails is told once, counted each time, told again when it changes and when it is back`() {
        let host = FixtureHost("vm")
        var sampler = host.sampler([.load, .memory])
        #expect(sampler.sample().changes == [])

        let path = host.path("proc/loadavg")
        let forbidden = MetricSourceError(path: path, problem: .unreadable(.permissionDenied))
        host.files.set(path, to: .failure(.permissionDenied))
        var result = sampler.sample()
        #expect(result.changes == [.failed(.load, forbidden)])
        #expect(result.collectors.map(\.failures) == [1, 0])
        result = sampler.sample()
        #expect(result.changes == [])
        #expect(result.collectors.map(\.failures) == [2, 0])
        #expect(result.collectors[0].errors == [forbidden])
        #expect(result.points(named: "system.memory.limit").count == 1)

        host.set("proc/loadavg", to: "0.5 x 0.5 1/2 3\n")
        let garbled = MetricSourceError(path: path, line: 1, problem: .malformed(expected: "a load average"))
        #expect(sampler.sample().changes == [.failed(.load, garbled)])
        #expect(garbled.description == "\(path):1: expected a load average")

        host.files.set(path, to: nil)
        result = sampler.sample()
        #expect(result.changes == [.recovered(.load, path)])
        #expect(result.collectors[0].failures == 3)
    }

    @Test func `a garbled line of a table is told and costs no other line`() {
        let host = FixtureHost("vm")
        host.set(
            "proc/diskstats",
            to: """
                   8       0 sda 1 2 3 4 5 6 7 8 9 10 11
                   8      16 sdb 1 2 3 4 5 6 -7 8 9 10 11
                   8      32 sdc 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15

                """)
        let result = host.sample(.disk)
        #expect(
            result.errors == [
                MetricSourceError(
                    path: host.path("proc/diskstats"), line: 2, problem: .malformed(expected: "a whole number"))
            ])
        let read = MetricAttribute("disk.io.direction", "read")
        let discard = MetricAttribute("disk.io.direction", "discard")
        func device(_ name: String) -> MetricAttribute { MetricAttribute("system.device", Array(name.utf8)) }
        #expect(result.value("system.disk.io", device("sda"), read) == 1536)
        #expect(result.value("system.disk.io", device("sda"), discard) == nil)
        #expect(result.value("system.disk.io", device("sdb"), read) == nil)
        #expect(result.value("system.disk.io", device("sdc"), discard) == 7168)
    }

    @Test func `a counter that begins anew is marked, once`() {
        let host = FixtureHost("vm")
        var sampler = host.sampler([.network])
        func sample(_ bytes: Int) -> [Bool] {
            host.set("proc/1/net/dev", to: "a\nb\n eth0: \(bytes) 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n")
            return sampler.sample().points(named: "system.network.io").map(\.isReset)
        }
        #expect(sample(100) == [false, false])
        #expect(sample(150) == [false, false])
        #expect(sample(20) == [true, false])
        #expect(sample(20) == [false, false])
        #expect(sample(30) == [false, false])
    }

    @Test func `what is costly to look at is looked at no more often than it says, and its absence is no restart`() {
        let host = FixtureHost("server")
        var sampler = host.sampler([.connections, .processes, .cgroups, .systemd])
        let start = ContinuousClock.now
        func counts(after seconds: Int) -> [Int] {
            let result = sampler.sample(at: start + .seconds(seconds))
            let names = [
                "system.network.connection.count", "system.process.count", "system.linux.cgroup.cpu.time",
                "systemd.unit.state",
            ]
            #expect(result.points.allSatisfy { !$0.isReset })
            return names.map { result.points(named: $0).count }
        }
        let all = counts(after: 0)
        #expect(all.allSatisfy { $0 > 0 })
        #expect(counts(after: 1) == [0, 0, 0, 0])
        #expect(counts(after: 9) == [0, 0, 0, 0])
        #expect(counts(after: 10) == all)
        host.set("sys/fs/cgroup/system.slice/ssh.service/cpu.stat", to: "user_usec 1\nsystem_usec 1\n")
        _ = sampler.sample(at: start + .seconds(15))
        let after = sampler.sample(at: start + .seconds(20))
        #expect(after.points(named: "system.linux.cgroup.cpu.time").filter(\.isReset).count == 2)
    }

    @Test func `duration and success of each collector are points too`() {
        var host = FixtureHost("vm")
        host.configuration.reportsItself = true
        host.set("proc/loadavg", to: "")
        let result = host.sample(.load, .memory)
        func collector(_ name: String) -> MetricAttribute { MetricAttribute("tributary.collector", name) }
        #expect(result.value("tributary.host_metrics.collector.success", collector("load")) == 0)
        #expect(result.value("tributary.host_metrics.collector.failures", collector("load")) == 1)
        #expect(result.value("tributary.host_metrics.collector.success", collector("memory")) == 1)
        #expect((result.value("tributary.host_metrics.collector.duration", collector("memory")) ?? -1) > 0)
    }

    @Test func `names of metrics are unique and follow the conventions' form`() {
        var names: Set<String> = []
        var seen: Set<ObjectIdentifier> = []
        for metric in CollectorKind.allCases.flatMap(\.metrics) + SelfMetrics.metrics + AgentMetrics.metrics
        where seen.insert(ObjectIdentifier(metric)).inserted {
            #expect(names.insert(metric.name).inserted, "\(metric.name) twice")
            #expect(metric.name.wholeMatch(of: /[a-z][a-z0-9_]*(\.[a-z0-9_]+)+/) != nil, "\(metric.name)")
            #expect(!metric.unit.isEmpty && metric.summary.hasSuffix("."), "\(metric.name)")
        }
    }
}

@Suite struct NamePatternTests {
    @Test func `wildcards and classes match as in a shell`() {
        func matches(_ pattern: NamePattern, _ name: String) -> Bool { pattern.matches(Array(name.utf8)) }
        #expect(matches("loop*", "loop12") && matches("loop*", "loop") && !matches("loop*", "xloop"))
        #expect(matches("nvme*n*p[0-9]*", "nvme0n1p12") && !matches("nvme*n*p[0-9]*", "nvme0n1"))
        #expect(matches("[hsv]d[a-z][0-9]*", "sda1") && !matches("[hsv]d[a-z][0-9]*", "sda"))
        #expect(matches("*b*b", "abab") && !matches("*b*b", "aba") && matches("a?c", "abc") && !matches("a?c", "ac"))
        #expect(
            matches("", "") && !matches("", "a") && matches("**", "") && !matches("[a", "[b") && matches("[a", "[a"))
    }

    @Test func `a pattern made to be slow is not`() {
        let pattern = NamePattern(String(repeating: "*a", count: 30) + "b")
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 5000)))
    }
}
