/// A number as Prometheus, OpenMetrics and StatsD write it: decimal digits with an optional point and exponent, or
/// `NaN`, `Inf` and `Infinity` in any case, with an optional sign. nil for anything else, hexadecimal among it.
func exposedNumber(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
    if let number = shortDecimal(bytes, range) { return number }
    // No number that means something is longer.
    guard 1...64 ~= range.count else { return nil }
    let isDecimal = bytes[range].allSatisfy { byte in
        48...57 ~= byte || byte | 0x20 == UInt8(ascii: "e")
            || [UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-")].contains(byte)
    }
    let text = String(decoding: bytes[range], as: UTF8.self)
    if isDecimal { return Double(text) }
    return switch text.lowercased() {
    case "nan", "+nan", "-nan": .nan
    case "inf", "+inf", "infinity", "+infinity": .infinity
    case "-inf", "-infinity": -.infinity
    default: nil
    }
}

/// Most numbers: up to 15 digits with a point among them, which a division makes exactly what strtod(3) would.
private func shortDecimal(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
    guard 1...16 ~= range.count else { return nil }
    var index = range.lowerBound
    let isNegative = bytes[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var digits: Int64 = 0
    var count = 0
    var decimals = -1
    while index < range.upperBound {
        let byte = bytes[index]
        if 48...57 ~= byte {
            digits = digits * 10 + Int64(byte - 48)
            count += 1
            if decimals >= 0 { decimals += 1 }
        } else if byte == UInt8(ascii: "."), decimals < 0, count > 0 {
            decimals = 0
        } else {
            return nil
        }
        index += 1
    }
    guard 1...15 ~= count else { return nil }
    var value = Double(digits)
    if decimals > 0 { value /= powersOfTen[decimals] }
    return isNegative ? -value : value
}

private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]
