/// Sizes in bytes as people write them: `64KiB`, `1MiB`, `1GB`, `1000000`.
package enum ByteSize {
    // The first that divides a size is the one it is shown in.
    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000), ("B", 1),
    ]

    /// Whole numbers only; the unit is B, kB (KB), MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024).
    package static func parse(_ text: String) -> Int? {
        guard let (number, unit) = splitNumber(text) else { return nil }
        if unit.isEmpty { return number }
        guard let bytes = units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: bytes)
        return overflow ? nil : size
    }

    package static func text(_ size: Int) -> String {
        guard size > 0, let unit = units.first(where: { size.isMultiple(of: $0.bytes) && $0.bytes > 1 }) else {
            return "\(size) bytes"
        }
        return "\(size / unit.bytes)\(unit.name)"
    }
}

/// Durations as people write them: `500ms`, `10s`, `5m`, `2h`, `7d`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// One whole number and one unit; `0` needs none.
    package static func parse(_ text: String) -> Duration? {
        guard let (number, unit) = splitNumber(text) else { return nil }
        if unit.isEmpty { return number == 0 ? .zero : nil }
        guard let milliseconds = units.first(where: { $0.name == unit })?.milliseconds else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        return overflow ? nil : .milliseconds(product)
    }

    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(clamping: seconds) * 1000 + Int(clamping: attoseconds / 1_000_000_000_000_000)
        guard milliseconds > 0, let unit = units.first(where: { milliseconds.isMultiple(of: $0.milliseconds) }) else {
            return "\(milliseconds)ms"
        }
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}

/// A whole number in decimal digits. Not `0777`: octal to YAML 1.1, decimal to others.
func parseInteger(_ text: String) -> Int? {
    let digits =
        text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+") ? text.dropFirst() : text[...]
    guard isCanonical(digits) else { return nil }
    return Int(text)
}

/// The digits at the beginning, and what follows them.
private func splitNumber(_ text: String) -> (number: Int, unit: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard isCanonical(digits), let number = Int(digits) else { return nil }
    return (number, String(text[digits.endIndex...]))
}

private func isCanonical(_ digits: Substring) -> Bool {
    guard let first = digits.utf8.first, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
    return first != UInt8(ascii: "0") || digits.utf8.count == 1
}
