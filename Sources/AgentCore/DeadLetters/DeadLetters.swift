internal import FileAccess
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Records that the cluster refused for good, kept on disk: `dead-letters/<ordinal>.spool`, one batch (or a piece of one)
/// to a file, in the form of a spool's entry, with where it came from and why it was refused. To replay one is to move its
/// file into the directory `replay`.
///
/// Bounded in bytes; beyond that the oldest goes, and is counted.
final class DeadLetters {
    static let directoryName = "dead-letters"

    let directory: FilePath
    let replayDirectory: FilePath
    private let limit: Int64
    let fileSystem: any FileSystem
    private var nextOrdinal: UInt64
    private var isDirectoryDurable = false
    private(set) var dropped: Int64 = 0

    /// - Parameter inUse: ordinals that the journal still knows.
    init(
        in stateDirectory: FilePath, limit: Int64, inUse: some Sequence<UInt64>, fileSystem: any FileSystem
    ) throws(FileError) {
        directory = stateDirectory.appending(Self.directoryName)
        replayDirectory = stateDirectory.appending(Replays.directoryName)
        self.limit = limit
        self.fileSystem = fileSystem
        nextOrdinal = (inUse.max() ?? 0) + 1
        for place in [directory, replayDirectory] {
            nextOrdinal = max(nextOrdinal, (try Self.files(in: place, fileSystem).last?.ordinal ?? 0) + 1)
        }
        takeOverOld()
    }

    /// A letter's file.
    struct File {
        var ordinal: UInt64
        var path: FilePath
    }

    /// The letters in a directory, the oldest first; none where there is no directory.
    static func files(in directory: FilePath, _ fileSystem: any FileSystem) throws(FileError) -> [File] {
        guard try fileSystem.exists(directory) else { return [] }
        var files: [File] = []
        for entry in try fileSystem.list(directory) {
            guard let ordinal = Spool.ordinal(of: entry.name) else { continue }
            files.append(File(ordinal: ordinal, path: directory.appending(entry.name)))
        }
        return files.sorted { $0.ordinal < $1.ordinal }
    }

    /// The directory was removed with the state directory.
    func beginAnew() { isDirectoryDurable = false }

    /// Keeps a letter. Durable on return.
    ///
    /// - Parameter make: the letter under the ordinal given.
    /// - Returns: where it is.
    func keep(_ make: (UInt64) -> SpoolEntry) throws(FileError) -> FilePath {
        if !isDirectoryDurable {
            // Its own name too: the journal is about to rely on the letter.
            try fileSystem.createDirectories(directory)
            try fileSystem.synchronizeDirectory(directory.removingLastComponent())
            isDirectoryDurable = true
        }
        let bytes = make(nextOrdinal).encoded()
        let path = directory.appending(Spool.fileName(nextOrdinal))
        try fileSystem.replace(path, with: bytes.rawBytes)
        nextOrdinal += 1
        try? dropOldest()
        return path
    }

    private func dropOldest() throws(FileError) {
        var files: [(path: FilePath, size: Int64)] = []
        for file in try Self.files(in: directory, fileSystem) {
            // One that is being replayed just now is gone.
            guard let status = try? fileSystem.status(of: file.path, followingLinks: false) else { continue }
            files.append((file.path, status.size))
        }
        var total = files.reduce(0) { $0 + $1.size }
        for file in files.dropLast() where total > limit {
            try fileSystem.remove(file.path)
            total -= file.size
            dropped += 1
        }
    }

    /// The first version's files, `<topic>-<partition>.log`: batches one after the other, with nothing else known of them.
    private func takeOverOld() {
        for entry in (try? fileSystem.list(directory)) ?? [] where entry.name.extension == "log" {
            let path = directory.appending(entry.name)
            guard let dash = entry.name.stem.lastIndex(of: "-"),
                let partition = Int32(entry.name.stem[entry.name.stem.index(after: dash)...]),
                let bytes = try? fileSystem.readWhole(path, limit: 1 << 30),
                (try? keepAll(bytes, topic: String(entry.name.stem[..<dash]), partition: partition)) != nil
            else { continue }
            try? fileSystem.remove(path)
        }
    }

    private func keepAll(_ bytes: [UInt8], topic: String, partition: Int32) throws(FileError) {
        var rest = bytes.rawBytes
        while rest.byteCount > 0, let batch = try? SealedBatch(stored: rest, uncompressedBytes: 0) {
            _ = try keep { ordinal in
                SpoolEntry(
                    ordinal: ordinal, source: "", topic: topic, partition: partition, key: [],
                    written: batch.header.maxTimestamp, batch: batch)
            }
            rest = rest.extracting(batch.byteCount..<rest.byteCount)
        }
    }
}
