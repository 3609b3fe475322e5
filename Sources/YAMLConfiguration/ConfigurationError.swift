/// Where something stands in a file; the first line and the first column are 1.
package struct SourcePlace: Sendable, Hashable {
    package var line: Int
    /// In characters, not bytes.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// One thing that is wrong with a configuration: `agent.yaml:12:5: sources[0].includ: unknown key; did you mean …`.
package struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file as the user named it, or the command line option.
    package var source: String
    package var place: SourcePlace?
    /// The way to the key from the top, such as `sources[0].include`; empty where the file as a whole is meant.
    package var key: String
    package var message: String

    package init(source: String, place: SourcePlace? = nil, key: String = "", message: String) {
        self.source = source
        self.place = place
        self.key = key
        self.message = message
    }

    package var description: String {
        var text = source
        if let place { text += ":\(place.line):\(place.column)" }
        if !key.isEmpty { text += ": \(key)" }
        return text + ": " + message
    }
}

/// A configuration that was refused, with all that is wrong with it in the order of the file.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    package var problems: [ConfigurationProblem]
    /// How many more were found than are listed.
    package var omitted: Int

    package init(_ problems: [ConfigurationProblem], omitted: Int = 0) {
        precondition(!problems.isEmpty, "BUG: a configuration refused without a reason")
        self.problems = problems
        self.omitted = omitted
    }

    /// One line for each problem.
    package var description: String {
        var lines = problems.map(\.description)
        if omitted > 0 { lines.append("and \(omitted) more problems") }
        return lines.joined(separator: "\n")
    }
}

/// Collects the problems of one file while it is read.
final class ProblemCollector {
    /// More than this help nobody, and a hostile file could have one per node.
    static let most = 100

    let source: String
    private var problems: [ConfigurationProblem] = []
    private var omitted = 0

    init(source: String) { self.source = source }

    func report(_ message: String, key: String = "", at place: SourcePlace?) {
        guard !isFull else {
            omitted += 1
            return
        }
        problems.append(ConfigurationProblem(source: source, place: place, key: key, message: message))
    }

    /// Whether further problems are only counted: not worth the work of wording them well.
    var isFull: Bool { problems.count >= Self.most }

    func throwIfAny() throws(ConfigurationError) {
        guard !problems.isEmpty else { return }
        let ordered = problems.enumerated().sorted { left, right in
            let (a, b) = (left.element.place, right.element.place)
            return (a?.line ?? 0, a?.column ?? 0, left.offset) < (b?.line ?? 0, b?.column ?? 0, right.offset)
        }
        throw ConfigurationError(ordered.map(\.element), omitted: omitted)
    }
}
