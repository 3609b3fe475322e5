/// One line of StatsD's protocol, with DogStatsD's additions:
///
///     name ":" value *( ":" value ) "|" type *( "|" section )
///     type    = "c" | "g" | "ms" | "h" | "d" | "s"
///     section = "@" rate | "#" tag *( "," tag ) | "c:" container | "T" seconds | whatever
///
/// A line that begins with `_e{` or `_sc|` is DogStatsD's event or service check. Sections that are not known are passed
/// over, as the Datadog agent does. (github.com/statsd/statsd, docs/metric_types.md; docs.datadoghq.com, "DogStatsD
/// datagram format", up to version 1.3.)
struct StatsDLine: Equatable {
    enum Kind: UInt8 {
        case counter, gauge, timer, set
    }

    enum Content: Equatable {
        case metric(StatsDLine)
        case event
        case serviceCheck
    }

    /// The longest name, and the longest list of tags, in bytes.
    static let nameLimit = 512
    static let tagsLimit = 4096

    var name: Range<Int>
    /// What is between the name and the type, several values with colons between; of a set it is one value.
    var values: Range<Int>
    var kind: Kind
    /// Timers, histograms and distributions are put together in the same way; of timers the unit is known.
    var isInMilliseconds = false
    /// The share of events that was sent: above 0, up to 1.
    var rate = 1.0
    var tags: Range<Int>?
    var container: Range<Int>?

    /// - Parameter range: a line of `bytes`, without its newline.
    /// - Returns: nil for what is no line of the protocol.
    static func read(_ bytes: [UInt8], _ range: Range<Int>) -> Content? {
        if starts(bytes, range, "_e{") { return .event }
        if starts(bytes, range, "_sc|") { return .serviceCheck }
        guard let colon = bytes[range].firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = range.lowerBound..<colon
        guard 1...nameLimit ~= name.count,
            bytes[name].allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "|") })
        else { return nil }
        var bars = Sections(bytes, colon + 1..<range.upperBound)
        guard let values = bars.next(), !values.isEmpty, let type = bars.next(), let kind = kind(bytes[type]) else {
            return nil
        }
        var line = StatsDLine(name: name, values: values, kind: kind)
        line.isInMilliseconds = type.count == 2
        while let section = bars.next() {
            guard line.take(section, bytes) else { return nil }
        }
        return .metric(line)
    }

    private mutating func take(_ section: Range<Int>, _ bytes: [UInt8]) -> Bool {
        guard let first = bytes[section].first else { return true }
        let rest = section.dropFirst()
        switch first {
        case UInt8(ascii: "@"):
            // A rate that is next to nothing would make one event more than there are anywhere.
            guard let rate = exposedNumber(bytes, rest), rate >= 1e-9, rate <= 1 else { return false }
            self.rate = rate
        case UInt8(ascii: "#"):
            guard rest.count <= Self.tagsLimit else { return false }
            tags = rest
        case UInt8(ascii: "c") where Self.starts(bytes, section, "c:"): container = section.dropFirst(2)
        default: break
        }
        return true
    }

    private static func kind(_ type: ArraySlice<UInt8>) -> Kind? {
        switch (type.first, type.count) {
        case (UInt8(ascii: "c"), 1): .counter
        case (UInt8(ascii: "g"), 1): .gauge
        case (UInt8(ascii: "h"), 1), (UInt8(ascii: "d"), 1): .timer
        case (UInt8(ascii: "s"), 1): .set
        case (UInt8(ascii: "m"), 2): type.last == UInt8(ascii: "s") ? .timer : nil
        default: nil
        }
    }

    private static func starts(_ bytes: [UInt8], _ range: Range<Int>, _ word: String) -> Bool {
        bytes[range].starts(with: word.utf8)
    }
}

/// Goes through what bars separate.
private struct Sections {
    private let bytes: [UInt8]
    private var rest: Range<Int>?

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        rest = range
    }

    mutating func next() -> Range<Int>? {
        guard let range = rest else { return nil }
        guard let bar = bytes[range].firstIndex(of: UInt8(ascii: "|")) else {
            rest = nil
            return range
        }
        rest = bar + 1..<range.upperBound
        return range.lowerBound..<bar
    }
}
