internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import SystemPackage

/// Why a change was not made.
struct ChangeRefusal: Error, Sendable {
    var code: ErrorCode
    var message: String

    static func unknown(_ topic: String) -> ChangeRefusal {
        ChangeRefusal(code: .unknownTopicOrPartition, message: "there is no topic \"\(topic)\"")
    }
}

// Changes of topics that are there. Each is in the registry, durably, before anything else knows of it.
extension TopicAdmin {
    func entry(_ topic: String) -> TopicRegistry.Entry? { registry.entries.first { $0.name == topic } }

    private func changing(_ what: String, _ body: () throws -> Void) throws(ChangeRefusal) {
        do {
            try body()
        } catch {
            logger.error("cannot \(what): \(error)")
            throw ChangeRefusal(code: .kafkaStorageError, message: "\(error)")
        }
    }

    // MARK: Partitions

    /// Adds partitions to a topic.
    ///
    /// - Returns: those that are new.
    func grow(_ topic: String, to count: Int32, validateOnly: Bool) throws(ChangeRefusal) -> [Partition] {
        guard var entry = entry(topic) else { throw .unknown(topic) }
        guard count > entry.partitions, count <= Self.maximumPartitions else {
            throw ChangeRefusal(
                code: .invalidPartitions,
                message: "topic \"\(topic)\" has \(entry.partitions) partitions; it can get more of them, up to "
                    + "\(Self.maximumPartitions), not \(count)")
        }
        if validateOnly { return [] }
        let before = entry
        entry.partitions = count
        var added: [Partition] = []
        try changing("add partitions to topic \(topic)") {
            try freeDirectories(of: entry)
            try registry.update(entry)
            do {
                added = try open([entry], from: before.partitions)[0].partitions
            } catch {
                // They were refused, so they must not be there after the next start.
                try? registry.update(before)
                throw error
            }
        }
        return added
    }

    // MARK: Settings

    /// The settings in force for a topic.
    func resolvedOrRefused(_ entry: TopicRegistry.Entry) throws(ChangeRefusal) -> TopicSettings {
        switch configuration.topics.settings(for: entry.name, overrides: entry.settings) {
        case .success(let settings): return settings
        case .failure(let problem): throw ChangeRefusal(code: .invalidConfig, message: problem.description)
        }
    }

    /// Gives a topic other settings of its own.
    ///
    /// - Returns: all settings that it has then.
    func alter(
        _ topic: String, to settings: [(name: String, value: String)], validateOnly: Bool
    ) throws(ChangeRefusal) -> TopicSettings {
        guard var entry = entry(topic) else { throw .unknown(topic) }
        switch configuration.topics.settings(for: topic, overrides: settings) {
        case .failure(let problem): throw ChangeRefusal(code: .invalidConfig, message: problem.description)
        case .success(let resolved):
            entry.settings = settings.sorted { $0.name < $1.name }
            if !validateOnly {
                try changing("alter topic \(topic)") { try registry.update(entry) }
            }
            return resolved
        }
    }

    // MARK: Deleting

    /// Takes topics out of the registry, all or none. Their logs are to be closed next, and then `finishDeletions`
    /// called.
    func beginDeletions(of topics: [String]) throws(ChangeRefusal) {
        var entries: [TopicRegistry.Entry] = []
        for topic in topics {
            guard let entry = entry(topic) else { throw .unknown(topic) }
            entries.append(entry)
        }
        try changing("delete topics \(topics.joined(separator: ", "))") { try registry.beginDeletions(of: entries) }
    }

    /// Frees the names of deleted topics' directories, and has what was renamed removed in the background. What does
    /// not work is tried again at the next deletion or creation, and at the next start.
    func finishDeletions() {
        var renamed: Set<TopicID> = []
        for deletion in registry.deletions {
            do throws(FileError) {
                try rename(deletion)
                renamed.insert(deletion.id)
            } catch {
                logger.error("cannot put the files of deleted topic \(deletion.name) aside: \(error)")
            }
        }
        do throws(FileError) {
            try forgetDeletions(renamed)
        } catch {
            logger.error("cannot note that the files of \(renamed.count) deleted topics are aside: \(error)")
        }
        DeletedDirectories(in: directory.path, fileSystem: fileSystem, logger: logger).removeInBackground()
    }

    /// Makes sure that a new topic does not find the records of a deleted one of its name.
    func freeDirectories(of entry: TopicRegistry.Entry) throws {
        let inTheWay = registry.deletions.filter { $0.name == entry.name }
        for deletion in inTheWay { try rename(deletion) }
        try forgetDeletions(Set(inTheWay.map(\.id)))
    }

    /// What was renamed stays so, and then need not be known any more.
    private func forgetDeletions(_ ids: Set<TopicID>) throws(FileError) {
        if ids.isEmpty { return }
        try fileSystem.synchronizeDirectory(directory.path)
        try registry.finishDeletions(of: ids)
    }

    private func rename(_ deletion: TopicRegistry.Deletion) throws(FileError) {
        for index in 0..<deletion.partitions {
            let path = directory.partition(deletion.name, index)
            do throws(FileError) {
                try fileSystem.rename(path, to: directory.deletedPartition(deletion.name, index, deletion.id))
            } catch {
                // Done before a crash, or never made.
                if !error.isNotFound { throw error }
            }
        }
    }
}

extension DataDirectory {
    /// Where a deleted topic's partition waits to be removed. The name is cut, or with the longest it would be too long
    /// for a file; the id makes it unique. No partition of a topic is called so: those end in a number.
    func deletedPartition(_ topic: String, _ index: Int32, _ id: TopicID) -> FilePath {
        path.appending("\(topic.prefix(200))-\(index).\(id.text)\(DeletedDirectories.suffix)")
    }
}
