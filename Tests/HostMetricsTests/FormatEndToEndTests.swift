import Foundation
import HostMetrics
import Primitives
import Testing

/// Each format, read by the parser of those who made it (`read-metrics.py`): the Python packages opentelemetry-proto,
/// prometheus-client and line-protocol-parser, which `scripts/install-packages --tests` installs.
@Suite struct FormatEndToEndTests {
    /// What a parser makes of a point.
    private struct Told: Hashable {
        var name: String
        var kind: String?
        var value: Double
        var attributes: [String: String]
        var time: Int
        var start: Int?
    }

    private static let hostile = [
        "", "a\\", "a b", "a,b=c d", "\"quoted\"", "new\nline", "tab\t", "back\\slash", "é", "{}", "\u{7f}", "#",
    ]

    /// All points of some machines, and some that are made to be hard.
    private func points(of machines: [String] = machines) -> [MetricPoint] {
        let metric = Metric("test.value", .gauge, unit: "By/s", "A \"value\"\nwith\\everything.", source: "(test)")
        let now = FixedClock().now()
        var points = Self.hostile.enumerated().map { index, text in
            MetricPoint(
                metric, .integer(Int64(index)),
                [MetricAttribute("n", .integer(Int64(index))), MetricAttribute("key.of", text)], at: now)
        }
        points.append(MetricPoint(metric, .double(.nan), [], at: now))
        let big = Metric("test.big", .counter, unit: "1", "A big number.", source: "(test)")
        points.append(MetricPoint(big, .integer(.max), [MetricAttribute("bytes", [0x61, 0xff, 0x62])], at: now))
        let delta = Metric("test.delta", .delta, unit: "1", "A delta.", source: "(test)")
        points.append(MetricPoint(delta, .double(1e-9), [], at: now))
        for machine in machines {
            let host = FixtureHost(machine)
            var sampler = host.sampler(Set(CollectorKind.allCases))
            points += sampler.sample().points.map { point in
                var point = point
                point.attributes.append(MetricAttribute("machine", machine))
                return point
            }
        }
        return points
    }

    private func read(_ points: [MetricPoint], _ format: MetricFormat) throws -> (told: [Told], records: Int) {
        var encoder = format.encoder(
            for: HostIdentity(name: "web-1", id: "0123456789abcdef0123456789abcdef"))
        var records: [[UInt8]] = []
        #expect(encoder.encode(points, into: &records) == points.count { !$0.value.asDouble.isFinite })
        var input = Data()
        for record in records {
            input.append(Data(String(format: "%08x", record.count).utf8))
            input.append(contentsOf: record)
        }
        let told = try runReader(format, input).split(separator: "\n").map { line in
            let parts = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
            return Told(
                name: try #require(parts[0] as? String), kind: parts[1] as? String,
                value: try #require((parts[2] as? String).flatMap { Double($0) }),
                attributes: try #require(parts[3] as? [String: String]),
                time: try #require(parts[4] as? Int), start: parts[5] as? Int)
        }
        return (told, records.count)
    }

    private func runReader(_ format: MetricFormat, _ input: Data) throws -> String {
        let directory = URL(filePath: #filePath).deletingLastPathComponent()
        let file = FileManager.default.temporaryDirectory.appending(path: "tributary-metrics-\(UUID())")
        try input.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = python
        process.arguments = [directory.appending(path: "read-metrics.py").path, format.rawValue]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "the reader of \(format.rawValue) refused something: see above")
        return String(decoding: answer, as: UTF8.self)
    }

    /// Not to the last bit, which the parser of InfluxDB's lines loses.
    private func isSame(_ left: Double, _ right: Double) -> Bool { abs(left - right) <= 1e-12 * abs(right) }

    private func text(_ value: AttributeValue) -> String {
        switch value {
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let number): String(number)
        }
    }

    @Test func `OpenTelemetry's own messages take every record of otlp_json, and hold what the points hold`() throws {
        let points = points()
        let (told, records) = try read(points, .otlpJSON)
        #expect(records > 1)
        let expected = points.filter { $0.value.asDouble.isFinite }.map { point in
            Told(
                name: point.name, kind: point.kind.rawValue, value: point.value.asDouble,
                attributes: Dictionary(uniqueKeysWithValues: point.attributes.map { ($0.key, text($0.value)) }),
                time: Int(point.timestamp.milliseconds), start: point.start.map { Int($0.milliseconds) })
        }
        #expect(told.count == expected.count)
        #expect(Set(told) == Set(expected))
    }

    @Test func `a parser of InfluxDB's line protocol reads every line, and what the points hold`() throws {
        let points = points()
        let (told, records) = try read(points, .influx)
        let finite = points.filter { $0.value.asDouble.isFinite }
        #expect(records == finite.count)
        for (told, point) in zip(told, finite) {
            var attributes: [String: String] = [:]
            for attribute in point.attributes {
                var value = text(attribute.value)
                while value.hasSuffix("\\") { value.removeLast() }
                value = String(
                    String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
                if !value.isEmpty { attributes[attribute.key] = value }
            }
            #expect(told.name == point.name && told.attributes == attributes)
            #expect(told.time == Int(point.timestamp.milliseconds))
            #expect(isSame(told.value, point.value.asDouble))
        }
    }

    @Test(arguments: MetricNames.allCases, machines)
    func `Prometheus' parser reads every page, and no series is there twice`(
        names: MetricNames, machine: String
    ) throws {
        var points = points(of: [machine])
        names.translate(&points)
        let (told, records) = try read(points, .prometheus)
        #expect(records > 0)
        let finite = points.filter { $0.value.asDouble.isFinite }
        #expect(told.count == finite.count)
        var series: Set<[String]> = []
        for point in told {
            let labels = point.attributes.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
            #expect(series.insert([point.name] + labels).inserted, "\(point.name) \(labels) twice")
        }
        #expect(told.map(\.value).sorted() == finite.map(\.value.asDouble).sorted())
        let expectedTypes = Set(["counter", "gauge", "unknown"])
        #expect(told.allSatisfy { expectedTypes.contains($0.kind ?? "") })
        let texts = Set(told.filter { $0.name == "test_value_bytes_per_second" }.map { $0.attributes["key_of"] ?? "" })
        #expect(texts == Set(Self.hostile))
    }
}
