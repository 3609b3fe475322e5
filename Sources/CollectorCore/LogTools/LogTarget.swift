internal import CommitLog
package import FileAccess
package import SystemPackage

/// What a person pointed the tools at cannot be used.
package struct LogToolError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The partitions that a tool is to look at: all of a data directory, or one.
package struct LogTarget: Sendable {
    /// Ordered by name.
    package let partitions: [FilePath]
    /// nil where a single partition is meant.
    let dataDirectory: FilePath?
    /// The data directory's lock file.
    private let lockPath: FilePath
    private let fileSystem: any FileSystem

    /// - Parameter path: a collector's data directory, or one partition's.
    package init(_ path: FilePath, fileSystem: any FileSystem) throws(LogToolError) {
        self.fileSystem = fileSystem
        do throws(FileError) {
            let path = try fileSystem.resolve(path)
            if try PartitionFiles.isPartition(path, fileSystem: fileSystem) {
                partitions = [path]
                dataDirectory = nil
                lockPath = path.removingLastComponent().appending(".lock")
                return
            }
            lockPath = path.appending(".lock")
            var found: [FilePath] = []
            for entry in try fileSystem.list(path) {
                let inner = path.appending(entry.name)
                let kind: FileKind
                if let known = entry.kind {
                    kind = known
                } else {
                    kind = try fileSystem.status(of: inner, followingLinks: false).kind
                }
                // A deleted topic's partitions are on their way out.
                guard kind == .directory, !entry.name.string.hasSuffix("-delete") else { continue }
                do throws(FileError) {
                    if try PartitionFiles.isPartition(inner, fileSystem: fileSystem) { found.append(inner) }
                } catch {
                    // Renamed or removed meanwhile: a running collector deletes topics.
                    if !error.isNotFound { throw error }
                }
            }
            partitions = found.sorted { $0.string < $1.string }
            dataDirectory = path
            let isDataDirectory = try fileSystem.exists(path.appending("meta.properties"))
            guard isDataDirectory || !found.isEmpty else {
                throw FileError(
                    operation: "open", path: path.appending("meta.properties"), errno: .noSuchFileOrDirectory)
            }
        } catch {
            throw LogToolError(
                description: error.path.lastComponent == "meta.properties"
                    ? "\(path) is neither a collector's data directory nor a partition's" : "\(error)")
        }
    }

    /// Takes the data directory over, so that no collector starts meanwhile. The lock lasts as long as what is returned.
    ///
    /// - Returns: nil where a collector runs on it. A partition that lies in no data directory needs no lock.
    package func takeLock() throws(LogToolError) -> Lock? {
        do throws(FileError) {
            guard try fileSystem.exists(lockPath) else { return Lock(file: nil) }
            let file = try fileSystem.open(lockPath, .update)
            return try file.tryLock() ? Lock(file: file) : nil
        } catch {
            throw LogToolError(description: "\(error)")
        }
    }

    package struct Lock: Sendable {
        let file: (any OpenFile)?
    }
}
