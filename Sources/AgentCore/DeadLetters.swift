internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Batches that the cluster refused for good, kept on disk: `dead-letters/<topic>-<partition>.log`, record batches one
/// after the other as in a segment of Kafka's log.
struct DeadLetters {
    private let directory: FilePath
    private let fileSystem: any FileSystem

    init(in stateDirectory: FilePath, fileSystem: any FileSystem) {
        directory = stateDirectory.appending("dead-letters")
        self.fileSystem = fileSystem
    }

    /// Keeps a batch. Durable on return.
    func keep(_ batch: SealedBatch, topic: String, partition: Int32) throws(FileError) -> FilePath {
        try fileSystem.createDirectories(directory)
        let path = directory.appending("\(topic)-\(partition).log")
        let file = try fileSystem.open(path, .create)
        let end = try file.status().size
        do throws(FileError) {
            try file.write(batch.bytes.rawBytes, at: end)
            try file.synchronizeData()
        } catch {
            // A part of a batch would hide those behind it.
            try? file.truncate(to: end)
            throw error
        }
        try fileSystem.synchronizeDirectory(directory)
        return path
    }
}
