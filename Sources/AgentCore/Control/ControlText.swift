internal import FileTailing

/// Answers as a person reads them.
package enum ControlText {
    package static func lines(_ request: ControlRequest, _ answer: [JSONValue]) -> [String] {
        switch request {
        case .files: files(answer)
        case .explain: answer.flatMap(explanation)
        case .seek:
            answer.map {
                "\(text($0, "path")) (source \(text($0, "source"))): was read to \(text($0, "from")), goes on at \(text($0, "to"))"
            }
        case .status: StatusText.lines(answer)
        case .reload:
            answer.flatMap { plan in
                [
                    ("added", "added"), ("changed", "changed"), ("removed", "removed"),
                    ("needs_restart", "after a restart only"),
                ]
                .compactMap { key, title -> String? in
                    guard case .array(let names)? = plan[key], !names.isEmpty else { return nil }
                    return "\(title): \(names.compactMap(\.string).joined(separator: ", "))"
                } + handovers(plan) + ["reloaded"]
            }
        }
    }

    private static func handovers(_ plan: JSONValue) -> [String] {
        guard case .array(let handovers)? = plan["handed_over"] else { return [] }
        return handovers.map {
            Handover(from: text($0, "from"), to: text($0, "to"), files: Int($0["files"]?.integer ?? 0)).text
        }
    }

    private static func files(_ files: [JSONValue]) -> [String] {
        let header = ["SOURCE", "SIZE", "READ", "ACKNOWLEDGED", "LAG", "LAG s", "INODE", "STATE", "PATH"]
        let keys = ["source", "size", "read", "acknowledged", "lag_bytes", "lag_seconds", "inode"]
        var rows = [header]
        for file in files {
            var state = text(file, "state")
            let placement = text(file, "placement")
            if placement != "live" && placement != "missing" { state += " (\(placement))" }
            if let problem = file["problem"]?.string { state += ": \(problem)" }
            var numbers = keys.map { text(file, $0) }
            if file["lag_bytes_at_least"] == .boolean(true) { numbers[4] = "≥" + numbers[4] }
            rows.append(numbers + [state, text(file, "path")])
        }
        return table(rows, numbers: 1...6)
    }

    /// Columns of one width each.
    ///
    /// - Parameter numbers: those that stand to the right.
    static func table(_ rows: [[String]], numbers: ClosedRange<Int>) -> [String] {
        let columns = rows.first?.indices ?? 0..<0
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                if numbers.contains(column) { return padding + row[column] }
                return column == row.count - 1 ? row[column] : row[column] + padding
            }.joined(separator: "  ")
        }
    }

    private static func explanation(_ answer: JSONValue) -> [String] {
        var lines: [String] = []
        if case .array(let sources)? = answer["sources"] {
            if sources.isEmpty { lines.append("no source reads files") }
            for source in sources { lines.append("source \(text(source, "source")): \(text(source, "reason"))") }
        }
        if case .array(let files)? = answer["files"] {
            for file in files {
                lines.append(
                    "followed by \(text(file, "source")): read \(text(file, "read")) of \(text(file, "size")) bytes, "
                        + "acknowledged \(text(file, "acknowledged")), \(text(file, "state"))")
                if let problem = file["problem"]?.string { lines.append("problem: \(problem)") }
            }
        }
        return lines
    }

    private static func text(_ value: JSONValue, _ key: String) -> String {
        switch value[key] {
        case .string(let text)?: text
        case .integer(let number)?: String(number)
        default: "-"
        }
    }
}
