internal import FileAccess
internal import Logging
internal import Primitives
internal import SystemPackage

/// The directories of deleted topics' partitions: removed on a thread of their own, since that of large files takes long.
/// What is left by a stop or a crash is removed after the next start.
struct DeletedDirectories: Sendable {
    static let suffix = "-delete"

    private let directory: FilePath
    private let fileSystem: any FileSystem
    private let logger: Logger

    init(in directory: FilePath, fileSystem: any FileSystem, logger: Logger) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.logger = logger
    }

    func removeInBackground() {
        let found = paths()
        if found.isEmpty { return }
        DedicatedThread.start("delete") {
            for path in found { remove(path) }
        }
    }

    private func paths() -> [FilePath] {
        do throws(FileError) {
            return try fileSystem.list(directory).filter { $0.name.string.hasSuffix(Self.suffix) }.map {
                directory.appending($0.name)
            }
        } catch {
            logger.error("cannot look for deleted topics: \(error)")
            return []
        }
    }

    private func remove(_ path: FilePath) {
        do throws(FileError) {
            for entry in try fileSystem.list(path) {
                do throws(FileError) { try fileSystem.remove(path.appending(entry.name)) } catch {
                    if !error.isNotFound { throw error }
                }
            }
            try fileSystem.removeDirectory(path)
        } catch {
            // Another thread is at it too.
            if !error.isNotFound { logger.error("cannot remove a deleted topic's partition: \(error)") }
        }
    }
}
