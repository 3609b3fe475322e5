import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Clients of other makes, as producers and as consumers.
    @Suite struct Clients {
        struct Sending: Sendable, CustomStringConvertible {
            var client: PythonClient?
            var compression: String
            var acks = "all"
            var isIdempotent = false
            var isKeyed = true

            static let codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

            var description: String {
                "\(client?.rawValue ?? "kcat"), \(compression), acks=\(acks)\(isIdempotent ? ", idempotent" : "")"
                    + (isKeyed ? "" : ", without keys")
            }

            /// A client with each codec, and with each way of acknowledgement.
            static func all(of client: PythonClient?) -> [Sending] {
                codecs.map { Sending(client: client, compression: $0) } + [
                    Sending(client: client, compression: "lz4", acks: "0"),
                    Sending(client: client, compression: "none", acks: "1"),
                    Sending(client: client, compression: "lz4", isIdempotent: true),
                    Sending(client: client, compression: "zstd", acks: "1", isKeyed: false),
                ]
            }
        }

        @Test(arguments: PythonClient.allCases.map(Optional.some) + [nil])
        func `what each client writes is read back the same by every client`(client: PythonClient?) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "num.partitions: 3")
                let sent = SampleLines.keyed(300)
                let lines = try place.write("lines", SampleLines.text(sent))
                let unkeyed = try place.write("values", SampleLines.text(sent.map(\.value)))
                let values = Set(sent.map(\.value))
                let wanted = Dictionary(grouping: sent) { String(decoding: $0.key, as: UTF8.self) }
                    .mapValues { $0.map(\.value) }
                try await withThrowingTaskGroup { group in
                    for (number, sending) in Sending.all(of: client).enumerated() {
                        group.addTask {
                            let topic = "sent-\(number)"
                            try await place.send(
                                sending, collector.address, topic,
                                client == nil && !sending.isKeyed ? unkeyed : lines)
                            var read = try await place.kcatRead(collector.address, topic)
                            if sending.acks == "0" {
                                try await eventually("what nobody acknowledges has arrived") {
                                    read = try await place.kcatRead(collector.address, topic)
                                    return read.count >= sent.count
                                }
                            }
                            if sending.isKeyed {
                                #expect(read.valuesByKey == wanted, "\(sending) read by kcat")
                            } else {
                                #expect(read.allSatisfy { $0.key == nil }, "\(sending)")
                                #expect(read.count == sent.count && Set(read.compactMap(\.value)) == values)
                            }
                            let stored = try place.storedCodecs(topic, partitions: 3)
                            let codec = Sending.codecs.firstIndex(of: sending.compression) ?? 0
                            // librdkafka leaves a batch as it is that would not become smaller.
                            #expect(stored.contains(codec) && stored.isSubset(of: [codec, 0]), "\(sending): \(stored)")
                            // Every reader sees every codec, over the four cases of this test.
                            let turn = (client.flatMap { PythonClient.allCases.firstIndex(of: $0) } ?? 3) + number
                            let reader = PythonClient.allCases[turn % 3]
                            let again = try await place.read(reader, collector.address, topic)
                            #expect(Set(again) == Set(read), "\(sending) read by \(reader.rawValue)")
                            #expect(again.count == read.count)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }

        @Test(arguments: PythonClient.allCases)
        func `what the agent ships is read the same by each client`(client: PythonClient) async throws {
            try await Playground.run { place in
                let lines = SampleLines.lines(0..<5000, of: "web")
                try place.write("logs/web.log", SampleLines.text(lines))
                let collector = try await place.collector(settings: "topics: [{match: \"logs.*\", partitions: 4}]")
                for compression in ["lz4", "gzip", "none"] {
                    let configuration = try place.agentConfiguration(
                        compression, bootstrap: collector.address, compression: compression,
                        sources: "  - {name: \(compression), type: file, include: ['\(place.path("logs").path)/*.log']}"
                    )
                    let begun = Int(Date().timeIntervalSince1970 * 1000)
                    try await place.shipOnce(configuration)
                    let ended = Int(Date().timeIntervalSince1970 * 1000)
                    let read = try await place.read(client, collector.address, "logs.\(compression)")
                    #expect(read.map(\.value) == lines)
                    #expect(Set(read.map(\.key)) == [Data("here:\(place.path("logs/web.log").path)".utf8)])
                    #expect(read.allSatisfy { (begun...ended).contains($0.timestamp) })
                }
            }
        }

        @Test func `records without key, without value, empty, and of a megabyte`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                let large = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
                let file = try place.write("large", large)
                _ = try await place.python(
                    "odd_records.py", ["--bootstrap", collector.address, "odd", file.path])
                let read = try await place.kcatRead(collector.address, "odd")
                #expect(read.map(\.key) == [nil, Data("k".utf8), Data(), nil])
                #expect(read.map(\.value) == [Data("v".utf8), nil, Data(), large])
                for client in PythonClient.allCases {
                    #expect(try await place.read(client, collector.address, "odd") == read, "\(client.rawValue)")
                }
            }
        }
    }
}

extension Playground {
    fileprivate func send(
        _ sending: EndToEndTests.Clients.Sending, _ address: String, _ topic: String, _ lines: URL
    ) async throws {
        guard let client = sending.client else {
            try await succeed(
                Programs.kcat,
                ["-P", "-b", address, "-t", topic] + (sending.isKeyed ? ["-K", "\t"] : [])
                    + ["-z", sending.compression, "-X", "acks=\(sending.acks)"]
                    + ["-X", "enable.idempotence=\(sending.isIdempotent)"],
                input: lines)
            return
        }
        try await write(
            client, address, topic, lines,
            options: ["--compression", sending.compression, "--acks", sending.acks]
                + (sending.isIdempotent ? ["--idempotent"] : []) + (sending.isKeyed ? [] : ["--unkeyed"]))
    }

    /// The codecs in the attributes of a topic's stored batches, by Kafka's numbers.
    fileprivate func storedCodecs(_ topic: String, partitions: Int) throws -> Set<Int> {
        var codecs: Set<Int> = []
        for partition in 0..<partitions {
            let log = try Data(contentsOf: path("data/\(topic)-\(partition)/00000000000000000000.log"))
            var position = 0
            // Whole batches; behind the last one there may be room that was reserved.
            while position + 61 <= log.count {
                let length = log[(position + 8)..<(position + 12)].reduce(0) { $0 << 8 | Int($1) }
                if length == 0 { break }
                codecs.insert(Int(log[position + 22]) & 7)
                position += 12 + length
            }
        }
        return codecs
    }
}
