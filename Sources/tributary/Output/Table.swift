/// Rows of text in columns as wide as their widest cell; numbers to the right.
struct Table {
    private let headings: [String]
    private let indent: String
    private var rows: [[String]] = []

    init(_ headings: [String], indent: String = "") {
        self.headings = headings
        self.indent = indent
    }

    /// - Precondition: as many cells as headings.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == headings.count, "BUG: a row of \(cells.count) cells in \(headings.count) columns")
        rows.append(cells)
    }

    /// With a newline after each row.
    var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let numeric = headings.indices.map { column in rows.allSatisfy { Int($0[column]) != nil || $0[column] == "-" } }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return numeric[column] ? padding + cell : cell + padding
            }
            let line = indent + cells.joined(separator: "  ")
            return line.reversed().drop { $0 == " " }.reversed().map(String.init).joined() + "\n"
        }.joined()
    }
}
