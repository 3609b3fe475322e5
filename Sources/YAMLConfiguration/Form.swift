/// What a value has to look like, and how it is read: `.integer(1...65535)`, `.list(of: .text)`, `.section { … }`.
///
/// A form either gives a value or reports at least one problem.
package struct Form<Value> {
    /// A noun phrase that follows "expected".
    let expectation: String
    let read: (ConfigurationItem) -> Value?

    /// This form with a further condition, which `expectation` names.
    package func checked(_ expectation: String, _ isGood: @escaping (Value) -> Bool) -> Form {
        Form(expectation: expectation) { item in
            guard let value = read(item) else { return nil }
            guard isGood(value) else { return item.refuse(expectation) }
            return value
        }
    }

    /// This form for values to which `objection` has nothing to say; what it says follows the refusal.
    package func checked(objection: @escaping (Value) -> String?) -> Form {
        Form(expectation: expectation) { item in
            guard let value = read(item) else { return nil }
            guard let reason = objection(value) else { return value }
            item.report("expected \(expectation), found \(item.node.outline): \(reason)")
            return nil
        }
    }

    package func map<Other>(_ transform: @escaping (Value) -> Other) -> Form<Other> {
        Form<Other>(expectation: expectation) { item in read(item).map(transform) }
    }
}

/// A value with the way to it and what is needed to read it.
struct ConfigurationItem {
    let node: YAMLNode
    let path: ConfigurationPath
    let environment: Environment
    let problems: ProblemCollector

    func report(_ message: String) { problems.report(message, key: path.text, at: node.place) }

    /// Reports that something else was expected.
    func refuse<Value>(_ expectation: String) -> Value? {
        report("expected \(expectation), found \(node.outline)")
        return nil
    }

    /// The item at `node` below this one.
    func item(_ node: YAMLNode, at path: ConfigurationPath) -> ConfigurationItem {
        ConfigurationItem(node: node, path: path, environment: environment, problems: problems)
    }

    /// The scalar's characters, for whoever takes no `${env:…}`.
    func scalar(_ expectation: String) -> (text: String, isPlain: Bool)? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isAbsent else { return refuse(expectation) }
        guard !text.contains(Environment.opening) else {
            report(
                "expected \(expectation), found \(node.outline); ${env:…} is filled in only where a text is expected")
            return nil
        }
        return (text, isPlain)
    }
}

// MARK: Texts

extension Form where Value == String {
    /// Any text, with `${env:NAME}` filled in. Not empty, and without control characters.
    package static var text: Form { text("a text") }

    package static func text(_ expectation: String, where isGood: @escaping (String) -> Bool = { _ in true }) -> Form {
        .parsed(expectation) { isGood($0) ? $0 : nil }
    }
}

extension Form {
    /// A text, with `${env:NAME}` filled in, that `parse` understands.
    package static func parsed(_ expectation: String, _ parse: @escaping (String) -> Value?) -> Form {
        Form(expectation: expectation) { item in
            guard case .scalar(let raw, _) = item.node.content, !item.node.isAbsent else {
                return item.refuse(expectation)
            }
            let text: String
            do throws(InterpolationError) {
                text = try item.environment.fill(raw)
            } catch {
                item.report(error.message)
                return nil
            }
            if !text.isEmpty, !hasControlCharacters(text), let value = parse(text) { return value }
            guard text == raw else {
                // What the variable holds is not shown: it may be a secret.
                item.report("expected \(expectation), found something else when \(item.node.outline) was filled in")
                return nil
            }
            return item.refuse(expectation)
        }
    }
}

private func hasControlCharacters(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7f } }

extension Form where Value: RawRepresentable<String> & CaseIterable {
    /// One of the names of an enumeration.
    package static var choice: Form {
        let names = Value.allCases.map(\.rawValue)
        let expectation = names.count == 1 ? names[0] : "one of " + names.joined(separator: ", ")
        return Form(expectation: expectation) { item in
            guard let (text, _) = item.scalar(expectation) else { return nil }
            if let value = Value(rawValue: text) { return value }
            let meant = item.problems.isFull ? nil : suggestion(for: text, among: names)
            let hint = meant.map { "; did you mean \"\($0)\"?" } ?? ""
            item.report("expected \(expectation), found \(item.node.outline)\(hint)")
            return nil
        }
    }
}

// MARK: Numbers

