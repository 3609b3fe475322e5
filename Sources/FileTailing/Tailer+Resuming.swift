internal import FileAccess
internal import SystemPackage

// Going on after a restart.

extension Tailer {
    /// Goes on with a file that bears the inode of checkpoints.
    func resume(
        _ checkpoints: [FileCheckpoint], source: Int, at path: FilePath, _ status: FileStatus, included: Bool
    ) -> Bool {
        var candidates = checkpoints.filter {
            $0.born == nil || status.born == nil || $0.born == status.born
        }
        if candidates.count > 1 {
            // Several lives of one inode, the earlier of which were not acknowledged to their end. The one with the
            // most evidence goes first: one that has none contradicts nothing.
            candidates.sort { ($0.generation, $0.evidence) > ($1.generation, $1.evidence) }
            // Where none agrees there is yet another life, unseen so far: reading finds that out, as it would of a file
            // with one checkpoint.
            candidates = (candidates.first { agrees($0, path) ?? true } ?? candidates.first).map { [$0] } ?? []
        }
        for checkpoint in checkpoints where checkpoint.id != candidates.first?.id {
            let isOther = checkpoint.born != nil && status.born != nil && checkpoint.born != status.born
            // A file that was compressed leaves its inode to the next one.
            if isOther { displaced.append(checkpoint) } else { drop(checkpoint) }
        }
        guard let checkpoint = candidates.first else { return false }
        let file = TailedFile(checkpoint, source: source, path: checkpoint.path, now: now)
        register(file)
        place(file, at: path, included: included)
        update(file, status)
        return true
    }

    /// Finds the files of the checkpoints that are left after the first look around: rotated away under names that no
    /// pattern matches, or not there.
    func resumeElsewhere() {
        if resuming.isEmpty && displaced.isEmpty { return }
        let left = resuming
        resuming.removeAll()
        var paths: [FilePath] = []
        for checkpoint in left.values.joined() {
            paths.append(checkpoint.path.removingLastComponent())
            if let target = checkpoint.target ?? (try? fileSystem.resolve(checkpoint.path)) {
                paths.append(target.removingLastComponent())
            }
        }
        let sought = Set(left.keys.map(\.source))
        paths += directories.values.filter { $0.roles.contains { sought.contains($0.source) } }.map(\.path)
        let found = search(for: Set(left.keys.map(\.number)), in: paths)
        if lacksDescriptors {
            // Once more at the next look around.
            resuming = left
            hasScanned = false
            return
        }
        var missing: [TailedFile] = []
        for (key, checkpoints) in left {
            if let (path, status) = found[key.number] {
                _ = resume(checkpoints, source: key.source, at: path, status, included: false)
            } else if let file = resumeMissing(checkpoints, source: key.source) {
                missing.append(file)
            }
        }
        missing += resumeDisplaced()
        for file in continueCompressed(missing, everywhere: true) where file.sawDeletion { endUnlessCompressed(file) }
    }

    /// A file that is nowhere is remembered for a while: its directory may not be mounted yet.
    private func resumeMissing(_ checkpoints: [FileCheckpoint], source: Int) -> TailedFile? {
        let latest = checkpoints.max { ($0.generation, $0.evidence) < ($1.generation, $1.evidence) }
        guard let latest else { return nil }
        for checkpoint in checkpoints where checkpoint.id != latest.id {
            // Another file that had the inode one after the other, not another life.
            if checkpoint.born != latest.born { displaced.append(checkpoint) } else { drop(checkpoint) }
        }
        let file = TailedFile(latest, source: source, path: latest.path, now: now)
        register(file)
        unlink(file, .missing)
        return file
    }

    /// Files whose inode bears another file now: they may go on compressed, and otherwise are gone.
    private func resumeDisplaced() -> [TailedFile] {
        let checkpoints = displaced
        displaced.removeAll()
        return checkpoints.compactMap { checkpoint in
            guard let source = sources.firstIndex(where: { $0.name == checkpoint.source }) else { return nil }
            let file = TailedFile(checkpoint, source: source, path: checkpoint.path, now: now)
            files[file.id] = file
            addToFamily(file)
            file.sawDeletion = true
            unlink(file, .missing)
            return file
        }
    }

    /// nil where it cannot be opened now: before it is read it is verified anyway.
    private func agrees(_ checkpoint: FileCheckpoint, _ path: FilePath) -> Bool? {
        guard let opened = try? fileSystem.open(path, .read) else { return nil }
        let file: OpenContent =
            checkpoint.isCompressed ? .gzip(GzipContent(opened, mostKept: 1 << 10)) : .plain(opened)
        func has(_ hash: ContentHash, at position: Int64) -> Bool {
            (try? matches(hash, from: position, file)) ?? false
        }
        let proof = checkpoint.contentGuard
        return has(checkpoint.fingerprint, at: 0) && has(proof.hash, at: proof.end - Int64(proof.hash.length))
    }

    private func drop(_ checkpoint: FileCheckpoint) {
        let lost = max(0, checkpoint.size - checkpoint.position)
        lose(lost, because: .lost)
        counters.filesRetired += 1
        retired.append(
            RetiredFile(
                id: checkpoint.id, source: checkpoint.source, path: checkpoint.path,
                reason: lost > 0 ? .lost : .finished, bytesLost: lost))
    }
}

extension FileCheckpoint {
    fileprivate var evidence: Int { fingerprint.length + contentGuard.hash.length }
}
