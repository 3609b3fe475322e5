package import KafkaProtocol

extension TopicID {
    /// A random UUID, version 4 (RFC 9562).
    package static func random() -> TopicID {
        let high: UInt64 = .random(in: 0 ... .max)
        let low: UInt64 = .random(in: 0 ... .max)
        return TopicID(
            high: high & 0xffff_ffff_ffff_0fff | 0x4000, low: low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// As Kafka shows ids: 22 characters of base64url, without padding.
    package var text: String {
        var digits: [UInt8] = []
        for index in 0..<22 {
            digits.append(Self.alphabet[Int(sextet(index))])
        }
        return String(decoding: digits, as: UTF8.self)
    }

    package init?(text: String) {
        let sextets = text.utf8.compactMap { Self.alphabet.firstIndex(of: $0) }
        guard sextets.count == 22, text.utf8.count == 22 else { return nil }
        self = .zero
        for (index, sextet) in sextets.enumerated() {
            // The last character carries only two bits of the 128.
            let bits: UInt64 = index == 21 ? 2 : 6
            high = high << bits | low >> (64 - bits)
            low = low << bits | UInt64(sextet) >> (6 - bits)
        }
        guard self.text == text else { return nil }
    }

    /// Six bits, from the front; the last has two bits and four zeros.
    private func sextet(_ index: Int) -> UInt64 {
        let shift = 122 - index * 6
        if shift >= 64 { return high >> UInt64(shift - 64) & 0x3f }
        if shift > 58 { return (high << UInt64(64 - shift) | low >> UInt64(shift)) & 0x3f }
        if shift >= 0 { return low >> UInt64(shift) & 0x3f }
        return low << 4 & 0x3f
    }
}
