import HostMetrics
import Primitives
import TestSupport
import Testing

@testable import MetricInputs

/// What an interval with these datagrams comes to, without what is told of the listener itself.
private struct Interval {
    var aggregator: StatsDAggregator
    private var instant = ContinuousClock.now
    private var time = now

    init(_ change: (inout StatsDConfiguration) -> Void = { _ in }) {
        var configuration = StatsDConfiguration()
        change(&configuration)
        aggregator = StatsDAggregator(configuration, at: now)
    }

    mutating func take(_ datagrams: String...) {
        for datagram in datagrams {
            let bytes = Array(datagram.utf8)
            aggregator.take(bytes, count: bytes.count, at: instant)
        }
    }

    mutating func flushed(after duration: Duration = .seconds(10)) -> [MetricPoint] {
        instant += duration
        time = Timestamp(milliseconds: time.milliseconds + Int64(duration / .milliseconds(1)))
        return aggregator.flush(at: time, instant).filter { !$0.name.hasPrefix("tributary.") }
    }

    mutating func told(after duration: Duration = .seconds(10)) -> [String] { flushed(after: duration).map(\.told) }
}

@Suite struct StatsDTests {
    @Test func `counters add up with their sampling, and begin anew with each interval`() {
        var interval = Interval()
        interval.take("hits:1|c", "hits:2|c|@0.1\nhits:3|c|#a:b", "hits:1:2:3|c", "hits:-2|c")
        #expect(interval.told() == ["delta hits 25.0", "delta hits{a=b} 3.0"])
        #expect(interval.told() == [])
        interval.take("hits:1|c")
        let points = interval.flushed()
        #expect(points.map(\.told) == ["delta hits 1.0"])
        #expect(points[0].start == Timestamp(milliseconds: now.milliseconds + 20_000))
        #expect(points[0].timestamp == Timestamp(milliseconds: now.milliseconds + 30_000))
    }

    @Test func `gauges keep their last value, to which signed ones are added, and are told where they changed`() {
        var interval = Interval()
        interval.take("depth:10|g", "depth:+5|g", "depth:-3|g", "other:-4|g")
        #expect(interval.told() == ["depth 12.0", "other -4.0"])
        #expect(interval.told() == [])
        interval.take("depth:+1|g")
        #expect(interval.told() == ["depth 13.0"])
        // Forgotten after the expiry, an hour.
        #expect(interval.told(after: .seconds(4000)) == [])
        interval.take("depth:+1|g")
        #expect(interval.told() == ["depth 1.0"])
    }

    @Test func `sets count their different members`() {
        var interval = Interval()
        interval.take("users:a|s", "users:b|s", "users:a|s", "users:a:b|s")
        #expect(interval.told() == ["users 3.0"])
        interval.take("users:a|s")
        #expect(interval.told() == ["users 1.0"])
    }

