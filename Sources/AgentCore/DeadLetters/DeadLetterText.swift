internal import Primitives
internal import SystemPackage

extension DeadLetter {
    package var json: JSONValue {
        .object([
            "number": .integer(Int64(clamping: ordinal)),
            "refused_at": .string(Timestamp(milliseconds: refusedMilliseconds).utcText),
            "error": .string(error), "message": message.map { .string($0) } ?? .null, "topic": .string(topic),
            "partition": .integer(Int64(partition)), "records": .integer(Int64(records)),
            "bytes": .integer(Int64(bytes)), "source": .string(source),
            "from": .array(
                origins.map {
                    .object([
                        "path": .string($0.path.string), "from": .integer($0.from), "to": .integer($0.to),
                    ])
                }),
        ])
    }

    /// As a person reads them: a header, and a line each.
    package static func lines(_ letters: [DeadLetter]) -> [String] {
        let header = ["NUMBER", "RECORDS", "BYTES", "REFUSED AT", "TOPIC", "SOURCE", "READ FROM", "REASON"]
        let rows = letters.map { letter in
            [
                "\(letter.ordinal)", "\(letter.records)", "\(letter.bytes)",
                Timestamp(milliseconds: letter.refusedMilliseconds).utcText, "\(letter.topic)-\(letter.partition)",
                letter.source.isEmpty ? "-" : letter.source,
                letter.origins.isEmpty
                    ? "-" : letter.origins.map { "\($0.path):\($0.from)-\($0.to)" }.joined(separator: ","),
                letter.error + (letter.message.map { ": \($0)" } ?? ""),
            ]
        }
        return ControlText.table([header] + rows, numbers: 0...2)
    }
}

extension Timestamp {
    /// ISO 8601 in UTC, such as 2026-11-21T13:30:00.500Z; for times from the year 0 to 9999.
    var utcText: String {
        func digits(_ number: Int64, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let (day, time) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let (days, clock) = time < 0 ? (day - 1, time + 86_400_000) : (day, time)
        // Counted in eras of 400 years that begin with March: https://howardhinnant.github.io/date_algorithms.html
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        return digits(year, 4) + "-" + digits(month < 10 ? month + 3 : month - 9, 2) + "-"
            + digits(dayOfYear - (153 * month + 2) / 5 + 1, 2) + "T" + digits(clock / 3_600_000, 2) + ":"
            + digits(clock / 60_000 % 60, 2) + ":" + digits(clock / 1000 % 60, 2) + "." + digits(clock % 1000, 3) + "Z"
    }
}
