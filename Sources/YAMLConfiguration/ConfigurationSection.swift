/// A section while it is read: which keys it has, and which were asked for.
package final class ConfigurationSection {
    private let item: ConfigurationItem
    private let entries: [String: YAMLNode.Entry]
    private let order: [String]
    /// In the order in which they were asked for.
    private var known: [String] = []
    private var missing: [(key: String, expectation: String)] = []
    private var refused: Set<String> = []

    init(_ item: ConfigurationItem, _ entries: [YAMLNode.Entry]) {
        self.item = item
        self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        order = entries.map(\.key)
    }

    /// The value of a key; nil where it is missing, or wrong and reported.
    package func value<Value>(_ key: String, _ form: Form<Value>) -> Value? {
        known.append(key)
        guard let entry = entries[key] else { return nil }
        return form.read(item.item(entry.value, at: item.path.appending(key: key)))
    }

    /// The value of a key; `other` where it is missing, or wrong and reported.
    package func value<Value>(_ key: String, _ form: Form<Value>, default other: Value) -> Value {
        value(key, form) ?? other
    }

    /// The value of a key that has to be there; nil where it is missing or wrong, and reported.
    package func required<Value>(_ key: String, _ form: Form<Value>) -> Value? {
        if entries[key] == nil {
            known.append(key)
            missing.append((key, form.expectation))
            return nil
        }
        return value(key, form)
    }

    /// Whether the key is there, right or wrong.
    package func has(_ key: String) -> Bool { entries[key] != nil }

    /// Reports what is wrong with a key only in the light of others.
    ///
    /// - Parameter place: where, unless at the key's value.
    package func report(_ message: String, key: String, at place: SourcePlace? = nil) {
        let path = item.path.appending(key: key)
        item.problems.report(message, key: path.text, at: place ?? entries[key]?.value.place ?? item.node.place)
    }

    /// Takes every key as known, after a problem that makes it impossible to say which are.
    package func acceptAll() { known += order }

    /// Keys that mean something, but nothing that can be done: each is refused, with `reason`.
    package func refuse(_ keys: [String], because reason: String) {
        for key in keys {
            guard let entry = entries[key] else { continue }
            refused.insert(key)
            item.problems.report(reason, key: item.path.appending(key: key).text, at: entry.keyPlace)
        }
    }

    /// Where a key's value stands, to be named in the problem of another.
    package func place(of key: String) -> SourcePlace? { entries[key]?.value.place }

    /// To be called once, after everything was asked for.
    func reportUnknownAndMissingKeys() {
        let asked = Set(known)
        for key in order where !asked.contains(key) && !refused.contains(key) {
            let meant = item.problems.isFull ? nil : suggestion(for: key, among: known)
            let hint = meant.map { "did you mean \"\($0)\"?" } ?? "known here: " + known.joined(separator: ", ")
            item.problems.report(
                "unknown key; " + hint, key: item.path.appending(key: key).text, at: entries[key]?.keyPlace)
            // One mistake, one problem: a key that was misspelt is not missing besides.
            missing.removeAll { $0.key == meant }
        }
        for (key, expectation) in missing {
            item.problems.report(
                "\"\(key)\" is missing; expected \(expectation)", key: item.path.text, at: item.node.place)
        }
    }
}
