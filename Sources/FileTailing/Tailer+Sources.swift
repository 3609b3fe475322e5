internal import FileAccess
internal import Primitives
internal import SystemPackage

// Other sources while the tailer runs. Those that stay as they are notice nothing: their files stay open, and what was
// looked at is not looked at again.

extension Tailer {
    /// Follows these sources from now on. Files that no source takes any more are let go of: their checkpoints stay with
    /// the owner, and a source of the same name that takes them again goes on where they were left.
    ///
    /// - Parameters:
    ///   - resuming: the last checkpoints that the owner has; those of files that are known here are left alone.
    ///   - startedBefore: as for `init`.
    /// - Returns: which new sources go on with files of sources that are gone.
    @discardableResult package func replaceSources(
        _ new: [TailSource], resuming: [FileCheckpoint], startedBefore: Set<String>
    ) -> [Handover] {
        var changed: Set<Int> = []
        var gone: Set<Int> = []
        let known = sources.count
        for index in sources.indices {
            let successor = new.first { $0.name == sources[index].name }
            if successor == sources[index] { continue }
            changed.insert(index)
            dropRoles(of: index)
            if let successor {
                sources[index] = successor
            } else {
                // Its place stays: files that wait for acknowledgements name it.
                sources[index].include = []
                gone.insert(index)
            }
        }
        for source in new where !sources.contains(where: { $0.name == source.name }) {
            changed.insert(sources.count)
            if !startedBefore.contains(source.name) { firstStarts.insert(sources.count) }
            sources.append(source)
        }
        if changed.isEmpty { return [] }
        for file in Array(files.values) where changed.contains(file.source) && !isFollowed(file) { depart(file) }
        for file in Array(departed.values) where changed.contains(file.source) && isFollowed(file) { rejoin(file) }
        let handovers = handOver(of: gone, to: known..<sources.count)
        for checkpoint in resuming {
            guard let source = sources.firstIndex(where: { $0.name == checkpoint.source }), changed.contains(source),
                files[checkpoint.id] == nil, departed[checkpoint.id] == nil
            else { continue }
            resumeLater(checkpoint, source)
        }
        hasScanned = false
        nextReconcile = nil
        for directory in directories.values { touch(directory) }
        return handovers
    }

    /// A source that has another name now: the new one goes on where the old one was, with what is on its way.
    private func handOver(of gone: Set<Int>, to added: Range<Int>) -> [Handover] {
        var counts: [[String]: Int] = [:]
        for file in Array(departed.values) where gone.contains(file.source) {
            let heir = added.first { isTaken(file.originalPath, by: $0) || isTaken(file.path, by: $0) }
            guard let heir else { continue }
            counts[[sources[file.source].name, sources[heir].name], default: 0] += 1
            file.source = heir
            firstStarts.remove(heir)
            rejoin(file)
            noteChanged(file)
        }
        return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
            Handover(from: $0.key[0], to: $0.key[1], files: $0.value)
        }
    }

    private func isFollowed(_ file: TailedFile) -> Bool {
        isTaken(file.originalPath, by: file.source) || isTaken(file.path, by: file.source)
    }

    private func dropRoles(of source: Int) {
        for directory in Array(directories.values) {
            directory.roles.removeAll { $0.source == source }
            directory.looks[source] = nil
            for name in directory.targets.keys { directory.targets[name]?.removeAll { $0.source == source } }
            directory.targets = directory.targets.filter { !$0.value.isEmpty }
            directory.ignored.removeAll()
            if directory.roles.isEmpty && directory.residents.isEmpty {
                directories[directory.path] = nil
                unwatch(directory)
            }
        }
        waiting.removeAll { directories[$0.directory.path] !== $0.directory }
    }

    /// Not read any more. Remembered for what was read of it and is not acknowledged, and in case it is followed again.
    private func depart(_ file: TailedFile) {
        if file.isGone { return }
        close(file)
        removePlaces(of: file)
        let key = Key(source: file.source, number: file.number)
        if current[key] === file { current[key] = nil }
        file.isReadable = false
        removeFromFamily(file)
        files[file.id] = nil
        unlinked[file.id] = nil
        unsettled[file.id] = nil
        departed[file.id] = file
        noteChanged(file)
    }

    /// Its source takes it again before it was forgotten: looking around finds it.
    private func rejoin(_ file: TailedFile) {
        departed[file.id] = nil
        files[file.id] = file
        addToFamily(file)
        current[Key(source: file.source, number: file.number)] = file
        file.needsVerification = true
        unlink(file, .missing)
    }
}