    @Test func `timers come to count, sum, least, most and quantiles, with sampling as weight`() {
        var interval = Interval { $0.quantiles = [0.5, 0.999] }
        interval.take("t:1:2:3|ms", "t:4|ms|@0.5", "h:7|h")
        let points = interval.flushed()
        #expect(
            points.map(\.name) == [
                "t.count", "t.sum", "t.min", "t.max", "t.p50", "t.p99.9", "h.count", "h.sum", "h.min", "h.max", "h.p50",
                "h.p99.9",
            ])
        #expect(points.prefix(4).map(\.value.number) == [5, 14, 1, 4])
        #expect(abs(points[4].value.number - 3) < 0.07 && abs(points[5].value.number - 4) < 0.09)
        #expect(points[0].kind == .delta && points[1].unit == "ms" && points[7].unit == "")
    }

    @Test func `a name that is a timer here and a distribution there is one series`() {
        var interval = Interval { $0.quantiles = [] }
        interval.take("t:1|ms", "t:2|h", "t:3|d")
        #expect(interval.told() == ["delta t.count 3.0", "delta t.sum 6.0", "t.min 1.0", "t.max 3.0"])
    }

    @Test func `cumulative counters, counts and sums go on from interval to interval, with the time they began`() {
        var interval = Interval { $0.counters = .cumulative }
        interval.take("c:1|c", "t:5|ms")
        _ = interval.flushed()
        interval.take("c:2|c", "t:6|ms")
        let points = interval.flushed()
        #expect(points.prefix(3).map(\.told) == ["counter c 3.0", "counter t.count 2.0", "counter t.sum 11.0"])
        #expect(points[0].start == now)
        // Least and most are those of the interval.
        #expect(points[3].value.number == 6)
    }

    @Test func `tags in any order are one series, and those without a value, doubled or of a container are taken`() {
        var interval = Interval()
        interval.take(
            "a:1|c|#x:1,y:2", "a:1|c|#y:2,x:1", "a:1|c|#flag", "a:1|c|#k:v,k:w,k:v", "a:1|c|c:abc|T1656581400")
        #expect(
            interval.told() == [
                "delta a{x=1,y=2} 2.0", "delta a{flag=true} 1.0", "delta a{k=v,w} 1.0", "delta a{container.id=abc} 1.0",
            ])
        var prometheus = Interval { $0.hasPrometheusLabels = true }
        prometheus.take("a:1|c|#a.b:1,a_b:2,1x:3")
        #expect(prometheus.told() == ["delta a{_1x=3,a_b=1,2} 1.0"])
    }

    @Test func `series of one name share a metric, which formats have once`() {
        var interval = Interval()
        interval.take("a:1|c|#x:1", "a:1|c|#x:2", "t:1|ms|#x:1", "t:1|ms|#x:2")
        let points = interval.flushed()
        #expect(points[0].metric === points[1].metric)
        #expect(points[2].metric === points[2 + 7].metric)
    }

    @Test(arguments: [
        "a", "a:", "a:1", "a:1|", "a:1|x", "a:1|mss", ":1|c", "a:x|c", "a:1:|c", "a:NaN|g", "a:inf|c", "a:1|c|@0",
        "a:1|c|@2",
        "a:1|c|@x", "a b:1|c", "a\u{1}:1|c", "|c", "a|b:1|c",
    ])
    func `a line that is none is counted, and costs itself only`(line: String) {
        var interval = Interval()
        interval.take("x:1|c\n\(line)\ny:1|c")
        #expect(interval.told() == ["delta x 1.0", "delta y 1.0"])
        #expect(interval.aggregator.counts.malformed == 1)
    }

    @Test func `events and service checks of DogStatsD are counted, and left out`() {
        var interval = Interval()
        interval.take("_e{5,4}:title|text|#a:b", "_sc|redis|2|m:oops", "x:1|c\r\n")
        #expect(interval.told() == ["delta x 1.0"])
        #expect(interval.aggregator.counts.events == 1 && interval.aggregator.counts.serviceChecks == 1)
        #expect(interval.aggregator.counts.malformed == 0)
    }

    @Test func `series beyond the limit are left out and counted, and known ones go on`() {
        var interval = Interval { $0.seriesLimit = 10 }
        for number in 0..<100_000 { interval.take("n\(number):1|c") }
        interval.take("n0:1|c")
        #expect(interval.aggregator.seriesCount == 10)
        #expect(interval.aggregator.counts.overLimit == 99_990)
        #expect(interval.told().count == 10)
        // What has nothing to remember makes room for others.
        _ = interval.flushed()
        interval.take("fresh:1|c")
        #expect(interval.told() == ["delta fresh 1.0"])
    }

    @Test func `members of sets, bins of timers and orders of tags are bounded in bytes`() {
        var interval = Interval { $0.seriesLimit = 100 }
        let limit = 100 << 10
        for number in 0..<200_000 { interval.take("s:\(number)|s") }
        #expect(interval.aggregator.bytes <= limit + 4096)
        #expect(interval.aggregator.counts.overLimit > 100_000)
        var values = Interval { $0.seriesLimit = 100 }
        for series in 0..<100 {
            for power in -200...200 { values.take("t\(series):1e\(power):-1e\(power)|d") }
        }
        #expect(values.aggregator.bytes <= limit + 4096)
        var orders = Interval { $0.seriesLimit = 100 }
        var random = SeededGenerator(seed: 3)
        let tags = (0..<50).map { "k\($0):v" }
        for _ in 0..<5000 { orders.take("o:1|c|#" + tags.shuffled(using: &random).joined(separator: ",")) }
        #expect(orders.aggregator.bytes <= limit + 4096)
        #expect(orders.aggregator.seriesCount == 1)
        _ = orders.flushed()
        orders.take("o:1|c|#k0:v", "p:1|c")
        #expect(orders.told() == ["delta o{k0=v} 1.0", "delta p 1.0"])
    }

    @Test func `a datagram that was cut loses its last line only, which is counted`() {
        var interval = Interval()
        let bytes = Array("x:1|c\ny:12".utf8)
        interval.aggregator.take(bytes, count: bytes.count, isCut: true)
        #expect(interval.told() == ["delta x 1.0"])
        #expect(interval.aggregator.counts.truncated == 1 && interval.aggregator.counts.malformed == 0)
    }

    @Test func `numbers that outgrow all numbers spoil no series`() {
        var interval = Interval()
        interval.take("g:1e308|g", "g:+1e308|g", "c:1e308|c", "c:1e308|c", "c:1e308|c|@0.1")
        #expect(interval.told() == ["g 1e+308", "delta c 1e+308"])
        #expect(interval.aggregator.counts.malformed == 3)
    }

    @Test func `any bytes at all, and datagrams cut at every byte, are taken to their end`() {
        var random = SeededGenerator(seed: 11)
        let good = Array("a.b:1:2|ms|@0.5|#k:v,w|c:x\nb:+1|g\nc:d|s\n_e{1,1}:a|b\n_sc|a|1\n".utf8)
        var interval = Interval()
        for end in good.indices { interval.aggregator.take(good, count: end) }
        for _ in 0..<5000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...10, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            interval.aggregator.take(bytes, count: bytes.count)
        }
        for point in interval.flushed() { #expect(!point.value.number.isNaN) }
    }
}

