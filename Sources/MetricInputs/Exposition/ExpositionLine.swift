internal import HostMetrics

/// What a line of a page says.
enum ExpositionLine: Equatable {
    /// Blank, or a comment that means nothing.
    case nothing
    case type(name: Range<Int>, FamilyType)
    case help(name: Range<Int>, text: String)
    case unit(name: Range<Int>, text: String)
    /// `# EOF`: the page is whole.
    case end
    case sample(ExpositionSample)
}

/// One sample, without what the page says elsewhere about its metric.
struct ExpositionSample: Equatable {
    /// Where in the bytes the name is.
    var name: Range<Int>
    var labels: [MetricAttribute] = []
    var value: Double = 0
    /// In milliseconds since 1970.
    var timestamp: Int64?
    var hasExemplar = false
}

/// Reads one line. Pure: bytes in, line out.
///
///     line    = sample | "# HELP " name " " text | "# TYPE " name " " type | "# UNIT " name " " unit | "# EOF"
///     sample  = name [ "{" [ label *( "," label ) [ "," ] ] "}" ] value [ timestamp ] [ " # " exemplar ]
///     label   = name "=" DQUOTE *( any | "\\" | "\n" | "\"" escaped ) DQUOTE
///
/// The text format has timestamps in milliseconds, OpenMetrics in seconds; only OpenMetrics has exemplars, units and an
/// end. Blanks between the parts are taken wherever either has them.
struct ExpositionLineReader {
    /// The most labels of a sample.
    static let labelLimit = 128

    private let bytes: [UInt8]
    private let end: Int
    private let dialect: ExpositionDialect
    private var position: Int

    /// - Parameter range: a line of `bytes`, without its newline.
    init(_ bytes: [UInt8], _ range: Range<Int>, _ dialect: ExpositionDialect) {
        self.bytes = bytes
        self.dialect = dialect
        position = range.lowerBound
        let hasReturn = range.upperBound > range.lowerBound && bytes[range.upperBound - 1] == UInt8(ascii: "\r")
        end = range.upperBound - (hasReturn ? 1 : 0)
    }

    mutating func read() throws(ExpositionError) -> ExpositionLine {
        skipBlanks()
        guard position < end else { return .nothing }
        if bytes[position] == UInt8(ascii: "#") {
            position += 1
            return try readComment()
        }
        return .sample(try readSample())
    }

    // MARK: Comments

    private mutating func readComment() throws(ExpositionError) -> ExpositionLine {
        skipBlanks()
        let word = takeWord()
        if matches(word, "TYPE") {
            let name = try readName("a metric's name behind # TYPE")
            skipBlanks()
            let type = takeWord()
            let text = String(decoding: bytes[type], as: UTF8.self)
            guard let type = FamilyType(rawValue: text) else {
                throw ExpositionError("a type behind # TYPE and a name")
            }
            return .type(name: name, type)
        }
        if matches(word, "HELP") {
            let name = try readName("a metric's name behind # HELP")
            if position < end { position += 1 }
            return .help(name: name, text: unescaped(position..<end))
        }
        guard dialect == .openMetrics else { return .nothing }
        if matches(word, "UNIT") {
            let name = try readName("a metric's name behind # UNIT")
            skipBlanks()
            return .unit(name: name, text: String(decoding: bytes[takeWord()], as: UTF8.self))
        }
        return matches(word, "EOF") && position == end ? .end : .nothing
    }

    // MARK: Samples

    private mutating func readSample() throws(ExpositionError) -> ExpositionSample {
        var sample = ExpositionSample(name: try readName("a metric's name"))
        skipBlanks()
        if position < end, bytes[position] == UInt8(ascii: "{") { sample.labels = try readLabels() }
        skipBlanks()
        guard let value = exposedNumber(bytes, takeWord()) else { throw ExpositionError("a number behind the name") }
        sample.value = value
        skipBlanks()
        if position < end, bytes[position] != UInt8(ascii: "#") { sample.timestamp = try readTimestamp() }
        skipBlanks()
        if position < end {
            guard dialect == .openMetrics, bytes[position] == UInt8(ascii: "#") else {
                throw ExpositionError("the end of the line behind value and timestamp")
            }
            try readExemplar()
            sample.hasExemplar = true
        }
        return sample
    }

