package import TestSupport

/// Bytes like `seed`, with up to four changes: bits, bytes at their extremes, pieces doubled, moved, cut out and put in.
package func mutated(_ seed: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let position = Int.random(in: bytes.indices, using: &random)
        let end = min(bytes.count, position + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        case 2: bytes[position] = .random(in: 0...255, using: &random)
        case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 4: bytes.removeSubrange(position..<end)
        case 5: bytes.removeLast(bytes.count - position)
        default:
            let new = (0..<Int.random(in: 1...8, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes.insert(contentsOf: new, at: position)
        }
    }
    return bytes
}