@Suite struct QuantileSketchTests {
    @Test(arguments: [1 as UInt64, 2, 3])
    func `quantiles are within two percent of those of the sorted values`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var sketch = QuantileSketch()
        var values: [Double] = []
        for _ in 0..<10_000 {
            // From a millisecond to a few minutes, as durations are.
            let value = Double.random(in: 0.001...1, using: &random) * [1, 10, 200].randomElement(using: &random)!
            values.append(value)
            sketch.add(value)
        }
        values.sort()
        for share in [0.25, 0.5, 0.9, 0.99, 0.999] {
            let exact = values[Int(share * Double(values.count - 1))]
            let told = try #require(sketch.quantile(share))
            #expect(abs(told - exact) <= 0.0201 * exact, "\(share): \(told) for \(exact)")
        }
        #expect(sketch.minimum == values[0] && sketch.maximum == values[9999])
        #expect(sketch.bins <= QuantileSketch.binLimit)
    }

    @Test func `values of all sizes and both signs keep to the bound, and high quantiles stay exact`() throws {
        var sketch = QuantileSketch()
        for power in -300...300 {
            sketch.add(.init(sign: .plus, exponent: power * 3, significand: 1))
            sketch.add(.init(sign: .minus, exponent: power * 3, significand: 1))
            sketch.add(0)
        }
        #expect(sketch.bins <= 2 * QuantileSketch.binLimit)
        #expect(sketch.count == 1803)
        // The third from the top.
        let high = Double(sign: .plus, exponent: 894, significand: 1)
        #expect(abs(try #require(sketch.quantile(0.9989)) - high) <= 0.0201 * high)
        #expect(sketch.quantile(0.5) == 0)
        #expect(QuantileSketch().quantile(0.5) == nil)
    }
}
