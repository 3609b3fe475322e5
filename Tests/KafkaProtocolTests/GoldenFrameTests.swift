import Foundation
import KafkaProtocol
import NIOCore
import Testing

/// A frame as kafka-python makes it.
struct GoldenFrame: Sendable, CustomTestStringConvertible {
    var name: String
    var version: Int16
    var hex: String

    var testDescription: String { "\(name), version \(version)" }

    static let all: [GoldenFrame] = fixture("kafka-python.txt").map { words in
        GoldenFrame(name: "\(words[0]) \(words[1])", version: Int16(words[2])!, hex: String(words[3]))
    }

    /// One frame of each layout: those of versions that change nothing are left out.
    static let ofEachLayout: [GoldenFrame] = {
        var seen: Set<String> = []
        return all.filter { seen.insert($0.name + $0.hexWithoutVersion).inserted }
    }()

    /// A request has its version behind the length and the key.
    private var hexWithoutVersion: String {
        name.contains("Request") ? String(hex.prefix(12) + hex.dropFirst(16)) : hex
    }
}

/// The words of each line of a fixture.
func fixture(_ name: String) -> [[Substring]] {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
    guard let text = try? String(contentsOf: url, encoding: .utf8) else { preconditionFailure("no \(url)") }
    return text.split(separator: "\n").map { $0.split(separator: " ") }
}

func hex(_ bytes: ByteBuffer) -> String {
    bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bytes(hex: String) -> ByteBuffer {
    var digits = hex.utf8.filter { $0 != UInt8(ascii: " ") }.map { Character(UnicodeScalar($0)).hexDigitValue! }[...]
    var buffer = ByteBuffer()
    while digits.count >= 2 { buffer.writeInteger(UInt8(digits.removeFirst() * 16 + digits.removeFirst())) }
    return buffer
}

/// A frame without the length before it, which is checked.
func withoutLength(_ frame: ByteBuffer) throws -> ByteBuffer {
    var frame = frame
    let length = frame.readInteger(as: Int32.self) ?? -1
    #expect(Int(length) == frame.readableBytes)
    return frame
}

@Suite struct `Frames made by kafka-python` {
    @Test(arguments: GoldenFrame.all)
    func `decode to what went into them and encode to the same bytes`(_ golden: GoldenFrame) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        let frame = try withoutLength(bytes(hex: golden.hex))
        #expect(try sample.matches(frame, golden.version))
        #expect(hex(sample.frame(golden.version)) == golden.hex)
    }

    @Test func `exist of every sample in every version`() {
        for sample in Sample.all {
            let versions = GoldenFrame.all.filter { $0.name == sample.name }.map(\.version)
            #expect(versions == Array(sample.versions), "\(sample.name)")
        }
    }
}

@Suite struct `A message` {
    @Test(arguments: GoldenFrame.all)
    func `survives decoding and encoding in every version`(_ golden: GoldenFrame) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        let frame = sample.frame(golden.version)
        #expect(try sample.matches(withoutLength(frame), golden.version))
        #expect(try sample.reencode(withoutLength(frame), golden.version) == frame)
    }

    @Test(arguments: GoldenFrame.all)
    func `cut short anywhere gives a WireError`(_ golden: GoldenFrame) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        let frame = try withoutLength(sample.frame(golden.version))
        for length in 0..<frame.readableBytes {
            let cut = frame.getSlice(at: frame.readerIndex, length: length)!
            #expect(throws: WireError.self, "cut to \(length) bytes") { try sample.reencode(cut, golden.version) }
        }
    }

    @Test(arguments: GoldenFrame.all)
    func `a request with bytes behind its end gives a WireError, an answer is read all the same`(
        _ golden: GoldenFrame
    ) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        var frame = try withoutLength(sample.frame(golden.version))
        let whole = try sample.reencode(frame, golden.version)
        frame.writeInteger(UInt8(0))
        if golden.name.contains("Response") {
            #expect(try sample.reencode(frame, golden.version) == whole)
        } else {
            // As librdkafka sends it.
            if golden.name.hasPrefix("AlterUserScramCredentialsRequest") {
                #expect(try sample.reencode(frame, golden.version) == whole)
                frame.writeInteger(UInt8(0))
            }
            #expect(throws: WireError.self) { try sample.reencode(frame, golden.version) }
        }
    }

    @Test(arguments: GoldenFrame.ofEachLayout)
    func `with any bit flipped or any byte at its extremes gives a value or a WireError`(_ golden: GoldenFrame) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        let frame = try withoutLength(sample.frame(golden.version))
        for position in frame.readableBytesView.indices {
            let byte = frame.getInteger(at: position, as: UInt8.self)!
            for damaged in (0..<8).map({ byte ^ (1 << $0) }) + [0x00, 0x7f, 0x80, 0xff] {
                var copy = frame
                copy.setInteger(damaged, at: position)
                do {
                    // What decodes can also be encoded, whatever it means now.
                    _ = try sample.reencode(copy, golden.version)
                } catch is WireError {
                    continue
                }
            }
        }
    }

    /// These samples end in a section that has tagged fields; the others of a flexible version in an empty one.
    private static let endInTaggedFields: [String: ClosedRange<Int16>] = [
        "ApiVersionsResponse full": 3...4, "FetchRequest full": 12...18, "FetchResponse full": 16...18,
        "ProduceResponse full": 10...13,
    ]

    @Test(
        arguments: GoldenFrame.all.filter {
            endInTaggedFields[$0.name]?.contains($0.version) != true
        })
    func `with a tagged field that nobody knows decodes as without it`(_ golden: GoldenFrame) throws {
        let sample = try #require(Sample.all.first { $0.name == golden.name })
        guard sample.isFlexible(golden.version) else { return }
        var frame = try withoutLength(bytes(hex: golden.hex))
        // One field, of tag 18275, with three bytes.
        frame.setBytes([1], at: frame.writerIndex - 1)
        frame.writeBytes([0xe3, 0x8e, 0x01, 3, 0xaa, 0xbb, 0xcc])
        #expect(try sample.matches(frame, golden.version))
    }
}
