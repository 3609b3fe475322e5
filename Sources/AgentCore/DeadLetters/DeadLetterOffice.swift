package import FileAccess
internal import KafkaProtocol
internal import Primitives
internal import RecordBatches
package import SystemPackage

/// One dead letter, as a person looks at it.
package struct DeadLetter: Sendable, Equatable {
    /// Part of a file: just what its records were read from.
    package struct Origin: Sendable, Equatable {
        package var path: FilePath
        package var from: Int64
        package var to: Int64
    }

    /// Its number: stays the same, and is never used again while it is there.
    package var ordinal: UInt64
    package var source: String
    package var topic: String
    package var partition: Int32
    package var records: Int
    package var bytes: Int
    /// Kafka's name for the reason.
    package var error: String
    /// What the broker said besides; nil where it said nothing.
    package var message: String?
    /// When it was refused, in milliseconds since 1970.
    package var refusedMilliseconds: Int64
    /// None where its input is no file.
    package var origins: [Origin]
}

/// Lists and replays dead letters, beside a running agent as well as on a stopped one: each is a file of its own, and
/// replaying moves it into a directory that the agent looks into, at the latest when it starts.
package struct DeadLetterOffice: Sendable {
    private let stateDirectory: FilePath
    private let fileSystem: any FileSystem

    package init(stateDirectory: FilePath, fileSystem: any FileSystem = PosixFileSystem()) {
        self.stateDirectory = stateDirectory
        self.fileSystem = fileSystem
    }

    /// All letters, the oldest first, and the files that are none.
    package func list() throws(FileError) -> (letters: [DeadLetter], damaged: [FilePath]) {
        var letters: [DeadLetter] = []
        var damaged: [FilePath] = []
        for file in try DeadLetters.files(in: stateDirectory.appending(DeadLetters.directoryName), fileSystem) {
            do throws(FileError) {
                let bytes = try fileSystem.readWhole(file.path, limit: SpoolEntry.prefix + SpoolEntry.sizeLimit)
                if let entry = SpoolEntry(bytes.rawBytes) {
                    letters.append(DeadLetter(entry, ordinal: file.ordinal))
                } else {
                    damaged.append(file.path)
                }
            } catch {
                // Replayed or dropped in this moment.
                if !error.isNotFound { throw error }
            }
        }
        return (letters, damaged)
    }

    /// Has the letters sent again, in their order. They are refused anew where nothing has changed.
    ///
    /// - Parameter chosen: which of them.
    /// - Returns: how many.
    package func replay(where chosen: (DeadLetter) -> Bool = { _ in true }) throws(FileError) -> Int {
        let from = stateDirectory.appending(DeadLetters.directoryName)
        let to = stateDirectory.appending(Replays.directoryName)
        let letters = try list().letters.filter(chosen)
        if letters.isEmpty { return 0 }
        try fileSystem.createDirectories(to)
        try fileSystem.synchronizeDirectory(stateDirectory)
        var count = 0
        for letter in letters {
            let name = Spool.fileName(letter.ordinal)
            do throws(FileError) {
                try fileSystem.rename(from.appending(name), to: to.appending(name))
                count += 1
            } catch {
                if !error.isNotFound { throw error }
            }
        }
        try fileSystem.synchronizeDirectory(to)
        try fileSystem.synchronizeDirectory(from)
        return count
    }
}

extension DeadLetter {
    init(_ entry: SpoolEntry, ordinal: UInt64) {
        self.ordinal = ordinal
        source = entry.source
        topic = entry.topic
        partition = entry.partition ?? -1
        records = entry.batch.recordCount
        bytes = entry.batch.byteCount
        error = "\(entry.error)"
        message = LetterCoordinates(key: entry.key)?.message
        refusedMilliseconds = entry.written.milliseconds
        origins = entry.origins.map {
            Origin(path: FilePath(String(decoding: $0.path, as: UTF8.self)), from: $0.from, to: $0.to)
        }
    }
}
