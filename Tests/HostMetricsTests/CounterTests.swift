import Foundation
import HostMetrics
import Primitives
import Synchronization
import Testing
import Foundation

private let received = MetricAttribute("network.io.direction", "receive")
private let eth0 = MetricAttribute("network.interface.name", Array("eth0".utf8))
private let eth1 = MetricAttribute("network.interface.name", Array("eth1".utf8))

private final class SettableClock: WallClock {
    private let milliseconds: Mutex<Int64>

    init(milliseconds: Int64) { self.milliseconds = Mutex(milliseconds) }

    func set(milliseconds: Int64) { self.milliseconds.withLock { $0 = milliseconds } }
    func now() -> Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }
}

/// A host whose clocks a test sets, with interfaces whose counters it sets too.
private final class CountingHost {
    private let host = FixtureHost("vm")
    private let clock = SettableClock(milliseconds: 1_000_000)
    private var stream: MetricStream
    private var sampler: HostSampler
    private let began = ContinuousClock.now

    init(_ collectors: Set<CollectorKind> = [.network], _ change: (inout MetricStreamConfiguration) -> Void = { _ in })
    {
        var configuration = MetricStreamConfiguration()
        configuration.host = host.configuration
        configuration.host.collectors = collectors
        configuration.interval = .seconds(1)
        change(&configuration)
        stream = MetricStream(
            configuration, hostName: nil, fileSystem: host.files, clock: clock, kernel: FixedKernelTime())
        sampler = HostSampler(
            configuration.host, fileSystem: host.files, clock: clock, kernel: FixedKernelTime())
    }

    func set(_ interfaces: (name: String, bytes: Int)...) {
        let lines = interfaces.map { " \($0.name): \($0.bytes) 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n" }
        host.set("proc/1/net/dev", to: "a\nb\n" + lines.joined())
    }

    func setLoad(_ load: Double) { host.set("proc/loadavg", to: "\(load) 0.5 0.5 1/2 3\n") }

    /// A sample so long after the start.
    func sample(at seconds: Double) -> SampleResult {
        clock.set(milliseconds: 1_000_000 + Int64(seconds * 1000))
        return sampler.sample(at: began + .seconds(seconds))
    }

    /// The same as records of JSON; nil while a window is open.
    func records(at seconds: Double) -> [String]? {
        clock.set(milliseconds: 1_000_000 + Int64(seconds * 1000))
        return stream.sample(at: began + .seconds(seconds)).records?.map { String(decoding: $0, as: UTF8.self) }
    }

    /// What is told at the end, when no further sample is taken.
    func rest() -> [String] { stream.finish().map { String(decoding: $0, as: UTF8.self) } }

    func breakSource() { host.set("proc/1/net/dev", to: "cut") }
}

extension [String] {
    /// The part of the one record of this name, from its value to its kind; nil where there is none, or several.
    fileprivate func value(_ name: String, _ attributes: String = "") -> String? {
        let found = filter { $0.hasPrefix("{\"name\":\"\(name)\",") && (attributes.isEmpty || $0.contains(attributes)) }
        guard found.count == 1, let start = found[0].range(of: "\"value\":"),
            let end = found[0].range(of: ",\"timestamp\"")
        else { return nil }
        return String(found[0][start.upperBound..<end.lowerBound])
    }
}

@Suite struct CounterTests {
    private func point(_ result: SampleResult, _ interface: MetricAttribute) -> MetricPoint? {
        result.points("system.network.io", [received, interface]).first
    }

