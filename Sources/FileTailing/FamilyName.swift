// What rotation makes of a name: `app.log` becomes `app.log.1`, `app.log-20261121`, `app.log.2026-11-21T10:00`,
// `app.log.old`, and with logback `app.2026-11-21.0.log`; compressed, each with `.gz` behind it.

/// The names that rotation may have made this one of, the shortest first. It says nothing but that: whether it did is a
/// matter of evidence.
///
/// - Parameter atEnd: only names that had something put behind them: `worker-2.log` is a name as good as `worker.log`.
func familyBases(of name: [UInt8], atEnd: Bool = false) -> [[UInt8]] {
    var name = name[...]
    let compressed = Array(".\(gzipSuffix)".utf8)
    if name.count > compressed.count && name.suffix(compressed.count).elementsEqual(compressed) {
        name = name.dropLast(compressed.count)
    }
    for word in wordsOfOld where name.count > word.count && name.suffix(word.count).elementsEqual(word) {
        return [Array(name.dropLast(word.count))]
    }
    var bases = stems(of: name)
    if atEnd { return bases }
    // A mark before the last extension; one that is a mark itself was seen above.
    if let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0, name[dot...].contains(where: { !isOfMark($0) }) {
        bases += stems(of: name[..<dot]).map { $0 + name[dot...] }
    }
    return bases
}

/// What rotation put behind a name to tell generations apart: a number that grows with age, or a date.
struct GenerationMark {
    private let digits: [UInt8]

    /// nil where nothing but numbers tells, or none does.
    init?(of name: [UInt8], base: [UInt8]) {
        var rest = name.dropFirst(base.count)
        guard name.starts(with: base) else { return nil }
        if isGzipName(Array(rest)) { rest = rest.dropLast(gzipSuffix.utf8.count + 1) }
        guard rest.allSatisfy(isOfMark) else { return nil }
        digits = Array(rest.filter(isDigit).drop { $0 == UInt8(ascii: "0") })
        if digits.isEmpty { return nil }
    }

    /// From year, month and day on it is a date.
    var isDate: Bool { digits.count >= 8 }

    /// Nothing is told between a date and a number, or dates of different exactness.
    func isEarlier(than other: GenerationMark) -> Bool {
        if isDate || other.isDate {
            return digits.count == other.digits.count && digits.lexicographicallyPrecedes(other.digits)
        }
        if digits.count != other.digits.count { return digits.count > other.digits.count }
        return other.digits.lexicographicallyPrecedes(digits)
    }
}

private let wordsOfOld = [".old", ".prev", ".bak", ".save", "~"].map { Array($0.utf8) }

/// What is left where a mark, a separator and then numbers and separators, is taken from the end.
private func stems(of name: ArraySlice<UInt8>) -> [[UInt8]] {
    var start = name.endIndex
    while start > name.startIndex + 1 && isOfMark(name[start - 1]) { start -= 1 }
    guard let lastDigit = name[start...].lastIndex(where: isDigit) else { return [] }
    return (start..<lastDigit).filter { isSeparator(name[$0]) }.map { Array(name[..<$0]) }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

private func isSeparator(_ byte: UInt8) -> Bool { ".-_@+".utf8.contains(byte) }

/// Of a number, a date or a time.
private func isOfMark(_ byte: UInt8) -> Bool { isDigit(byte) || isSeparator(byte) || ":TZ".utf8.contains(byte) }
