internal import FileAccess
internal import FileTailing
internal import Logging
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
        let tailer: Tailer
        do {
            let directory = FilePath(configuration.stateDirectory)
            var state = JournalState()
            // Nothing is made by asking.
            if try fileSystem.exists(directory) {
                state = try LoadedJournal(
                    in: try StateDirectory(directory, fileSystem: fileSystem), fileSystem: fileSystem
                ).state
            } else if case .seek = request {
                throw ControlError("the agent never ran: it has no state to change")
            }
            let files = try configuration.split(fileSystem: fileSystem, clock: SystemWallClock(), wake: {}).files
            _ = state.handOver(to: files, ofAll: Set(configuration.sources.map(\.name)))
            tailer = Tailer(
                sources: files, fileSystem: fileSystem, watcher: nil, resuming: Array(state.files.values),
                startedBefore: state.sources, limits: configuration.tailLimits)
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError("no agent answers, and its state cannot be used: \(error)")
        }
        tailer.reconcile(everything: true)
        let answer = answer(request, tailer)
        if case .sought(let sought) = answer { try keep(sought, of: tailer) }
        return try answer.json(request, fileSystem: fileSystem, now: SystemWallClock().now())
    }

    private func answer(_ request: ControlRequest, _ tailer: Tailer) -> ControlAnswer {
        switch request {
        case .files: .files(tailer.snapshot().map { FileReport(stopped: $0) })
        case .explain: .known(tailer.sources, tailer.snapshot().map { FileReport(stopped: $0) })
        case .seek(let path, let target): tailer.seeking(path, target)
        case .reload: .failed("the agent does not run; it reads its configuration when it starts")
        case .status: .failed("the agent does not run; what it counts begins anew when it starts")
        }
    }

    /// Only what was sought is stored: all else the agent finds by itself, and tells. What was
    /// on its way of the file is settled when the agent starts: what the cluster does not have is read again only where
    /// the seek leads before it.
    private func keep(_ sought: [Sought], of tailer: Tailer) throws(ControlError) {
        let paths = Set(sought.map(\.path))
        var entries = tailer.takeChangedCheckpoints().filter { paths.contains($0.path) }.map { JournalEntry.file($0) }
        entries += tailer.takeRetired().filter { $0.reason == .sought }.map { .retired($0.id) }
        do {
            let journal = try Journal(
                in: FilePath(configuration.stateDirectory), fileSystem: fileSystem,
                logger: Logger(label: "tributary-agent"))
            journal.note(entries)
            journal.close()
        } catch {
            throw ControlError("cannot be stored: \(error)")
        }
    }
}
