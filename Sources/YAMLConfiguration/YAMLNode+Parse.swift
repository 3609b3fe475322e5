extension YAMLNode {
    /// Reads the one document that `bytes` are.
    ///
    /// - Returns: nil after a syntax error or a bound that was passed. What is refused but can be skipped (a duplicate
    ///   key, an anchor, a tag) is reported, and the tree goes on without it.
    static func parse(_ bytes: [UInt8], limits: YAMLLimits, problems: ProblemCollector) -> YAMLNode? {
        guard bytes.count <= limits.fileBytes else {
            problems.report(
                "the file is too large: more than \(ByteSize.text(limits.fileBytes)) are not read",
                at: SourcePlace(line: 1, column: 1))
            return nil
        }
        let events = YAMLEventStream(bytes)
        var tree = TreeBuilder(limits: limits, problems: problems)
        do throws(YAMLSyntaxError) {
            var documents = 0
            while true {
                let event = try events.next()
                switch event.kind {
                case .streamStart, .documentEnd: break
                case .documentStart:
                    documents += 1
                    guard documents == 1 else {
                        throw YAMLSyntaxError(
                            message: "a second document begins here; a configuration is one", place: event.place)
                    }
                case .streamEnd:
                    return tree.root
                        ?? YAMLNode(place: SourcePlace(line: 1, column: 1), content: .scalar("", isPlain: true))
                case .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd:
                    try tree.take(event)
                }
            }
        } catch {
            problems.report(error.message, at: error.place)
            return nil
        }
    }
}

/// Puts libyaml's events together to a tree; a stack of its own keeps a deep document off the program's stack.
private struct TreeBuilder {
    private struct Open {
        var place: SourcePlace
        var isMapping: Bool
        var items: [YAMLNode] = []
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        /// The key whose value is awaited.
        var key: (text: String, place: SourcePlace)?
    }

    let limits: YAMLLimits
    let problems: ProblemCollector
    private(set) var root: YAMLNode?
    private var stack: [Open] = []
    private var nodes = 0

    init(limits: YAMLLimits, problems: ProblemCollector) {
        self.limits = limits
        self.problems = problems
    }

    mutating func take(_ event: YAMLEvent) throws(YAMLSyntaxError) {
        if event.hasAnchor {
            problems.report("anchors (&name) are not supported here; write the value out", at: event.place)
        }
        if event.hasTag { problems.report("tags (!name) are not supported here; leave it out", at: event.place) }
        switch event.kind {
        case .streamStart, .streamEnd, .documentStart, .documentEnd:
            preconditionFailure("BUG: not an event of the document's content")
        case .alias:
            problems.report("aliases (*name) are not supported here; write the value out", at: event.place)
            try add(YAMLNode(place: event.place, content: .scalar("", isPlain: true)))
        case .scalar(let text, let isPlain):
            try add(YAMLNode(place: event.place, content: .scalar(text, isPlain: isPlain)))
        case .sequenceStart: try open(event, isMapping: false)
        case .mappingStart: try open(event, isMapping: true)
        case .sequenceEnd, .mappingEnd:
            let done = stack.removeLast()
            try add(
                YAMLNode(place: done.place, content: done.isMapping ? .mapping(done.entries) : .sequence(done.items)))
        }
    }

    private mutating func open(_ event: YAMLEvent, isMapping: Bool) throws(YAMLSyntaxError) {
        guard stack.count < limits.depth else {
            throw YAMLSyntaxError(message: "nested deeper than \(limits.depth) levels", place: event.place)
        }
        stack.append(Open(place: event.place, isMapping: isMapping))
    }

    private mutating func add(_ node: YAMLNode) throws(YAMLSyntaxError) {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw YAMLSyntaxError(message: "more than \(limits.nodes) values", place: node.place)
        }
        guard !stack.isEmpty else {
            root = node
            return
        }
        let top = stack.count - 1
        guard stack[top].isMapping else {
            stack[top].items.append(node)
            return
        }
        if let key = stack[top].key {
            stack[top].key = nil
            addEntry(YAMLNode.Entry(key: key.text, keyPlace: key.place, value: node), to: top)
        } else {
            guard case .scalar(let text, _) = node.content else {
                throw YAMLSyntaxError(message: "a key has to be a text, found \(node.outline)", place: node.place)
            }
            stack[top].key = (text, node.place)
        }
    }

    private mutating func addEntry(_ entry: YAMLNode.Entry, to index: Int) {
        if let line = stack[index].lines[entry.key] {
            problems.report(
                "duplicate key; it is there already in line \(line)", key: path(to: entry.key), at: entry.keyPlace)
            return
        }
        stack[index].lines[entry.key] = entry.keyPlace.line
        stack[index].entries.append(entry)
    }

    /// The way to a key of the innermost open mapping.
    private func path(to key: String) -> String {
        var path = ConfigurationPath()
        for open in stack {
            if !open.isMapping {
                path = path.appending(index: open.items.count)
            } else if let key = open.key {
                path = path.appending(key: key.text)
            }
        }
        return path.appending(key: key).text
    }
}

/// The way to a value: `sources[0].include[1]`.
struct ConfigurationPath {
    private(set) var text = ""

    func appending(key: String) -> ConfigurationPath {
        // A key of a hostile file may be anything: shown as it is only where it reads as one.
        let plain = key.utf8.count <= 100 && key.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
        let shown = plain && !key.isEmpty ? key : quoted(key)
        return ConfigurationPath(text: text.isEmpty ? shown : text + "." + shown)
    }

    func appending(index: Int) -> ConfigurationPath { ConfigurationPath(text: text + "[\(index)]") }
}