    @Test func `a counter counts from the boot, and from when it was last seen where it began anew`() {
        let host = CountingHost()
        host.set(("eth0", 100))
        let boot = FixedKernelTime().bootTime()
        #expect(point(host.sample(at: 0), eth0)?.start == boot)
        host.set(("eth0", 150))
        let grown = point(host.sample(at: 10), eth0)
        #expect(grown?.start == boot && grown?.isReset == false)
        #expect(
            grown?.increase
                == MetricIncrease(
                    value: .integer(50), since: Timestamp(milliseconds: 1_000_000), elapsed: .seconds(10)))
        host.set(("eth0", 20))
        let reset = point(host.sample(at: 20), eth0)
        #expect(reset?.isReset == true && reset?.start == Timestamp(milliseconds: 1_010_000))
        #expect(reset?.increase?.value == .integer(20))
        host.set(("eth0", 30))
        let after = point(host.sample(at: 30), eth0)
        #expect(after?.isReset == false && after?.start == Timestamp(milliseconds: 1_010_000))
        #expect(after?.increase?.value == .integer(10))
    }

    @Test func `what comes into being between two samples counts from the one before`() {
        let host = CountingHost()
        host.set(("eth0", 100))
        _ = host.sample(at: 0)
        host.set(("eth0", 100), ("eth1", 70))
        let new = point(host.sample(at: 10), eth1)
        #expect(new?.start == Timestamp(milliseconds: 1_000_000) && new?.isReset == false)
        #expect(new?.increase?.value == .integer(70))
    }

    @Test func `a source that cannot be read once is no restart, and nothing of it is lost`() {
        let host = CountingHost()
        host.set(("eth0", 100))
        _ = host.sample(at: 0)
        host.breakSource()
        #expect(!host.sample(at: 10).errors.isEmpty)
        host.set(("eth0", 180))
        let back = point(host.sample(at: 20), eth0)
        #expect(back?.start == FixedKernelTime().bootTime() && back?.isReset == false)
        #expect(back?.increase?.value == .integer(80) && back?.increase?.elapsed == .seconds(20))
    }

    @Test func `a line that cannot be read once is no restart of its series, though others were read`() {
        let host = CountingHost()
        host.set(("eth0", 100), ("eth1", 100))
        _ = host.sample(at: 0)
        host.set(("eth0", 110), ("eth1", -1))
        #expect(!host.sample(at: 10).errors.isEmpty)
        host.set(("eth0", 120), ("eth1", 180))
        let back = point(host.sample(at: 20), eth1)
        #expect(back?.increase?.value == .integer(80) && back?.start == FixedKernelTime().bootTime())
    }

    @Test func `deltas are what was counted since the sample before, and nothing in the first`() throws {
        let host = CountingHost { $0.counters = .delta }
        host.set(("eth0", 100))
        #expect(try #require(host.records(at: 0)).value("system.network.io", "receive") == nil)
        host.set(("eth0", 150))
        let records = try #require(host.records(at: 1))
        #expect(
            records.value("system.network.io", "receive") == #"50,"unit":"By","kind":"delta","start":1000000"#)
    }

    @Test func `rates are per second by a clock that is never set`() throws {
        let host = CountingHost { $0.counters = .rate }
        host.set(("eth0", 100))
        _ = host.records(at: 0)
        host.set(("eth0", 150))
        #expect(
            try #require(host.records(at: 4)).value("system.network.io.rate", "receive")
                == #"12.5,"unit":"By/s","kind":"gauge""#)
        // A restart: what was counted since.
        host.set(("eth0", 8))
        #expect(
            try #require(host.records(at: 8)).value("system.network.io.rate", "receive")
                == #"2.0,"unit":"By/s","kind":"gauge","reset":true"#)
    }

    @Test func `a window is shipped once, with the last of counters and the least, most and mean of all else`() throws {
        let host = CountingHost([.network, .load]) { $0.window = WindowConfiguration(length: .seconds(4)) }
        for (second, load) in [1.0, 4, 2, 3].enumerated() {
            host.set(("eth0", 100 + 10 * second))
            host.setLoad(load)
            let records = host.records(at: Double(second))
            guard second == 3 else {
                #expect(records == nil)
                continue
            }
            let name = "system.cpu.load_average.1m"
            let rest = #","unit":"{thread}","kind":"gauge""#
            #expect(try #require(records).value(name) == "3.0" + rest)
            #expect(try #require(records).value(name + ".min") == "1.0" + rest)
            #expect(try #require(records).value(name + ".max") == "4.0" + rest)
            #expect(try #require(records).value(name + ".mean") == "2.5" + rest)
            #expect(
                try #require(records).value("system.network.io", "receive")?.hasPrefix("130,") == true)
        }
        #expect(host.records(at: 4) == nil)
    }

    @Test func `a window that is open at the end is shipped as far as it got, and once`() {
        let host = CountingHost([.load]) { $0.window = WindowConfiguration(length: .seconds(4)) }
        #expect(host.rest().isEmpty)
        host.setLoad(1)
        #expect(host.records(at: 0) == nil)
        host.setLoad(3)
        #expect(host.records(at: 1) == nil)
        let rest = host.rest()
        #expect(rest.value("system.cpu.load_average.1m.mean")?.hasPrefix("2.0,") == true)
        #expect(rest.value("system.cpu.load_average.1m")?.hasPrefix("3.0,") == true)
        #expect(host.rest().isEmpty)
        // What follows is a new window.
        #expect(host.records(at: 2) == nil)
    }

    @Test func `deltas of a window add up, and a restart within it is told`() throws {
        let host = CountingHost {
            $0.window = WindowConfiguration(length: .seconds(3))
            $0.counters = .delta
        }
        for (second, bytes) in [100, 130, 5].enumerated() {
            host.set(("eth0", bytes))
            let records = host.records(at: Double(second))
            if second == 2 {
                #expect(
                    try #require(records).value("system.network.io", "receive")
                        == #"35,"unit":"By","kind":"delta","start":1000000,"reset":true"#)
            }
        }
    }

    @Test func `only the aggregates that are wanted are told`() throws {
        let host = CountingHost([.load]) {
            $0.window = WindowConfiguration(length: .seconds(1))
            $0.window?.aggregates = [.max]
        }
        host.setLoad(3)
        let records = try #require(host.records(at: 0))
        #expect(records.count == 3 && records.allSatisfy { $0.contains(".max\"") })
    }
}

