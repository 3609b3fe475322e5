import BrokerCore
import BrokerTestSupport
import Foundation
import Fuzzing
import KafkaProtocol
import NIOCore
import Primitives
import RecordBatches
import TestSupport
import Testing

/// Requests of every API and version, as another implementation makes them; without the length before them.
private let goldenRequests: [[UInt8]] = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = tests.appending(path: "KafkaProtocolTests/Fixtures/kafka-python.txt")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { preconditionFailure("no \(file)") }
    return text.split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard words.count == 4, words[0].hasSuffix("Request") else { return nil }
        let digits = Array(words[3].utf8).map { UInt8($0 <= 0x39 ? $0 - 0x30 : $0 - 0x57) }
        return stride(from: 8, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}()

private func key(_ frame: [UInt8]) -> (key: Int16, version: Int16) {
    (Int16(frame[0]) << 8 | Int16(frame[1]), Int16(frame[2]) << 8 | Int16(frame[3]))
}

/// What is advertised, with a request of each layout that differs.
private func spokenRequests() throws -> (apis: [ApiVersionsResponse.API], frames: [[UInt8]]) {
    let target = try RequestTarget()
    var ask = ApiVersionsRequest().frame(version: 0, correlationID: 1, clientID: nil)
    ask.moveReaderIndex(forwardBy: 4)
    let reply = target.run(Array(ask.readableBytesView))
    guard case .frame(var answer) = reply else { throw WrongReply("ApiVersions was answered with \(reply)") }
    answer.moveReaderIndex(forwardBy: 4)
    let apis = try ResponseFrame(answer).decode(ApiVersionsRequest.self, version: 0).apis
    var seen: Set<[UInt8]> = []
    let frames = goldenRequests.filter { frame in
        apis.contains { $0.key.rawValue == key(frame).key }
            && seen.insert(Array(frame[0..<2]) + Array(frame[4...])).inserted
    }
    return (apis, frames)
}

@Suite(.timeLimit(.minutes(10)))
struct FuzzTests {
    @Test func `there is a request of every spoken API in its lowest and its highest version`() throws {
        for api in try spokenRequests().apis {
            let versions = goldenRequests.filter { key($0).key == api.key.rawValue }.map { key($0).version }
            let spoken = try #require(api.key.spokenVersions)
            #expect(versions.contains(spoken.lowerBound) && versions.contains(spoken.upperBound), "\(api.key)")
        }
    }

    @Test func `every request cut anywhere is closed with a reason, and so is one with bytes behind it`() throws {
        let target = try RequestTarget()
        for frame in try spokenRequests().frames {
            for length in frame.indices {
                guard case .close(let reason) = target.run(Array(frame[..<length])) else {
                    Issue.record("\(key(frame)) cut at \(length) was answered")
                    continue
                }
                #expect(reason.contains("byte"))
            }
            // One byte too many is what librdkafka sends with this one.
            let isForgiven = key(frame).key == APIKey.alterUserSCRAMCredentials.rawValue
            for extra in isForgiven ? [2, 100] : [1, 2, 100] {
                guard case .close = target.run(frame + [UInt8](repeating: 0, count: extra)) else {
                    Issue.record("\(key(frame)) with \(extra) bytes behind it was answered")
                    continue
                }
            }
        }
    }

    @Test func `every request is answered, whatever was done to its bytes`() throws {
        var random = SeededGenerator(seed: 4)
        var counts = (answered: 0, closed: 0)
        for frame in try spokenRequests().frames {
            let target = try RequestTarget()
            _ = target.run(frame)
            for _ in 0..<150 {
                switch target.run(mutated(frame, &random)) {
                case .close: counts.closed += 1
                case .frame, .nothing: counts.answered += 1
                }
            }
        }
        // Both ways were taken, or the changes are too coarse or too fine.
        #expect(counts.answered > 1000 && counts.closed > 1000)
    }

    @Test func `record batches with anything done to them give records or an error`() throws {
        var random = SeededGenerator(seed: 5)
        for codec in [CompressionCodec.none, .gzip, .lz4] {
            let builder = RecordBatchBuilder(limit: 1 << 20)
            for index in 0..<40 {
                let value = Array("value \(index % 7)".utf8)
                _ = builder.append(
                    key: value.rawBytes, value: value.rawBytes, timestamp: Timestamp(milliseconds: Int64(index)))
            }
            let batch = builder.seal(with: try BatchCompressor(codec)).bytes
            runRecordBatch(batch)
            for _ in 0..<5000 { runRecordBatch(mutated(batch, &random)) }
        }
    }

    @Test func `configuration files with anything done to them give a configuration or problems`() throws {
        var random = SeededGenerator(seed: 6)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        for name in ["collector-config/collector.yaml", "agent-config/agent.yaml"] {
            let bytes = Array(try Data(contentsOf: root.appending(path: name)))
            // With the examples in force there is more to go wrong.
            let all = Array(String(decoding: bytes, as: UTF8.self).replacing("\n#", with: "\n").utf8)
            for seed in [bytes, all] {
                runConfiguration(seed)
                for _ in 0..<300 { runConfiguration(mutated(seed, &random)) }
            }
        }
    }
}
