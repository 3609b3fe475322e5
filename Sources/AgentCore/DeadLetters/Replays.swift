internal import FileAccess
internal import Primitives
internal import SystemPackage

/// Dead letters that are to be sent again: the files in the directory `replay`. Each goes when it is answered, and before
/// the journal forgets its batch: so it is not sent twice, whenever the agent ends.
final class Replays {
    static let directoryName = "replay"
    /// The name that the journal has for them.
    static let name = "replay"

    private let directory: FilePath
    private let fileSystem: any FileSystem
    private var seen: FileTime?
    private var isSure = false
    private var nextLook = ContinuousClock.now
    private var waiting: [DeadLetters.File] = []
    /// Those on their way, and those of an earlier life.
    private var underWay: Set<UInt64>

    private static let lookInterval = Duration.seconds(2)

    /// - Parameter resumed: the ordinals of open batches, which the journal has.
    init(in stateDirectory: FilePath, resumed: Set<UInt64>, fileSystem: any FileSystem) {
        directory = stateDirectory.appending(Self.directoryName)
        self.fileSystem = fileSystem
        underWay = resumed
    }

    var isDrained: Bool { underWay.isEmpty && waiting.isEmpty }
    var batchesUnderWay: Int { underWay.count }

    /// Looks for letters that were put there. Costs one system call every other second.
    func look() {
        guard nextLook <= .now else { return }
        nextLook = .now + Self.lookInterval
        guard let status = try? fileSystem.status(of: directory, followingLinks: true) else { return }
        // Another letter may have come within the same tick of the clock: so each time stamp is looked at twice.
        if status.modified == seen && isSure { return }
        isSure = status.modified == seen
        seen = status.modified
        guard let files = try? DeadLetters.files(in: directory, fileSystem) else { return }
        waiting = files.filter { !underWay.contains($0.ordinal) }
    }

    /// The next letter to be sent; nil where there is none. What cannot be read is left where it is, and told.
    func next(onDamage: (FilePath) -> Void) -> SpoolEntry? {
        while let file = waiting.first {
            guard let bytes = try? fileSystem.readWhole(file.path, limit: SpoolEntry.prefix + SpoolEntry.sizeLimit)
            else {
                waiting.removeFirst()
                continue
            }
            if let entry = SpoolEntry(bytes.rawBytes), entry.ordinal == file.ordinal { return entry }
            onDamage(file.path)
            waiting.removeFirst()
        }
        return nil
    }

    func sent(_ ordinal: UInt64) {
        underWay.insert(ordinal)
        waiting.removeAll { $0.ordinal == ordinal }
    }

    /// A letter that was sent; nil where it is no longer there.
    func entry(_ ordinal: UInt64) throws(FileError) -> SpoolEntry? {
        let path = directory.appending(Spool.fileName(ordinal))
        guard try fileSystem.exists(path) else { return nil }
        let bytes = try fileSystem.readWhole(path, limit: SpoolEntry.prefix + SpoolEntry.sizeLimit)
        return SpoolEntry(bytes.rawBytes)
    }

    /// A letter was answered: its file goes, durably.
    func answered(_ ordinal: UInt64) throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(directory.appending(Spool.fileName(ordinal)))
            try fileSystem.synchronizeDirectory(directory)
        } catch {
            if !error.isNotFound { throw error }
        }
        underWay.remove(ordinal)
    }
}
