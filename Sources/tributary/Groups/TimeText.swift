internal import ArgumentParser
internal import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Reads a time: RFC 3339 (`2026-11-21T13:30:00.5+01:00`), the same without a zone for local time, with a space for the
/// T, without seconds or without any time of day; or milliseconds since 1970.
@Sendable
func parseTime(_ text: String) throws -> Timestamp {
    if let milliseconds = Int64(text), milliseconds >= 0, text.utf8.count > 8 {
        return Timestamp(milliseconds: milliseconds)
    }
    guard let time = TimeText(text)?.timestamp else {
        throw ValidationError("'\(text)' is not a time, such as 2026-11-21T13:30:00Z or 2026-11-21T13:30")
    }
    return time
}

/// A time taken apart.
private struct TimeText {
    private var date: (year: Int, month: Int, day: Int)
    private var clock = (hour: 0, minute: 0, second: 0, millisecond: 0)
    /// In seconds east of UTC; nil: local time.
    private var zone: Int?

    init?(_ text: String) {
        var rest = text[...]
        guard let year = Self.number(&rest, 4), Self.skip(&rest, "-"), let month = Self.number(&rest, 2),
            Self.skip(&rest, "-"), let day = Self.number(&rest, 2), (1...12).contains(month),
            (1...Self.days(in: month, of: year)).contains(day), year >= 1970
        else { return nil }
        date = (year, month, day)
        if rest.isEmpty { return }
        guard Self.skip(&rest, "T") || Self.skip(&rest, " "), let hour = Self.number(&rest, 2), Self.skip(&rest, ":"),
            let minute = Self.number(&rest, 2), hour < 24, minute < 60
        else { return nil }
        clock = (hour, minute, 0, 0)
        if Self.skip(&rest, ":") {
            guard let second = Self.number(&rest, 2), second < 60 else { return nil }
            clock.second = second
            if Self.skip(&rest, ".") {
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard (1...9).contains(digits.count) else { return nil }
                clock.millisecond = Int((digits + "00").prefix(3)) ?? 0
                rest = rest.dropFirst(digits.count)
            }
        }
        guard let zone = Self.zone(&rest), rest.isEmpty else { return nil }
        self.zone = zone.seconds
    }

    private static func number(_ rest: inout Substring, _ digits: Int) -> Int? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return Int(text)
    }

    private static func skip(_ rest: inout Substring, _ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// - Returns: nil where it is no zone; seconds of nil where there is none.
    private static func zone(_ rest: inout Substring) -> (seconds: Int?, Void)? {
        if rest.isEmpty { return (nil, ()) }
        if skip(&rest, "Z") { return (0, ()) }
        guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
        rest = rest.dropFirst()
        guard let hours = number(&rest, 2), hours < 24 else { return nil }
        _ = skip(&rest, ":")
        guard let minutes = number(&rest, 2), minutes < 60 else { return nil }
        return ((hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1), ())
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    var timestamp: Timestamp? {
        var parts = unsafe tm()
        unsafe parts.tm_year = CInt(date.year - 1900)
        unsafe parts.tm_mon = CInt(date.month - 1)
        unsafe parts.tm_mday = CInt(date.day)
        unsafe parts.tm_hour = CInt(clock.hour)
        unsafe parts.tm_min = CInt(clock.minute)
        unsafe parts.tm_sec = CInt(clock.second)
        // Whether summer time is in force, the system knows.
        unsafe parts.tm_isdst = -1
        let seconds = if let zone { unsafe timegm(&parts) - zone } else { unsafe mktime(&parts) }
        guard seconds >= 0 else { return nil }
        return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(clock.millisecond))
    }
}
