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
    package func replaceSources(_ new: [TailSource], resuming: [FileCheckpoint], startedBefore: Set<String>) {
        var changed: Set<Int> = []
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
            }
        }
        for source in new where !sources.contains(where: { $0.name == source.name }) {
            changed.insert(sources.count)
            if !startedBefore.contains(source.name) { firstStarts.insert(sources.count) }
            sources.append(source)
        }
        if changed.isEmpty { return }
        for file in Array(files.values) where changed.contains(file.source) && !isFollowed(file) { depart(file) }
        for file in Array(departed.values) where changed.contains(file.source) && isFollowed(file) { rejoin(file) }
        for checkpoint in resuming {
            guard let source = sources.firstIndex(where: { $0.name == checkpoint.source }), changed.contains(source),
                files[checkpoint.id] == nil, departed[checkpoint.id] == nil
            else { continue }
            resumeLater(checkpoint, source)
        }
        hasScanned = false
        nextReconcile = nil
        for directory in directories.values { touch(directory) }
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
