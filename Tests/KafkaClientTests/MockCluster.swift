import Foundation
import KafkaClient

/// librdkafka's mock cluster, in a process of its own that ends with this object or with ours.
final class MockCluster {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    let brokers: [BrokerAddress]

    struct Failure: Error {
        var said: String
    }

    init(brokers count: Int) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_PYTHON"]
        process.executableURL = named.map { URL(filePath: $0) } ?? root.appending(path: ".build/venv/bin/python")
        process.arguments = [
            root.appending(path: "Tests/EndToEndTests/Clients/mock_cluster.py").path, "--brokers", "\(count)",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        brokers = try BrokerAddress.list(Self.line(from: output))
    }

    deinit {
        process.terminate()
    }

    /// Does what a line of `mock_cluster.py` says.
    func perform(_ command: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
        let answer = try Self.line(from: output)
        if answer != "ok" { throw Failure(said: "\(command): \(answer)") }
    }

    private static func line(from pipe: Pipe) throws -> String {
        var line: [UInt8] = []
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        throw Failure(said: "the mock cluster ended")
    }
}
