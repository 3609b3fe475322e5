import HostMetrics
import Testing

/// Names that are not ours, as metrics of others may have them.
@Suite struct ForeignNameTests {
    private func point(_ name: String, _ kind: MetricKind, _ attributes: (String, String)...) -> MetricPoint {
        MetricPoint(
            Metric(name, kind, unit: "", "", source: "(test)"), .double(1),
            attributes.map { MetricAttribute($0.0, $0.1) }, at: FixedClock().now())
    }

    private func encode(_ format: MetricFormat, _ points: MetricPoint...) -> (lines: [String], leftOut: Int) {
        var encoder = format.encoder(for: HostIdentity(name: "web-1"))
        var records: [[UInt8]] = []
        let leftOut = encoder.encode(points, into: &records)
        let text = records.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        return (text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("# ") }, leftOut)
    }

    @Test func `names that Prometheus takes stay, and others are made so`() {
        let names = ["job:hits:rate", "hits", "hits-a", "1st", "a.b", "é"].map {
            encode(.prometheus, point($0, .gauge)).lines[0].prefix { $0 != "{" }
        }
        #expect(names == ["job:hits:rate", "hits", "hits_a", "_1st", "a_b", "__"])
        #expect(
            encode(.prometheus, point("a", .gauge, ("1x", "y"))).lines[0].hasPrefix("a{_1x=\"y\",instance=\"web-1\"}"))
    }

    @Test func `of two metrics that come to one name the second is left out and counted`() {
        let (lines, leftOut) = encode(.prometheus, point("a.b", .gauge), point("a_b", .gauge), point("c", .gauge))
        #expect(lines.map { $0.prefix { $0 != "{" } } == ["a_b", "c"])
        #expect(leftOut == 1)
    }

    @Test func `a label instance or a tag host that a metric brings is not doubled by the host's`() {
        let prometheus = encode(.prometheus, point("a", .gauge, ("instance", "b:1"))).lines[0]
        #expect(prometheus.hasPrefix("a{instance=\"b:1\"} "))
        let influx = encode(.influx, point("a", .gauge, ("host", "b"))).lines[0]
        #expect(influx.hasPrefix("a,host=b value="))
    }
}
