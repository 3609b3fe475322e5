package import FileAccess
internal import KafkaProtocol
internal import Primitives
package import SystemPackage

/// Compares the list of topics in a data directory with the partitions that are there; for a directory that no collector
/// has open, since a running one changes both, one after the other.
///
/// - Parameter partitions: the names of the directories that hold a log.
/// - Returns: what is wrong, a sentence each.
package func topicRegistryProblems(
    in directory: FilePath, partitions: [String], fileSystem: any FileSystem
) -> [String] {
    let path = directory.appending("topics")
    let registry: TopicRegistry
    do {
        guard try fileSystem.exists(path) else {
            return partitions.isEmpty
                ? []
                : ["\(path): the list of topics is missing, and nobody serves the \(partitions.count) partitions there"]
        }
        registry = try TopicRegistry(in: directory, fileSystem: fileSystem)
    } catch {
        return ["\(error)"]
    }
    var expected: Set<String> = []
    for entry in registry.entries {
        for index in 0..<entry.partitions { expected.insert("\(entry.name)-\(index)") }
    }
    var doomed: Set<String> = []
    for deletion in registry.deletions {
        for index in 0..<deletion.partitions { doomed.insert("\(deletion.name)-\(index)") }
    }
    let found = Set(partitions)
    let missing = expected.subtracting(found).sorted().map { name in
        "\(directory.appending(name)): \(path) lists it, and it is not there: lost, or a crash came before it was made; "
            + "the collector makes it anew, empty"
    }
    let unlisted = found.subtracting(expected).subtracting(doomed).sorted().map { name in
        "\(directory.appending(name)): it holds a log, and no topic in \(path) has it: nobody serves it"
    }
    return missing + unlisted
}
