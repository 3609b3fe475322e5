import Foundation

/// Lines to send: numbered, of many lengths, and with any byte that a line may have.
enum SampleLines {
    static func line(_ number: Int, of file: String) -> Data {
        var random = UInt64(truncatingIfNeeded: number &* 0x9E37_79B9 &+ file.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
        func next() -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return random >> 33
        }
        var line = Data("\(file) \(number) ".utf8)
        let length = number % 97 == 0 ? Int(next() % 3000) : Int(next() % 200)
        if number % 13 == 0 {
            for _ in 0..<length {
                let byte = UInt8(next() % 256)
                line.append(byte == UInt8(ascii: "\n") ? 0 : byte)
            }
        } else {
            for _ in 0..<length / 8 { line.append(contentsOf: "GET /i\(next() % 10)".utf8) }
        }
        return line
    }

    static func lines(_ numbers: Range<Int>, of file: String) -> [Data] { numbers.map { line($0, of: file) } }

    /// The lines as a file has them.
    static func text(_ lines: [Data]) -> Data {
        lines.reduce(into: Data()) {
            $0.append($1)
            $0.append(UInt8(ascii: "\n"))
        }
    }

    /// Lines as the producers of these tests read them: `key TAB value`, over a few keys.
    static func keyed(_ count: Int, _ seed: String = "sent") -> [(key: Data, value: Data)] {
        (0..<count).map { number in
            (Data("key-\(number % 7)".utf8), Data(line(number, of: seed).map { $0 == 9 || $0 == 13 ? 1 : $0 }))
        }
    }

    static func text(_ keyed: [(key: Data, value: Data)]) -> Data {
        text(keyed.map { $0.key + Data("\t".utf8) + $0.value })
    }
}
