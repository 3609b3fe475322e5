package import CommitLog

extension LogItem {
    /// For people: the kind, and `name=value` for each part; the elements of lists on lines of their own below.
    package var line: String {
        var line = kind
        var below = ""
        for (name, value) in fields {
            switch value {
            case .number(let number): line += " \(name)=\(number)"
            case .text(let text): line += " \(name)=\(text)"
            case .flag(let flag): line += " \(name)=\(flag)"
            case .list(let items): below += items.map { "\n    " + $0.line }.joined()
            }
        }
        return line + below
    }

    /// For programs: one JSON object on one line.
    package func json(partition: String) -> String {
        var text = "{\"type\":" + Self.quoted(kind) + ",\"partition\":" + Self.quoted(partition)
        for field in fields { text += "," + Self.member(field) }
        return text + "}"
    }

    private static func member(_ field: (name: String, value: Value)) -> String {
        let value =
            switch field.value {
            case .number(let number): String(number)
            case .text(let text): quoted(text)
            case .flag(let flag): String(flag)
            case .list(let items):
                "[" + items.map { "{" + $0.fields.map(member).joined(separator: ",") + "}" }.joined(separator: ",")
                    + "]"
            }
        return quoted(field.name) + ":" + value
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1f}":
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
