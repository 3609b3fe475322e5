internal import FileAccess
internal import SystemPackage

/// All batches that lie whole in the state directory: spools, dead letters, and those to be replayed.
struct StoredBatches {
    private static let directoryName = "spool"
    /// Before the name of a source, which may be ".." for instance.
    private static let prefix = "source-"

    let spools: [Spool]
    let replays: Replays
    let deadLetters: DeadLetters

    /// - Throws: `FileError`.
    init(_ configuration: AgentConfiguration, _ state: JournalState, fileSystem: any FileSystem) throws {
        let directory = FilePath(configuration.stateDirectory)
        let spoolDirectory = directory.appending(Self.directoryName)
        var open: [String: Set<UInt64>] = [:]
        for batch in state.batches.values {
            if case .spool(let reference) = batch.origin {
                open[reference.spool, default: []].insert(reference.ordinal)
            }
        }
        var names = configuration.sources.filter(\.isStored).map { Self.prefix + $0.name }
        // Those of sources that were taken out of the configuration are sent all the same.
        if try fileSystem.exists(spoolDirectory) {
            for entry in try fileSystem.list(spoolDirectory) where !names.contains(entry.name.string) {
                if entry.name.string.hasPrefix(Self.prefix) { names.append(entry.name.string) }
            }
        }
        spools = try names.map { name in
            try Spool(
                name, in: spoolDirectory.appending(name), limit: Int64(configuration.spoolLimit),
                doneThrough: state.spools[name] ?? 0, resumed: open[name] ?? [], fileSystem: fileSystem)
        }
        let replayed = open[Replays.name] ?? []
        replays = Replays(in: directory, resumed: replayed, fileSystem: fileSystem)
        deadLetters = try DeadLetters(
            in: directory, limit: Int64(configuration.deadLetterLimit), inUse: replayed, fileSystem: fileSystem)
    }

    /// The spool of a source that was added.
    static func openSpool(
        _ name: String, _ configuration: AgentConfiguration, _ state: JournalState, fileSystem: any FileSystem
    ) throws(FileError) -> Spool {
        try Spool(
            name, in: FilePath(configuration.stateDirectory).appending(directoryName).appending(name),
            limit: Int64(configuration.spoolLimit), doneThrough: state.spools[name] ?? 0, resumed: [],
            fileSystem: fileSystem)
    }

    static func spoolName(of source: String) -> String { prefix + source }

    /// A batch that the journal refers to; nil where it is not there, or not whole.
    func entry(_ reference: SpoolReference) -> SpoolEntry? {
        if reference.spool == Replays.name { return (try? replays.entry(reference.ordinal)) ?? nil }
        return (try? spools.first { $0.name == reference.spool }?.entry(reference.ordinal)) ?? nil
    }
}
