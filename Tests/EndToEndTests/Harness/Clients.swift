import Foundation
import Testing

/// A record as every client of these tests prints it.
struct Record: Hashable {
    var partition: Int
    var offset: Int
    var timestamp: Int
    var key: Data?
    var value: Data?

    /// Reads `PARTITION OFFSET TIMESTAMP KEYLENGTH VALUELENGTH `, the key, the value and a newline, again and again;
    /// a length of -1 is no value at all.
    static func parse(_ bytes: Data) throws -> [Record] {
        var records: [Record] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var numbers: [Int] = []
            for _ in 0..<5 {
                guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                    let number = Int(String(decoding: rest[..<space], as: UTF8.self))
                else { throw ProgramFailure("record \(records.count) is not as it should be") }
                numbers.append(number)
                rest = rest[(space + 1)...]
            }
            guard rest.count > max(0, numbers[3]) + max(0, numbers[4]) else {
                throw ProgramFailure("record \(records.count) is cut off")
            }
            let key = rest.prefix(max(0, numbers[3]))
            let value = rest.dropFirst(key.count).prefix(max(0, numbers[4]))
            rest = rest.dropFirst(key.count + value.count + 1)
            records.append(
                Record(
                    partition: numbers[0], offset: numbers[1], timestamp: numbers[2],
                    key: numbers[3] < 0 ? nil : Data(key), value: numbers[4] < 0 ? nil : Data(value)))
        }
        return records
    }
}

/// The clients for Python; the raw value is their name for the scripts.
enum PythonClient: String, CaseIterable, CustomTestStringConvertible {
    case kafkaPython = "kafka-python"
    case confluent
    case aiokafka

    var testDescription: String { rawValue }
}

extension Playground {
    /// Reads a topic to its end, with kcat; a topic that is not there yet has no records.
    ///
    /// - Parameter offset: as kcat takes it.
    func kcatRead(_ address: String, _ topic: String, from offset: String = "beginning") async throws -> [Record] {
        let kcat = try start(
            Programs.kcat,
            ["-C", "-b", address, "-t", topic, "-o", offset, "-e", "-q", "-f", "%p %o %T %K %S %k%s\n"]
                + ["-X", "check.crcs=true"])
        let code = try await kcat.wait()
        if code == 1 && kcat.standardError.contains("Unknown topic") { return [] }
        guard code == 0 else { throw ProgramFailure("kcat ended with \(code): \(kcat.standardError)") }
        return try Record.parse(kcat.standardOutput)
    }

    /// Writes lines, each `key TAB value`, with kcat.
    func kcatWrite(_ address: String, _ topic: String, _ lines: URL, options: [String] = []) async throws {
        try await succeed(Programs.kcat, ["-P", "-b", address, "-t", topic, "-K", "\t"] + options, input: lines)
    }

    func python(_ script: String, _ arguments: [String]) async throws -> Data {
        try await succeed(Programs.python, [Programs.script(script).path] + arguments)
    }

    func read(_ client: PythonClient, _ address: String, _ topic: String, options: [String] = []) async throws
        -> [Record]
    {
        try Record.parse(
            try await python("consume.py", ["--client", client.rawValue, "--bootstrap", address, topic] + options))
    }

    func write(
        _ client: PythonClient, _ address: String, _ topic: String, _ lines: URL, options: [String] = []
    ) async throws {
        _ = try await python(
            "produce.py", ["--client", client.rawValue, "--bootstrap", address, topic, lines.path] + options)
    }
}

extension Sequence<Record> {
    /// The values of each key, in the order of arrival.
    var valuesByKey: [String: [Data]] {
        reduce(into: [:]) {
            $0[String(decoding: $1.key ?? Data(), as: UTF8.self), default: []].append($1.value ?? Data())
        }
    }
}
