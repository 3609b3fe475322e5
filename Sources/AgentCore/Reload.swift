internal import FileAccess
internal import FileTailing
internal import Primitives

/// What a new configuration changes in a running agent.
struct ReloadPlan: Sendable, Equatable {
    var added: [String] = []
    var changed: [String] = []
    var removed: [String] = []
    /// Settings outside of `sources`, which count from the next start on.
    var needsRestart: [String] = []
    /// New sources that go on with the files of removed ones.
    var handovers: [Handover] = []

    init(from old: AgentConfiguration, to new: AgentConfiguration) {
        for source in new.sources {
            guard let known = old.sources.first(where: { $0.name == source.name }) else {
                added.append(source.name)
                continue
            }
            if known != source { changed.append(source.name) }
        }
        removed = old.sources.map(\.name).filter { name in !new.sources.contains { $0.name == name } }
        if new.stateDirectory != old.stateDirectory { needsRestart.append("state_dir") }
        if new.hostName != old.hostName { needsRestart.append("host_name") }
        if new.memoryLimit != old.memoryLimit { needsRestart.append("memory.limit") }
        if new.fileLimit != old.fileLimit { needsRestart.append("files.limit") }
        if new.memoryMaximum != old.memoryMaximum { needsRestart.append("memory.max") }
        if new.spoolLimit != old.spoolLimit { needsRestart.append("spool.limit") }
        if new.deadLetterLimit != old.deadLetterLimit { needsRestart.append("dead_letters.limit") }
        if new.statusListen != old.statusListen { needsRestart.append("status.listen") }
        if new.collector != old.collector { needsRestart.append("collector") }
    }

    var changesSources: Bool { !(added.isEmpty && changed.isEmpty && removed.isEmpty) }

    var json: JSONValue {
        func names(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
        return .object([
            "added": names(added), "changed": names(changed), "removed": names(removed),
            "needs_restart": names(needsRestart),
            "handed_over": .array(
                handovers.map {
                    .object([
                        "from": .string($0.from), "to": .string($0.to), "files": .integer(Int64($0.files)),
                    ])
                }),
        ])
    }

    var summary: String {
        var parts: [String] = []
        if !added.isEmpty { parts.append("added: \(added.joined(separator: ", "))") }
        if !changed.isEmpty { parts.append("changed: \(changed.joined(separator: ", "))") }
        if !removed.isEmpty { parts.append("removed: \(removed.joined(separator: ", "))") }
        parts += handovers.map(\.text)
        if parts.isEmpty { parts.append("no source changed") }
        if !needsRestart.isEmpty { parts.append("after a restart only: \(needsRestart.joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }
}

extension Pipeline {
    /// Reads what the new configuration says from now on; sources that are as before notice nothing.
    ///
    /// - Returns: `failed`, and all is as it was, where the configuration cannot be.
    func reload(_ new: AgentConfiguration) -> ControlAnswer {
        var plan = ReloadPlan(from: configuration, to: new)
        if !plan.changesSources { return .reloaded(plan) }
        var next = configuration
        next.sources = new.sources
        let files: [TailSource]
        let sampled: [MetricsSource]
        do throws(AgentError) {
            (files, sampled) = try next.split(fileSystem: fileSystem, clock: clock) { [inbox] in inbox.put(.sampled) }
        } catch {
            return .failed("\(error)")
        }
        do throws(FileError) {
            try openSpools(for: sampled)
        } catch {
            return .failed("\(error)")
        }
        let kept = metrics.filter { !plan.removed.contains($0.name) && !plan.changed.contains($0.name) }
        // They free their addresses before others ask for them, which they do when they are looked at first.
        finish(metrics.filter { source in !kept.contains { $0.name == source.name } })
        metrics = kept + sampled.filter { source in !kept.contains { $0.name == source.name } }
        configuration = next
        topicOfSource = Dictionary(uniqueKeysWithValues: next.sources.map { ($0.name, $0.topic) })
        // A source may have another topic now.
        forgetRoutes()
        mayHaveReleased = true
        plan.handovers = follow(files)
        return .reloaded(plan)
    }

    private func follow(_ files: [TailSource]) -> [Handover] {
        let handovers = tailer.replaceSources(
            files, resuming: Array(unfollowed.values), startedBefore: startedSources)
        let names = Set(files.map(\.name))
        unfollowed = unfollowed.filter { !names.contains($0.value.source) }
        for file in files where startedSources.insert(file.name).inserted { entries.append(.source(file.name)) }
        return handovers
    }

    /// Samples have to be on disk before they are sent.
    private func openSpools(for sources: [MetricsSource]) throws(FileError) {
        for source in sources {
            let name = StoredBatches.spoolName(of: source.name)
            if spools.contains(where: { $0.name == name }) { continue }
            spools.append(
                try StoredBatches.openSpool(name, configuration, journal.loaded.state, fileSystem: fileSystem))
        }
    }
}

extension Handover {
    var text: String { "source \(to) goes on with \(files) files of \(from), which is gone" }
}

extension JournalState {
    /// Sources that were renamed while the agent did not run: a source that never ran takes over the files that it matches
    /// of sources that are gone, with their positions.
    ///
    /// - Returns: what was taken over, and the checkpoints that say so.
    mutating func handOver(
        to sources: [TailSource], ofAll names: Set<String>
    ) -> (handovers: [Handover], entries: [JournalEntry]) {
        let new = sources.filter { !self.sources.contains($0.name) }
        if new.isEmpty { return ([], []) }
        var handovers: [Handover] = []
        var entries: [JournalEntry] = []
        for (id, checkpoint) in files where !names.contains(checkpoint.source) {
            let heir = new.first { source in
                [checkpoint.originalPath, checkpoint.path].contains {
                    if case .taken = source.verdict(on: $0) { true } else { false }
                }
            }
            guard let heir else { continue }
            if let index = handovers.firstIndex(where: { $0.from == checkpoint.source && $0.to == heir.name }) {
                handovers[index].files += 1
            } else {
                handovers.append(Handover(from: checkpoint.source, to: heir.name, files: 1))
            }
            files[id]?.source = heir.name
            if let moved = files[id] { entries.append(.file(moved)) }
        }
        return (handovers, entries)
    }
}
