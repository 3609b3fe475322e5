import Foundation
import HostMetrics
import Primitives
import Testing

private let metric = Metric("test.value", .gauge, unit: "1", "A value.", source: "(test)")

private func encode(_ points: [MetricPoint], host: String? = nil) -> (records: [[UInt8]], leftOut: Int) {
    var encoder = JSONPointEncoder(host: host)
    var records: [[UInt8]] = []
    let leftOut = encoder.encode(points, into: &records)
    return (records, leftOut)
}

private func point(_ value: MetricValue, _ attributes: MetricAttribute...) -> MetricPoint {
    MetricPoint(metric, value, attributes, at: Timestamp(milliseconds: 1_795_263_231_000))
}

/// What Foundation's parser makes of a record.
private func parsed(_ record: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(record)) as? [String: Any])
}

@Suite struct JSONPointEncoderTests {
    @Test func `a point is one object with all that belongs to it`() {
        var counted = point(.integer(7), MetricAttribute("cpu.mode", "user"), MetricAttribute("n", .integer(3)))
        counted.start = Timestamp(milliseconds: 1_795_263_200_000)
        counted.isReset = true
        let (records, leftOut) = encode([counted], host: "web-\"1\"")
        #expect(leftOut == 0)
        #expect(
            records.map { String(decoding: $0, as: UTF8.self) } == [
                #"{"name":"test.value","value":7,"unit":"1","kind":"gauge","start":1795263200000,"reset":true,"#
                    + #""timestamp":1795263231000,"host":"web-\"1\"","attributes":{"cpu.mode":"user","n":3}}"#
            ])
    }

    @Test func `records are appended to what the caller has`() {
        var encoder = JSONPointEncoder(host: nil)
        var records: [[UInt8]] = [[1]]
        _ = encoder.encode([point(.integer(1)), point(.integer(2))], into: &records)
        #expect(records.count == 3 && records[0] == [1])
    }

    @Test func `every pair of bytes in an attribute gives valid JSON and reads back as UTF-8 repaired`() throws {
        for first in UInt8.min...UInt8.max {
            let points = (UInt8.min...UInt8.max).map { second in
                point(.integer(0), MetricAttribute("k", [UInt8(ascii: "a"), first, second, UInt8(ascii: "z")]))
            }
            for (second, record) in zip(UInt8.min...UInt8.max, encode(points).records) {
                let attributes = try #require(try parsed(record)["attributes"] as? [String: String])
                let bytes = [UInt8(ascii: "a"), first, second, UInt8(ascii: "z")]
                // As scalars: a carriage return and a line feed are one character, but two scalars.
                let expected = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
                #expect(attributes["k"].map { Array($0.unicodeScalars) } == expected)
                #expect(!record.contains { $0 < 0x20 })
            }
        }
    }

    @Test func `a double reads back as the same and is told from an integer`() throws {
        var generator = SystemRandomNumberGenerator()
        var values: [Double] = [
            0, -0.0, 12, 0.1, 1e-5, 1e16, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1 / 3, 156.52,
        ]
        for _ in 0..<2000 { values.append(Double(bitPattern: UInt64.random(in: .min ... .max, using: &generator))) }
        for value in values where value.isFinite {
            let record = encode([point(.double(value))]).records[0]
            let text = String(decoding: record, as: UTF8.self)
            let number = try #require(text.firstMatch(of: /"value":([^,]*),/)?.1)
            #expect(Double(number) == value)
            #expect(number.contains { $0 == "." || $0 == "e" })
            #expect(try parsed(record)["value"] is NSNumber)
        }
        for value in [Int64.min, -1, 0, 1, .max] {
            let number = try #require(try parsed(encode([point(.integer(value))]).records[0])["value"] as? NSNumber)
            #expect(number.int64Value == value)
        }
    }

    @Test func `what is not a number is left out and counted`() {
        let (records, leftOut) = encode([
            point(.double(.nan)), point(.integer(1)), point(.double(.infinity)), point(.double(-.infinity)),
        ])
        #expect(records.count == 1 && leftOut == 3)
    }
}