extension Form where Value == Bool {
    /// `true` or `false`.
    package static var boolean: Form {
        let expectation = "true or false"
        return Form(expectation: expectation) { item in
            guard let (text, isPlain) = item.scalar(expectation) else { return nil }
            switch (text, isPlain) {
            case ("true", true): return true
            case ("false", true): return false
            default: return item.refuse(expectation + " (without quotes)")
            }
        }
    }
}

extension Form where Value == Int {
    /// A whole number in decimal digits.
    package static func integer(_ range: ClosedRange<Int>) -> Form {
        let expectation = "a whole number \(bounds(of: range) { "\($0)" })"
        return Form(expectation: expectation) { item in
            guard let (text, isPlain) = item.scalar(expectation) else { return nil }
            guard isPlain else { return item.refuse(expectation + " (without quotes)") }
            guard let number = parseInteger(text), range.contains(number) else { return item.refuse(expectation) }
            return number
        }
    }

    /// A size in bytes: see `ByteSize`.
    package static func byteSize(_ range: ClosedRange<Int>) -> Form {
        let expectation = "a size \(bounds(of: range, ByteSize.text)), such as 64KiB, 1MiB, 1GB or plain bytes"
        return Form(expectation: expectation) { item in
            guard let (text, _) = item.scalar(expectation) else { return nil }
            guard let size = ByteSize.parse(text), range.contains(size) else { return item.refuse(expectation) }
            return size
        }
    }
}

extension Form where Value == Duration {
    /// A duration: see `DurationText`.
    package static func duration(_ range: ClosedRange<Duration>) -> Form {
        let bounds = "from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        let expectation = "a duration \(bounds), such as 500ms, 10s, 5m, 2h or 7d"
        return Form(expectation: expectation) { item in
            guard let (text, _) = item.scalar(expectation) else { return nil }
            guard let duration = DurationText.parse(text), range.contains(duration) else {
                return item.refuse(expectation)
            }
            return duration
        }
    }
}

extension Form where Value == Duration {
    /// A number of milliseconds, for keys whose name ends in `.ms`.
    package static func milliseconds(_ range: ClosedRange<Int>) -> Form {
        Form<Int>.integer(range).map { .milliseconds($0) }
    }
}

private func bounds(of range: ClosedRange<Int>, _ number: (Int) -> String) -> String {
    range.upperBound == .max
        ? "of at least \(number(range.lowerBound))" : "from \(number(range.lowerBound)) to \(number(range.upperBound))"
}

// MARK: What holds others

extension Form {
    /// A list; every element's problems are reported. A key without a value is an empty list.
    package static func list<Element>(of element: Form<Element>, atLeast least: Int = 0) -> Form
    where Value == [Element] {
        let expectation = least > 0 ? "a list with at least \(least) of: \(element.expectation)" : "a list"
        return Form(expectation: expectation) { item in
            let nodes: [YAMLNode]
            switch item.node.content {
            case .sequence(let items): nodes = items
            case .scalar where item.node.isAbsent: nodes = []
            case .scalar(let text, _):
                item.report("expected a list, found \(item.node.outline); write [\(text.prefix(60))] for a list of one")
                return nil
            case .mapping: return item.refuse("a list")
            }
            guard nodes.count >= least else { return item.refuse(expectation) }
            let values = nodes.enumerated().map { index, node in
                element.read(item.item(node, at: item.path.appending(index: index)))
            }
            return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
        }
    }

    /// Keys of the user's own choice, with values of one form.
    package static func map<Element>(of element: Form<Element>) -> Form where Value == [String: Element] {
        Form(expectation: "a section of names and values") { item in
            guard let entries = item.entries else { return item.refuse("a section of names and values") }
            var values: [String: Element] = [:]
            for entry in entries {
                values[entry.key] = element.read(item.item(entry.value, at: item.path.appending(key: entry.key)))
            }
            return values.count == entries.count ? values : nil
        }
    }

    /// A section of keys that `read` asks for one after the other; those that it did not ask for are reported as
    /// unknown. A key without a value is an empty section.
    ///
    /// - Parameter read: gives nil only after a problem.
    package static func section(_ read: @escaping (ConfigurationSection) -> Value?) -> Form {
        Form(expectation: "a section of keys and values") { item in
            guard let entries = item.entries else { return item.refuse("a section of keys and values") }
            let section = ConfigurationSection(item, entries)
            let value = read(section)
            section.reportUnknownAndMissingKeys()
            return value
        }
    }
}

extension ConfigurationItem {
    /// The entries of a section; nil where it is none.
    fileprivate var entries: [YAMLNode.Entry]? {
        if case .mapping(let entries) = node.content { return entries }
        return node.isAbsent ? [] : nil
    }
}
