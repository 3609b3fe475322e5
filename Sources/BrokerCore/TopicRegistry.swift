internal import Primitives
internal import FileAccess
internal import KafkaProtocol
internal import SystemPackage

/// The list of topics on disk: which there are, under which id, with how many partitions and which settings of their
/// own. A topic exists when it stands here; partitions' directories are made afterwards, and made up for at the next
/// start where a crash came between.
///
/// Text, one topic a line, fields separated by a space: id, name, number of partitions, and `name=value` per setting.
/// A topic whose deletion is not complete has a line "deleted", id, name, number of partitions.
/// The first line is "tributary-topics 1". The file is replaced as a whole, durably, at every change.
struct TopicRegistry {
    struct Entry: Equatable {
        var name: String
        var id: TopicID
        var partitions: Int32
        var settings: [(name: String, value: String)]

        static func == (left: Entry, right: Entry) -> Bool { left.line == right.line }

        var line: String {
            ([id.text, name, String(partitions)] + settings.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
        }
    }

    private static let header = "tributary-topics 1"

    /// A topic that is deleted, and whose partitions' directories may still bear their names.
    struct Deletion: Equatable {
        var name: String
        var id: TopicID
        var partitions: Int32

        var line: String { "deleted \(id.text) \(name) \(partitions)" }
    }

    private(set) var entries: [Entry] = []
    private(set) var deletions: [Deletion] = []
    private let path: FilePath
    private let fileSystem: any FileSystem

    init(in directory: FilePath, fileSystem: any FileSystem) throws {
        path = directory.appending("topics")
        self.fileSystem = fileSystem
        guard try fileSystem.exists(path) else { return }
        let text = String(decoding: try fileSystem.readWhole(path, limit: 1 << 28), as: UTF8.self)
        let lines = text.split(separator: "\n")
        guard lines.first == Substring(Self.header) else {
            throw DataDirectoryError("\(path), line 1: expected \"\(Self.header)\"; use the program that wrote it")
        }
        var names: Set<String> = []
        for (number, line) in lines.enumerated().dropFirst() {
            if line.hasPrefix("deleted "), let entry = Self.entry(line.dropFirst(8)) {
                deletions.append(Deletion(name: entry.name, id: entry.id, partitions: entry.partitions))
                continue
            }
            guard let entry = Self.entry(line) else {
                throw DataDirectoryError("\(path), line \(number + 1): not a topic: \"\(line)\"")
            }
            // Its partitions would be opened twice, and written to from two sides.
            guard names.insert(entry.name).inserted else {
                throw DataDirectoryError("\(path), line \(number + 1): topic \"\(entry.name)\" stands here already")
            }
            entries.append(entry)
        }
    }

    private static func entry(_ line: Substring) -> Entry? {
        let fields = line.split(separator: " ")
        guard fields.count >= 3, let id = TopicID(text: String(fields[0])), TopicName.problem(String(fields[1])) == nil,
            let partitions = Int32(fields[2]), partitions > 0
        else { return nil }
        let settings = fields.dropFirst(3).map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
        }
        return Entry(name: String(fields[1]), id: id, partitions: partitions, settings: settings)
    }

    /// Adds a topic, in place of one of the same name that came to nothing. Durable on return; after an error nothing
    /// has changed.
    mutating func add(_ entry: Entry) throws(FileError) {
        let changed = entries.filter { $0.name != entry.name } + [entry]
        try save(changed)
        entries = changed
    }

    /// Takes a topic out that could not be made. Durable on return; after an error nothing has changed.
    mutating func remove(_ name: String) throws(FileError) {
        let changed = entries.filter { $0.name != name }
        try save(changed)
        entries = changed
    }

    /// Changes a topic's partitions or settings. Durable on return; after an error nothing has changed.
    mutating func update(_ entry: Entry) throws(FileError) {
        let changed = entries.map { $0.name == entry.name ? entry : $0 }
        try save(changed)
        entries = changed
    }

    /// From now on the topic is gone, whatever becomes of its directories. Durable on return.
    mutating func beginDeletions(of going: [Entry]) throws(FileError) {
        let begun = going.map { Deletion(name: $0.name, id: $0.id, partitions: $0.partitions) }
        let ids = Set(going.map(\.id))
        let changed = entries.filter { !ids.contains($0.id) }
        try save(changed, deletions + begun)
        entries = changed
        deletions += begun
    }

    /// The directories' names are free again.
    mutating func finishDeletions(of ids: Set<TopicID>) throws(FileError) {
        let changed = deletions.filter { !ids.contains($0.id) }
        try save(entries, changed)
        deletions = changed
    }

    private func save(_ entries: [Entry]) throws(FileError) { try save(entries, deletions) }

    private func save(_ entries: [Entry], _ deletions: [Deletion]) throws(FileError) {
        let text =
            Array(([Self.header] + entries.map(\.line) + deletions.map(\.line)).joined(separator: "\n").utf8) + [
                UInt8(ascii: "\n")
            ]
        try fileSystem.replace(path, with: text.rawBytes)
    }
}
