import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// `kill -9` in mid-stream.
    @Suite struct Deaths {
        @Test func `whatever was acknowledged survives the collector's deaths, once and in order`() async throws {
            try await Playground.run { place in
                let settings = """
                    num.partitions: 2
                    topics: [{match: confluent, segment.bytes: 128KiB}, {match: kcat, segment.bytes: 128KiB}]
                    """
                var collector = try await place.collector(settings: settings)
                let address = collector.address
                let count = 12_000
                let sent = SampleLines.keyed(count)
                let input = try place.write("input", SampleLines.text(sent))
                // Topics first, so that the readers begin before the writers.
                for topic in ["confluent", "kcat", "logs.app"] {
                    try await place.succeed(Programs.kcat, ["-L", "-b", address, "-t", topic])
                }
                let reader = try place.start(
                    Programs.kcat,
                    ["-C", "-E", "-b", address, "-t", "confluent", "-u", "-q", "-f", "%p %o %T %K %S %k%s\n"]
                        + ["-X", "reconnect.backoff.max.ms=200", "-X", "check.crcs=true"])
                let agent = try place.agent(try place.agentConfiguration(bootstrap: address))
                let confluent = try place.start(
                    Programs.python,
                    [Programs.script("produce.py").path, "--client", "confluent", "--bootstrap", address]
                        + ["--compression", "lz4", "--idempotent", "--rate", "3000"]
                        + ["--record", place.path("acknowledged").path, "confluent", input.path])
                let kcat = try place.start(
                    Programs.kcat,
                    [
                        "-P", "-E", "-b", address, "-t", "kcat", "-K", "\t", "-z", "gzip", "-X",
                        "enable.idempotence=true",
                    ]
                        + ["-X", "batch.num.messages=50", "-X", "reconnect.backoff.max.ms=200"],
                    input: input)
                let logged = SampleLines.lines(0..<count, of: "logged")

                // Each death comes while all of them write.
                for death in 0..<4 {
                    let part = death * count / 4..<(death + 1) * count / 4
                    for start in stride(from: part.lowerBound, to: part.upperBound, by: 100) {
                        try place.append("logs/app.log", SampleLines.text(Array(logged[start..<start + 100])))
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    try await eventually("more is acknowledged") {
                        place.lineCount("acknowledged") > death * count / 5 + 300
                    }
                    try await collector.program.killAndWait()
                    collector = try await place.collector(listen: address, settings: settings)
                }

                #expect(try await confluent.wait() == 0)
                #expect(try await kcat.wait() == 0)
                #expect(place.lineCount("acknowledged") == count)
                let wanted = Dictionary(grouping: sent) { String(decoding: $0.key, as: UTF8.self) }
                    .mapValues { $0.map(\.value) }
                let read = try await place.kcatRead(address, "confluent")
                #expect(read.valuesByKey == wanted)
                #expect(try await place.kcatRead(address, "kcat").valuesByKey == wanted)
                try await eventually("the agent's lines are there") {
                    try await place.kcatRead(address, "logs.app").count >= count
                }
                #expect(try await place.kcatRead(address, "logs.app").map(\.value) == logged)

                try await eventually("the reader has all") {
                    try Record.parseWhole(reader.standardOutput).count >= count
                }
                #expect(try Set(Record.parse(reader.standardOutput)) == Set(read))
                #expect(try Record.parse(reader.standardOutput).valuesByKey == wanted)
                // What it complains about is the connection, never what it reads.
                for word in ["CRC", "Bad message", "corrupt", "out of range", "parse", "malformed"] {
                    #expect(!reader.standardError.localizedCaseInsensitiveContains(word))
                }
                #expect(reader.isRunning)
                #expect(try await agent.stop() == 0)
                #expect(try await collector.program.stop() == 0)
            }
        }

        @Test func `nothing is lost by the agent's deaths, and each file keeps its order`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: "num.partitions: 3")
                let configuration = try place.agentConfiguration(bootstrap: collector.address)
                let files = ["one", "two", "three"]
                let count = 15_000
                let lines = Dictionary(
                    uniqueKeysWithValues: files.map { ($0, SampleLines.lines(0..<count, of: $0)) })
                for file in files { try place.write("logs/\(file).log", Data()) }

                var agent = try place.agent(configuration)
                let writing = Task {
                    for start in stride(from: 0, to: count, by: 250) {
                        for file in files {
                            let part = Array(lines[file]![start..<start + 250])
                            try place.append("logs/\(file).log", SampleLines.text(part))
                        }
                        try await Task.sleep(for: .milliseconds(30))
                    }
                }
                for death in 0..<6 {
                    let before = place.bytes(of: "data")
                    try await eventually("the agent ships") { place.bytes(of: "data") > before + 10_000 }
                    try await agent.killAndWait()
                    if death == 2 {
                        // Rotated while nobody looks.
                        try FileManager.default.moveItem(
                            at: place.path("logs/two.log"), to: place.path("logs/two.log.1"))
                    }
                    agent = try place.agent(configuration)
                }
                try await writing.value
                try await eventually("every line is there") {
                    Set(try await place.kcatRead(collector.address, "logs.app").map(\.value)).count >= count * 3
                }
                #expect(try await agent.stop() == 0)
                let read = try await place.kcatRead(collector.address, "logs.app").valuesByKey
                for file in files {
                    var seen: Set<Data> = []
                    let first = read["here:\(place.path("logs/\(file).log").path)", default: []]
                        .filter { seen.insert($0).inserted }
                    if file == "two" {
                        #expect(Set(first) == Set(lines[file]!))
                    } else {
                        #expect(first == lines[file])
                    }
                }
            }
        }

        @Test func `a collector that is killed while it compacts has the newest record of each key`() async throws {
            try await Playground.run { place in
                // So slow that the kill finds it at work.
                let settings = """
                    log.cleaner.backoff.ms: 100
                    log.cleaner.io.max.bytes.per.second: 64KiB
                    topics:
                      - match: table
                        cleanup.policy: compact
                        min.cleanable.dirty.ratio: 0
                        segment.bytes: 16KiB
                    """
                var collector = try await place.collector(settings: settings)
                let address = collector.address
                var random = SystemRandomNumberGenerator()
                var last: [Data: Data] = [:]
                var written = 0
                var sawCompaction = 0
                for round in 0..<6 {
                    let records = (0..<1500).map { number in
                        ("key \(number % 700)", "round \(round), \(number) \(random.next()) \(random.next())")
                    }
                    for (key, value) in records { last[Data(key.utf8)] = Data(value.utf8) }
                    written += records.count
                    let input = try place.write("input", records.map { "\($0)\t\($1)\n" }.joined())
                    try await place.kcatWrite(
                        address, "table", input, options: ["-z", "zstd", "-X", "batch.num.messages=100"])
                    try await eventually("it compacts") { place.isCompacting("data/table-0") }
                    sawCompaction += 1
                    try await collector.program.killAndWait()
                    collector = try await place.collector(listen: address, settings: settings)
                }
                #expect(sawCompaction == 6)
                try await eventually("much is gone") {
                    try await place.kcatRead(address, "table").count < written / 3
                }
                let read = try await place.kcatRead(address, "table")
                #expect(read.map(\.offset) == read.map(\.offset).sorted())
                var found: [Data: Data] = [:]
                for record in read { found[record.key ?? Data()] = record.value }
                #expect(found == last)
                #expect(try await collector.program.stop() == 0)
                try await place.succeed(Programs.collector, ["verify", place.path("data").path])
            }
        }

        @Test func `a cut at the end of a log is told, and what was acknowledged before it is served`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector()
                let sent = SampleLines.keyed(500)
                let input = try place.write("input", SampleLines.text(sent))
                try await place.kcatWrite(collector.address, "torn", input)
                let before = try await place.kcatRead(collector.address, "torn")
                try await collector.program.killAndWait()
                // As a power failure leaves it: the beginning of a batch that nobody was told to be safe.
                try place.append("data/torn-0/00000000000000000000.log", Data([0, 0, 0, 0, 0, 0, 1, 244, 0, 0, 9]))
                let again = try await place.collector(listen: collector.address)
                #expect(again.program.standardError.contains("cut 11 bytes of an unfinished write"))
                #expect(try await place.kcatRead(again.address, "torn") == before)
                try await place.kcatWrite(again.address, "torn", input)
                let after = try await place.kcatRead(again.address, "torn")
                #expect(after.map(\.offset) == Array(0..<1000))
                #expect(after.map(\.value) == (sent + sent).map(\.value))
            }
        }
    }
}

extension Playground {
    /// Whether a partition has files of a compaction that is under way.
    fileprivate func isCompacting(_ partition: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path(partition).path)) ?? []
        return names.contains { $0.hasSuffix(".cleaned") }
    }

    fileprivate func lineCount(_ name: String) -> Int {
        ((try? Data(contentsOf: path(name))) ?? Data()).count { $0 == UInt8(ascii: "\n") }
    }
}

extension Playground {
    /// What all logs of a data directory have.
    fileprivate func bytes(of data: String) -> Int {
        let files = FileManager.default.enumerator(at: path(data), includingPropertiesForKeys: [.fileSizeKey])
        return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "log" }
            .reduce(0) { $0 + ((try? $1.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0) }
    }
}

extension Record {
    /// As `parse`, of what is still being written.
    fileprivate static func parseWhole(_ bytes: Data) throws -> [Record] { (try? parse(bytes)) ?? [] }
}
