package import SystemPackage

/// What was read from a file, with the file's name for error messages.
package struct SourceText: Sendable {
    package let path: FilePath
    /// The file's content is the first `count` of them: the buffer is used again and may be longer.
    let bytes: [UInt8]
    let count: Int

    package init(_ bytes: [UInt8], path: FilePath) {
        self.init(buffer: bytes, count: bytes.count, path: path)
    }

    init(buffer: [UInt8], count: Int, path: FilePath) {
        self.path = path
        self.bytes = buffer
        self.count = count
    }

    func failure(_ expected: String) -> MetricSourceError {
        MetricSourceError(path: path, problem: .malformed(expected: expected))
    }
}

/// Goes through a text line by line and field by field, without making a string of anything.
///
/// A line that does not end in a newline is refused: the kernel ends every line, so the text was cut there, and its
/// last number may lack digits.
struct LineCursor {
    private let text: SourceText
    private(set) var line = 0
    private var position = 0
    private var lineEnd = 0
    private var next = 0

    init(_ text: SourceText) { self.text = text }

    /// Goes to the next line.
    ///
    /// - Returns: false at the end of the text.
    mutating func nextLine() throws(MetricSourceError) -> Bool {
        guard next < text.count else { return false }
        position = next
        lineEnd = next
        while lineEnd < text.count, text.bytes[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
        line += 1
        next = lineEnd + 1
        if lineEnd == text.count { throw failure("a newline at the end: the text is cut off") }
        return true
    }

    /// The next field between blanks; nil at the end of the line.
    mutating func field() -> Range<Int>? {
        skipBlanks()
        let start = position
        while position < lineEnd, !isBlank(text.bytes[position]) { position += 1 }
        return start == position ? nil : start..<position
    }

    mutating func requiredField(_ expected: String) throws(MetricSourceError) -> Range<Int> {
        guard let field = field() else { throw failure(expected) }
        return field
    }

    mutating func skipFields(_ count: Int) throws(MetricSourceError) {
        for _ in 0..<count { _ = try requiredField("more fields") }
    }

    /// What comes before `separator` in the rest of the line, without the blanks before it; the cursor is behind it.
    mutating func field(upTo separator: UInt8) -> Range<Int>? {
        skipBlanks()
        var end = position
        while end < lineEnd, text.bytes[end] != separator { end += 1 }
        guard end < lineEnd else { return nil }
        defer { position = end + 1 }
        return position..<end
    }

    /// The next field as a whole number from 0 up to 2^63 - 1.
    mutating func count(_ what: String = "a whole number") throws(MetricSourceError) -> Int64 {
        guard let value = number(in: try requiredField(what)) else { throw failure(what) }
        return value
    }

    /// As `count`, for numbers that are multiplied: what reaches the limit is no number of a real machine.
    mutating func count(below limit: Int64) throws(MetricSourceError) -> Int64 {
        let value = try count()
        guard value < limit else { throw failure("a number that is possible") }
        return value
    }

    /// As `count`; nil at the end of the line.
    mutating func countIfPresent() throws(MetricSourceError) -> Int64? {
        guard let field = field() else { return nil }
        guard let value = number(in: field) else { throw failure("a whole number") }
        return value
    }

    /// The next field as a number with or without decimals.
    mutating func decimal(_ what: String = "a decimal number") throws(MetricSourceError) -> Double {
        guard let value = decimal(in: try requiredField(what)) else { throw failure(what) }
        return value
    }

    var rest: Range<Int> { position..<lineEnd }
    var isAtLineEnd: Bool { position == lineEnd }

    func bytes(_ range: Range<Int>) -> [UInt8] { Array(text.bytes[range]) }

    func matches(_ range: Range<Int>, _ word: String) -> Bool {
        range.count == word.utf8.count && starts(range, with: word)
    }

    func starts(_ range: Range<Int>, with word: String) -> Bool {
        guard range.count >= word.utf8.count else { return false }
        var index = range.lowerBound
        for byte in word.utf8 {
            if text.bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    func byte(at index: Int) -> UInt8 { text.bytes[index] }

    func number(in range: Range<Int>) -> Int64? { wholeNumber(text.bytes, range) }

    /// At most 15 hexadecimal digits.
    func hexadecimal(in range: Range<Int>) -> Int64? {
        guard 1...15 ~= range.count else { return nil }
        var value: Int64 = 0
        for index in range {
            let byte = text.bytes[index]
            let letter = byte | 0x20
            if 48...57 ~= byte {
                value = value << 4 | Int64(byte - 48)
            } else if 97...102 ~= letter {
                value = value << 4 | Int64(letter - 87)
            } else {
                return nil
            }
        }
        return value
    }

    /// Digits, and decimals after a point; at most 2^53 before the point, so that nothing is rounded away.
    func decimal(in range: Range<Int>) -> Double? {
        var digits: Int64 = 0
        var scale: Int64 = 0
        for index in range {
            let byte = text.bytes[index]
            if byte == UInt8(ascii: "."), scale == 0, index > range.lowerBound, index + 1 < range.upperBound {
                scale = 1
                continue
            }
            let digit = Int64(byte) - 48
            guard 0...9 ~= digit, digits < 1 << 53, scale < 1_000_000_000 else { return nil }
            digits = digits * 10 + digit
            scale *= 10
        }
        return range.isEmpty ? nil : Double(digits) / Double(max(scale, 1))
    }

    func failure(_ expected: String) -> MetricSourceError {
        MetricSourceError(path: text.path, line: line, problem: .malformed(expected: expected))
    }

    private mutating func skipBlanks() {
        while position < lineEnd, isBlank(text.bytes[position]) { position += 1 }
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// Decimal digits as a number below 2^63; nil for anything else.
func wholeNumber(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
    var value: Int64 = 0
    for index in range {
        let digit = Int64(bytes[index]) - 48
        guard 0...9 ~= digit else { return nil }
        let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow) = tens.addingReportingOverflow(digit)
        if tensOverflow || overflow { return nil }
        value = sum
    }
    return range.isEmpty ? nil : value
}

/// A file with one whole number, as most of /sys are.
func singleCount(_ text: SourceText) throws(MetricSourceError) -> Int64 {
    let value = try singleInteger(text)
    guard value >= 0 else { throw text.failure("a whole number from 0") }
    return value
}

/// A file with one whole number that may be negative.
func singleInteger(_ text: SourceText) throws(MetricSourceError) -> Int64 {
    // Without the newline, digits may be missing.
    let end = text.count - 1
    guard end >= 0, text.bytes[end] == UInt8(ascii: "\n") else { throw text.failure("a whole number and a newline") }
    let negative = end > 0 && text.bytes[0] == UInt8(ascii: "-")
    guard let value = wholeNumber(text.bytes, min(negative ? 1 : 0, end)..<end) else {
        throw text.failure("a whole number")
    }
    return negative ? -value : value
}

/// A file with one line of text, without what blanks surround it.
func singleLine(_ text: SourceText) -> [UInt8] {
    let line = text.bytes[..<text.count].prefix { $0 != UInt8(ascii: "\n") }
    return Array(line.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}

/// A file with one line of text, which is refused where its end is missing; empty where there is none.
func wholeLine(_ text: SourceText) throws(MetricSourceError) -> [UInt8] {
    guard text.count == 0 || text.bytes[text.count - 1] == UInt8(ascii: "\n") else {
        throw text.failure("a line and its end")
    }
    return singleLine(text)
}

/// Undoes the kernel's `\040` for bytes that would end a field.
func unescaped(_ field: [UInt8]) -> [UInt8] {
    guard field.contains(UInt8(ascii: "\\")) else { return field }
    var plain: [UInt8] = []
    var index = 0
    while index < field.count {
        let digits = field[index...].dropFirst().prefix(3)
        if field[index] == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ 48...55 ~= $0 }) {
            plain.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
            index += 4
        } else {
            plain.append(field[index])
            index += 1
        }
    }
    return plain
}

/// The rows of a table of independent lines: a line that is garbled costs itself only.
struct Rows<Row> {
    var rows: [Row] = []
    /// The first line that was refused.
    var firstError: MetricSourceError?

    /// - Parameters:
    ///   - headings: how many lines at the top are not rows.
    ///   - mayBeEmpty: whether the kernel can have nothing to say here; otherwise an empty text is a failure.
    ///   - row: reads one line; nil leaves it out.
    init(
        _ text: SourceText, headings: Int = 0, mayBeEmpty: Bool = false,
        _ row: (inout LineCursor) throws(MetricSourceError) -> Row?
    ) {
        var cursor = LineCursor(text)
        while true {
            do throws(MetricSourceError) {
                guard try cursor.nextLine() else { break }
                if cursor.line <= headings { continue }
                if let row = try row(&cursor) { rows.append(row) }
            } catch {
                if firstError == nil { firstError = error }
            }
        }
        if firstError != nil { return }
        if cursor.line < headings { firstError = text.failure("a table with headings") }
        if cursor.line <= headings, !mayBeEmpty { firstError = text.failure("at least one line") }
    }
}