    private mutating func readTimestamp() throws(ExpositionError) -> Int64 {
        guard let number = exposedNumber(bytes, takeWord()) else { throw ExpositionError("a timestamp") }
        let milliseconds = dialect == .openMetrics ? number * 1000 : number
        // Within the years that every format can tell in nanoseconds.
        guard milliseconds >= 0, milliseconds < 9e15 else { throw ExpositionError("a timestamp that is possible") }
        return Int64(milliseconds.rounded())
    }

    /// Read to see that the line is one; it is not shipped.
    private mutating func readExemplar() throws(ExpositionError) {
        position += 1
        skipBlanks()
        guard position < end, bytes[position] == UInt8(ascii: "{") else {
            throw ExpositionError("an exemplar's labels")
        }
        _ = try readLabels()
        skipBlanks()
        guard exposedNumber(bytes, takeWord()) != nil else { throw ExpositionError("an exemplar's value") }
        skipBlanks()
        if position < end, exposedNumber(bytes, takeWord()) == nil { throw ExpositionError("an exemplar's timestamp") }
        skipBlanks()
        guard position == end else { throw ExpositionError("the end of the line behind the exemplar") }
    }

    private mutating func readLabels() throws(ExpositionError) -> [MetricAttribute] {
        var labels: [MetricAttribute] = []
        position += 1
        while true {
            skipBlanks()
            guard position < end else { throw ExpositionError("a } behind the labels") }
            if bytes[position] == UInt8(ascii: "}") { break }
            let name = try readName("a label's name, or a }", colons: false)
            skipBlanks()
            try skip(UInt8(ascii: "="), "a = behind the label's name")
            skipBlanks()
            try skip(UInt8(ascii: "\""), "a label's value in double quotes")
            let key = String(decoding: bytes[name], as: UTF8.self)
            guard !labels.contains(where: { $0.key == key }) else { throw ExpositionError("each label once") }
            guard labels.count < Self.labelLimit else { throw ExpositionError("at most \(Self.labelLimit) labels") }
            labels.append(MetricAttribute(key, try readQuoted()))
            skipBlanks()
            guard position < end else { continue }
            switch bytes[position] {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"): break
            default: throw ExpositionError("a , or a } behind the label's value")
            }
        }
        position += 1
        return labels
    }

    /// Up to the closing quote.
    private mutating func readQuoted() throws(ExpositionError) -> String {
        let start = position
        var isEscaped = false
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return isEscaped
                    ? unescaped(start..<position) : String(decoding: bytes[start..<position], as: UTF8.self)
            case UInt8(ascii: "\\"):
                isEscaped = true
                position += 2
            default: position += 1
            }
        }
        throw ExpositionError("a double quote behind the label's value")
    }

    // MARK: Parts

    private mutating func readName(_ what: String, colons: Bool = true) throws(ExpositionError) -> Range<Int> {
        skipBlanks()
        let start = position
        while position < end {
            let byte = bytes[position]
            let isLetter = 97...122 ~= byte | 0x20 || byte == UInt8(ascii: "_") || (colons && byte == UInt8(ascii: ":"))
            guard isLetter || (position > start && 48...57 ~= byte) else { break }
            position += 1
        }
        guard position > start else { throw ExpositionError(what) }
        return start..<position
    }

    private mutating func takeWord() -> Range<Int> {
        let start = position
        while position < end, bytes[position] != UInt8(ascii: " "), bytes[position] != UInt8(ascii: "\t") {
            position += 1
        }
        return start..<position
    }

    private mutating func skip(_ byte: UInt8, _ what: String) throws(ExpositionError) {
        guard position < end, bytes[position] == byte else { throw ExpositionError(what) }
        position += 1
    }

    private mutating func skipBlanks() {
        while position < end, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
            position += 1
        }
    }

    private func matches(_ range: Range<Int>, _ word: String) -> Bool { bytes[range].elementsEqual(word.utf8) }

    /// Undoes `\\`, `\"` and `\n`; any other backslash stands for itself.
    private func unescaped(_ range: Range<Int>) -> String {
        var plain: [UInt8] = []
        plain.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            let next = index + 1 < range.upperBound ? bytes[index + 1] : 0
            switch (byte, next) {
            case (UInt8(ascii: "\\"), UInt8(ascii: "\\")), (UInt8(ascii: "\\"), UInt8(ascii: "\"")): plain.append(next)
            case (UInt8(ascii: "\\"), UInt8(ascii: "n")): plain.append(UInt8(ascii: "\n"))
            default:
                plain.append(byte)
                index -= 1
            }
            index += 2
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
