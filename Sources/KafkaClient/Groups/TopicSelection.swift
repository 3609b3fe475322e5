package import Primitives

/// Topics by name and by pattern: `logs.*`, `app-?`, `[ab]*`.
///
/// No topic's name can hold a wildcard, so that each text is one or the other.
package struct TopicSelection: Sendable, Equatable {
    package var names: [String]
    package var patterns: [NamePattern]

    package init(_ texts: [String]) {
        let isPattern = { (text: String) in text.contains { "*?[".contains($0) } }
        names = texts.filter { !isPattern($0) }
        patterns = texts.filter(isPattern).map { NamePattern($0) }
    }

    /// The topics selected among those there are; names count where there is no such topic too. A pattern takes no
    /// internal topics (`__consumer_offsets`): nobody means those.
    package func topics(among existing: some Sequence<TopicMetadata>) -> Set<String> {
        Set(names).union(
            existing.filter { topic in !topic.isInternal && patterns.contains { $0.matches(Array(topic.name.utf8)) } }
                .map(\.name))
    }
}
