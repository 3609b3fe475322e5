import Foundation
import Testing

extension EndToEndTests {
    /// What every client does beside writing and reading a few lines: large records, many partitions, times.
    @Suite struct Matrix {
        @Test(arguments: PythonClient.allCases.map(Optional.some) + [nil])
        func `records of ten megabytes are written by each client and read by others`(client: PythonClient?)
            async throws
        {
            try await Playground.run { place in
                let collector = try await place.collector(
                    settings: "topics: [{match: large, max.message.bytes: 12582912, retention.ms: -1}]")
                // Of more than a codec's window, with any byte but those that end a line or a key.
                var random = SeededBytes(seed: 7)
                let part = Data((0..<1 << 17).map { _ in random.next() | 0x20 })
                let value = (0..<80).reduce(into: Data()) { value, _ in value += part }
                let lines = try place.write("lines", Data("k\t".utf8) + value + Data("\n".utf8))
                if let client {
                    try await place.write(client, collector.address, "large", lines)
                } else {
                    try await place.kcatWrite(
                        collector.address, "large", lines, options: ["-X", "message.max.bytes=12582912"])
                }
                #expect(try await place.kcatRead(collector.address, "large").map(\.value) == [value])
                let reader = PythonClient.next(to: client)
                #expect(try await place.read(reader, collector.address, "large").map(\.value) == [value])
            }
        }

        /// Of confluent-kafka there is one among the tests of topics.
        @Test(arguments: [PythonClient.kafkaPython, .aiokafka])
        func `a topic of two hundred partitions is written by each client and read by others`(
            client: PythonClient
        ) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "num.partitions: 200")
                let sent = (0..<2000).map { (key: Data("key \($0)".utf8), value: Data("value \($0)".utf8)) }
                let lines = try place.write("lines", SampleLines.text(sent))
                try await place.write(client, collector.address, "wide", lines)
                let read = Set(try await place.kcatRead(collector.address, "wide"))
                #expect(Set(read.map(\.value)) == Set(sent.map(\.value)))
                #expect(Set(read.map(\.partition)).count > 150)
                let reader = PythonClient.next(to: client)
                #expect(try await Set(place.read(reader, collector.address, "wide")) == read)
            }
        }

        @Test(arguments: PythonClient.allCases)
        func `each client finds its place by time, in what each client wrote`(client: PythonClient) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "num.partitions: 3")
                let start = 1_700_000_000_000
                let sent = SampleLines.keyed(300)
                let lines = try place.write("lines", SampleLines.text(sent))
                try await place.write(
                    client, collector.address, "times", lines, options: ["--from-time", "\(start)"])
                let reader = PythonClient.next(to: client)
                for asked in [start + 150_500, start + 299_000] {
                    let wanted = Set((0..<300).map { start + $0 * 1000 }.filter { $0 >= asked })
                    let read = try await place.read(
                        reader, collector.address, "times", options: ["--from-time", "\(asked)"])
                    #expect(Set(read.map(\.timestamp)) == wanted, "\(reader.rawValue) from \(asked)")
                    #expect(read.count == wanted.count)
                    let cat = try await place.kcatRead(collector.address, "times", from: "s@\(asked)")
                    #expect(Set(cat.map(\.timestamp)) == wanted, "kcat from \(asked)")
                }
            }
        }
    }
}

extension PythonClient {
    /// Over the cases of a test, in which each client writes, each reads what another has written.
    fileprivate static func next(to client: PythonClient?) -> PythonClient {
        let number = client.flatMap { allCases.firstIndex(of: $0) } ?? 2
        return allCases[(number + 1) % allCases.count]
    }
}

private struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