@Suite struct SamplingScheduleTests {
    @Test func `a late sample does not shift the grid, and those that were due meanwhile are counted`() {
        let start = ContinuousClock.now
        var schedule = SamplingSchedule(every: .seconds(10), from: start)
        #expect(schedule.timeLeft(at: start) == .zero)
        #expect(schedule.begin(at: start) == .zero)
        #expect(schedule.timeLeft(at: start) == .seconds(10))
        #expect(schedule.begin(at: start + .seconds(13)) == .seconds(3))
        #expect(schedule.timeLeft(at: start + .seconds(13)) == .seconds(7))
        #expect(schedule.missed == 0)
        #expect(schedule.begin(at: start + .seconds(45)) == .seconds(25))
        #expect(schedule.missed == 2)
        #expect(schedule.timeLeft(at: start + .seconds(45)) == .seconds(5))
    }

    @Test func `how late a sample is and what was missed is told with it`() throws {
        var host = FixtureHost("vm")
        host.configuration.reportsItself = true
        var stream = host.stream([.load]) { $0.interval = .seconds(10) }
        let start = ContinuousClock.now
        _ = stream.sample(at: start)
        let records = try #require(stream.sample(at: start + .seconds(35)).records)
        let lines = records.map { String(decoding: $0, as: UTF8.self) }
        let delay = try #require(lines.first { $0.contains("tributary.host_metrics.sample.delay") })
        let number = try #require(delay.firstMatch(of: /"value":([0-9.]+)/)?.1)
        #expect(25..<25.5 ~= Double(number) ?? 0)
        #expect(lines.contains { $0.hasPrefix(#"{"name":"tributary.host_metrics.sample.missed","value":2,"#) })
    }
}
