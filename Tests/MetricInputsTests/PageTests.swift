import HostMetrics
import Primitives
import TestSupport
import Testing

@testable import MetricInputs

private let text = #"""
    # HELP http_requests_total The total number of HTTP requests.
    # TYPE http_requests_total counter
    http_requests_total{method="post",code="200"} 1027 1395066363000
    http_requests_total{method="post",code="400"}    3

    # Escaping in label values:
    msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
    metric_without_timestamp_and_labels 12.47
    	 something_weird { problem = "division by zero" , } +Inf -3982045
    # TYPE rpc_duration_seconds summary
    rpc_duration_seconds{quantile="0.01"} 3102
    rpc_duration_seconds_sum 1.7560473e+07
    rpc_duration_seconds_count 2693
    # TYPE http_request_duration_seconds histogram
    http_request_duration_seconds_bucket{le="0.05"} 24054
    http_request_duration_seconds_bucket{le="+Inf"} 144320
    http_request_duration_seconds_sum 53423
    http_request_duration_seconds_count 144320

    """#

private let openMetrics = #"""
    # TYPE acme_http_router_request_seconds summary
    # UNIT acme_http_router_request_seconds seconds
    # HELP acme_http_router_request_seconds Latency though \"all\" requests.
    acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32
    acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0
    acme_http_router_request_seconds_created{path="/api/v1",method="GET"} 1605281325.0
    # TYPE foo histogram
    foo_bucket{le="0.1"} 8 # {} 0.054
    foo_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67
    foo_bucket{le="+Inf"} 17 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
    foo_count 17
    foo_sum 324789.3
    foo_created 1520430000.123
    # TYPE hits counter
    hits_total 17.0 1520879607.789
    # TYPE build info
    build_info{version="8.2.7"} 1
    # EOF

    """#

@Suite struct PageTests {
    @Test func `the text format's own example is read as it says, in pieces of any size`() throws {
        let expected = [
            "counter http_requests_total{method=post,code=200} 1027.0",
            "counter http_requests_total{method=post,code=400} 3.0",
            "msdos_file_access_time_seconds{path=C:\\DIR\\FILE.TXT,error=Cannot find file:\n\"FILE.TXT\"} 1458255915.0",
            "metric_without_timestamp_and_labels 12.47", "rpc_duration_seconds{quantile=0.01} 3102.0",
            "counter rpc_duration_seconds_sum 17560473.0", "counter rpc_duration_seconds_count 2693.0",
            "counter http_request_duration_seconds_bucket{le=0.05} 24054.0",
            "counter http_request_duration_seconds_bucket{le=+Inf} 144320.0",
            "counter http_request_duration_seconds_sum 53423.0", "counter http_request_duration_seconds_count 144320.0",
        ]
        for step in [Int.max, 1, 2, 7, 100] {
            let page = page(text, step: step)
            #expect(page.points.map(\.told) == expected)
            #expect(page.isWhole)
            // The timestamp before 1970, which the formats that are shipped do not have.
            #expect(page.malformed == 1)
            #expect(page.problem?.line == 9)
            #expect(page.samples == expected.count)
        }
        let whole = page(text)
        #expect(whole.points[0].timestamp == Timestamp(milliseconds: 1_395_066_363_000))
        #expect(whole.points[1].timestamp == now)
        #expect(whole.points[0].metric.summary == "The total number of HTTP requests.")
        #expect(whole.points[0].metric === whole.points[1].metric)
    }

    @Test func `of OpenMetrics types, units, times of creation and timestamps are taken, and exemplars counted`() {
        for step in [Int.max, 1, 13] {
            let page = page(openMetrics, .openMetrics, step: step)
            #expect(
                page.points.map(\.told) == [
                    "counter acme_http_router_request_seconds_sum{path=/api/v1,method=GET} 9036.32",
                    "counter acme_http_router_request_seconds_count{path=/api/v1,method=GET} 807283.0",
                    "counter foo_bucket{le=0.1} 8.0", "counter foo_bucket{le=1} 11.0",
                    "counter foo_bucket{le=+Inf} 17.0", "counter foo_count 17.0", "counter foo_sum 324789.3",
                    "counter hits_total 17.0", "build_info{version=8.2.7} 1.0",
                ])
            #expect(page.isWhole && page.malformed == 0 && page.exemplars == 3)
            let starts = page.points.map { $0.start?.milliseconds }
            #expect(
                starts == [Int64?](repeating: 1_605_281_325_000, count: 2)
                    + [Int64?](repeating: 1_520_430_000_123, count: 5) + [nil, nil])
            #expect(page.points[0].unit == "s" && page.points[1].unit == "")
            #expect(page.points[0].metric.summary == "Latency though \"all\" requests.")
            #expect(page.points[7].timestamp == Timestamp(milliseconds: 1_520_879_607_789))
        }
    }

    @Test func `a page is whole only where its format says that it ends`() {
        #expect(page("a 1\n").isWhole)
        #expect(page("").isWhole)
        #expect(!page("a 1\nb 2").isWhole)
        #expect(page("a 1\nb 2").points.count == 1)
        #expect(!page("a 1\n", .openMetrics).isWhole)
        #expect(page("a 1\n# EOF\n", .openMetrics).isWhole)
        let more = page("a 1\n# EOF\nb 2\n", .openMetrics)
        #expect(more.malformed == 1 && more.points.count == 1)
    }

    @Test(arguments: [
        "a", "a{} ", "a{b} 1", "a{b=1} 1", "a{b=\"c} 1", "a{b=\"c\"", "a{b=\"c\" d=\"e\"} 1", "a{b=\"c\",b=\"d\"} 1",
        "1a 1",
        "a 0x10", "a 1_000", "a one", "a 1 2 3", "a 1 x", "a 1 99999999999999999", "{a=\"b\"} 1", "a{b=\"\\",
        "# TYPE a thing",
        "# TYPE", "a 1 # {} 1", "a-b 1",
    ])
    func `a line that is none costs itself only, and is told with its number`(line: String) {
        let page = page("x 1\n\(line)\ny 2\n")
        #expect(page.points.map(\.told) == ["x 1.0", "y 2.0"])
        #expect(page.malformed == 1)
        #expect(page.problem?.line == 2)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0.5", -0.5), ("12.", 12), ("1e3", 1000), ("+7", 7), ("123456789012345", 123_456_789_012_345),
            ("0.1", 0.1), ("9007199254740993", 9_007_199_254_740_992),
            ("2.2250738585072014e-308", 2.2250738585072014e-308), ("1e999", Double.infinity),
            ("+Inf", .infinity), ("-inf", -.infinity), ("0.30000000000000004", 0.30000000000000004),
        ] as [(String, Double)])
    func `numbers are read to the last bit`(text: String, value: Double) {
        let bytes = Array(text.utf8)
        #expect(exposedNumber(bytes, bytes.indices) == value)
    }

    @Test func `what is no number is none, whatever Swift would take it for`() {
        for text in ["", "-", ".", "0x1p3", "1_0", "nano", "infinit", "1 ", "１", "--1", "e", "1e"] {
            let bytes = Array(text.utf8)
            #expect(exposedNumber(bytes, bytes.indices) == nil, "\(text)")
        }
        #expect(exposedNumber(Array("NaN".utf8), 0..<3)?.isNaN == true)
    }

    @Test func `series beyond the limit, and those that were there before, are left out and counted`() {
        let many = (0..<5000).map { "m{n=\"\($0)\"} 1\n" }.joined() + "m{n=\"1\"} 2\n"
        let page = page(many, series: 100)
        #expect(page.points.count == 100)
        #expect(page.samples == 5001 && page.dropped == 4901)
        let twice = MetricInputsTests.page("a 1\na 2\na{b=\"c\"} 3\n")
        #expect(twice.points.map(\.told) == ["a 1.0", "a{b=c} 3.0"])
        #expect(twice.dropped == 1)
    }

    @Test func `series without number, with names of their own and huge labels, take no more than the limit`() {
        var reader = PageReader(
            .text, ExpositionLimits(series: 200), catalog: MetricCatalog(source: "(test)"), at: now)
        let long = String(repeating: "v", count: 60_000)
        for number in 0..<1000 {
            reader.take(Array("# HELP m\(number) \(long)\n# TYPE m\(number) gauge\nm\(number){a=\"\(long)\"} 1\n".utf8))
        }
        for number in 0..<100 {
            let lines = (0..<1000).map { "n\(number)_\($0) 1\n" }.joined()
            reader.take(Array(lines.utf8))
        }
        let (page, _) = reader.finish()
        #expect(page.samples == 101_000)
        #expect(page.points.count <= 200)
        #expect(page.dropped == page.samples - page.points.count)
        let held = page.points.reduce(0) { $0 + $1.attributes.reduce(0) { $0 + $1.value.plain.utf8.count } }
        #expect(held <= 200 << 10)
    }

    @Test func `a line that is too long is left out, however it comes in`() {
        let long = "a{b=\"" + String(repeating: "x", count: 100_000) + "\"} 1"
        for step in [Int.max, 1000, 65_536] {
            let page = page("x 1\n\(long)\ny 2\n", step: step)
            #expect(page.points.map(\.told) == ["x 1.0", "y 2.0"])
            #expect(page.malformed == 1 && page.isWhole)
        }
        #expect(!page(String(repeating: "x", count: 200_000), step: 999).isWhole)
    }

    @Test func `labels that the scrape adds stand behind the page's own, which give way`() {
        let labels = [MetricAttribute("instance", "i"), MetricAttribute("job", "j")]
        let page = page("a{job=\"x\",exported_job=\"y\"} 1\nb 2\n", adding: labels)
        #expect(
            page.points.map(\.told) == [
                "a{exported_exported_job=x,exported_job=y,instance=i,job=j} 1.0", "b{instance=i,job=j} 2.0",
            ])
    }

    @Test func `bytes that are no UTF-8 are replaced, and NaN and infinity are values`() {
        let bytes = Array("a{b=\"".utf8) + [0xff, 0xfe] + Array("\"} NaN\nc -Inf\n".utf8)
        let page = page(bytes)
        #expect(page.points.map(\.told) == ["a{b=\u{fffd}\u{fffd}} nan", "c -inf"])
    }

    @Test(arguments: [ExpositionDialect.text, .openMetrics])
    func `a page cut at any byte, or with bits flipped, gives points that are none of another's`(
        dialect: ExpositionDialect
    ) {
        let bytes = Array((dialect == .text ? text : openMetrics).utf8)
        let whole = Set(page(bytes, dialect).points.map(\.told))
        for end in bytes.indices {
            let cut = page(Array(bytes[..<end]), dialect)
            #expect(whole.isSuperset(of: cut.points.map(\.told)), "cut at \(end)")
            if dialect == .openMetrics, end < bytes.count - 1 { #expect(!cut.isWhole) }
        }
        for index in bytes.indices {
            for bit in [index % 8, (index + 3) % 8] {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                let page = page(flipped, dialect)
                #expect(page.points.count <= whole.count + 1)
            }
        }
    }

    @Test func `any bytes at all are read to their end`() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "{", "}", "\"", "\\", "\n", " ", "#", "# TYPE a counter\n", "a", "_total", "=", ",", "1", "NaN", "# EOF\n",
        ]
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                if Bool.random(using: &random) {
                    bytes += pieces.randomElement(using: &random).map { Array($0.utf8) } ?? []
                } else {
                    bytes.append(.random(in: 0...255, using: &random))
                }
            }
            for dialect in ExpositionDialect.allCases {
                let page = page(bytes, dialect, step: Int.random(in: 1...20, using: &random))
                #expect(page.samples >= page.points.count && page.bytes == bytes.count)
            }
        }
    }
}
