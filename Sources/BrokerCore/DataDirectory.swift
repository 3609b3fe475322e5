internal import Primitives
internal import FileAccess
internal import KafkaProtocol
internal import SystemPackage

/// Why the data directory cannot be used.
package struct DataDirectoryError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// The collector's directory: who owns it, what cluster it is, where its partitions are.
///
///     .lock             held while a collector runs, so that there is only one
///     meta.properties   text: format version, cluster id
///     topics            text: every topic, see TopicRegistry
///     producer-ids      text: the first producer id not yet given away
///     acls              text: who may do what, see ACLFile; nobody is kept from anything without it
///     quotas            text: how many bytes a second clients may produce and fetch, see QuotaFile
///     <topic>-<n>/      a partition, see CommitLog
struct DataDirectory: Sendable {
    static let formatVersion = 1

    let path: FilePath
    let clusterID: String
    private let lock: any OpenFile

    init(_ path: FilePath, fileSystem: any FileSystem) throws {
        self.path = path
        try fileSystem.createDirectories(path)
        lock = try fileSystem.open(path.appending(".lock"), .create)
        guard try lock.tryLock() else { throw DataDirectoryError("\(path) is in use by another collector") }
        clusterID = try Self.readOrCreateCluster(path.appending("meta.properties"), fileSystem)
    }

    /// A partition's directory, named as Kafka names it.
    func partition(_ topic: String, _ index: Int32) -> FilePath {
        path.appending("\(topic)-\(index)")
    }

    private static func readOrCreateCluster(_ file: FilePath, _ fileSystem: any FileSystem) throws -> String {
        guard try fileSystem.exists(file) else {
            let id = TopicID.random().text
            let content = Array("version=\(formatVersion)\ncluster.id=\(id)\n".utf8)
            try fileSystem.replace(file, with: content.rawBytes)
            return id
        }
        var properties: [String: String] = [:]
        for line in String(decoding: try fileSystem.readWhole(file), as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { properties[parts[0]] = parts[1] }
        }
        guard let version = properties["version"].flatMap(Int.init), let id = properties["cluster.id"] else {
            throw DataDirectoryError(
                "\(file): \"version\" or \"cluster.id\" is missing; restore the file from a backup")
        }
        guard version <= formatVersion else {
            throw DataDirectoryError(
                "\(file): format version \(version) is newer than this program's \(formatVersion); use a newer program")
        }
        return id
    }
}
