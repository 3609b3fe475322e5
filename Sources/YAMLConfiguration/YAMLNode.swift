/// A node of a YAML document, with the place where it begins.
struct YAMLNode {
    enum Content {
        /// - Parameter isPlain: whether it was written without quotes and not as a block.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the file's order; each key once.
        case mapping([Entry])
    }

    struct Entry {
        var key: String
        var keyPlace: SourcePlace
        var value: YAMLNode
    }

    var place: SourcePlace
    var content: Content

    /// A key without a value (`key:`), or an empty file.
    var isAbsent: Bool {
        if case .scalar("", isPlain: true) = content { true } else { false }
    }

    /// What it is, for "expected …, found …". Texts are cut, and control characters made visible.
    var outline: String {
        switch content {
        case .scalar("", isPlain: true): "nothing"
        case .scalar("", _): "an empty text"
        case .scalar(let text, _): quoted(text)
        case .sequence(let items): items.isEmpty ? "an empty list" : "a list"
        case .mapping: "a section with keys"
        }
    }
}

/// Bounds on what a document may cost.
package struct YAMLLimits: Sendable {
    package var fileBytes = 1 << 20
    package var depth = 32
    package var nodes = 50_000

    package init() {}
}

/// A text in quotes as an error message shows it: cut to 60 characters, control characters as `\u{…}`.
func quoted(_ text: String) -> String {
    let limit = 60
    var shown = "\""
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == limit { return shown + "…\"" }
        shown += scalar == "\"" ? "\"" : scalar.escaped(asASCII: false)
    }
    return shown + "\""
}
