internal import FileAccess
internal import FileTailing
internal import Primitives
internal import SystemPackage

/// Answers for an agent that does not run, from its state directory and from the files as they are.
struct StoppedAgent {
    private let configuration: AgentConfiguration
    private let fileSystem: any FileSystem

    init(_ configuration: AgentConfiguration, _ fileSystem: any FileSystem) {
        self.configuration = configuration
        self.fileSystem = fileSystem
    }

    func carryOut(_ request: ControlRequest) throws(ControlError) -> [JSONValue] {
        let store: CheckpointStore?
        let tailer: Tailer
        do {
            let directory = FilePath(configuration.stateDirectory)
            // Nothing is made by asking.
            store = try fileSystem.exists(directory) ? CheckpointStore(in: directory, fileSystem: fileSystem) : nil
            let files = try configuration.split(fileSystem: fileSystem, clock: SystemWallClock()).files
            tailer = Tailer(
                sources: files, fileSystem: fileSystem, watcher: nil,
                resuming: store.map { Array($0.files.values) } ?? [], startedBefore: store?.sources ?? [],
                limits: configuration.tailLimits)
        } catch {
            throw ControlError("no agent answers, and its state cannot be used: \(error)")
        }
        tailer.reconcile(everything: true)
        let answer = tailer.answer(request)
        if case .sought(let sought) = answer { try keep(sought, of: tailer, in: store) }
        return try answer.json(request, fileSystem: fileSystem, now: SystemWallClock().now())
    }

    /// Only what was sought is stored: all else the agent finds by itself, and tells.
    private func keep(_ sought: [Sought], of tailer: Tailer, in store: CheckpointStore?) throws(ControlError) {
        guard let store else { throw ControlError("the agent never ran: it has no state to change") }
        let paths = Set(sought.map(\.path))
        for checkpoint in tailer.takeChangedCheckpoints() where paths.contains(checkpoint.path) {
            store.put(checkpoint)
        }
        for file in tailer.takeRetired() where file.reason == .sought { store.retire(file.id) }
        do throws(FileError) {
            try store.commit()
        } catch {
            throw ControlError("cannot be stored: \(error)")
        }
    }
}
