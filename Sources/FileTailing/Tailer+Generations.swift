internal import FileAccess
internal import SystemPackage

// Files that came and were rotated away between two looks, as while the agent was down:
//
//   1. app.log is followed, the agent is killed.
//   2. app.log becomes app.log.1; a new app.log is written.
//   3. app.log.1 becomes app.log.2, app.log becomes app.log.1; a new app.log is written.
//   4. The agent starts: it finds its file as app.log.2, and a new app.log. No pattern matches app.log.1.
//
// A file beside them is such a generation where its name begins with the path's own; it was born before the present
// file, and after the known ones and their last modification, as a copy of a file still written to is not; and it is no
// copy of a known one: its first bytes differ. Where that is not so, or there are no birth times, it is left alone.
//
// One that was compressed tells when its original was last modified instead of when that was born: it is a generation
// where that was later than for the file that is known.

extension Tailer {
    func adoptGenerations(after file: TailedFile) {
        let parent = file.originalPath.removingLastComponent()
        guard file.placement == .rotated, !file.isIncluded, let name = file.originalPath.lastComponent,
            file.path.removingLastComponent() == parent,
            let present = directories[parent]?.residents[name]?.first(where: { $0.source == file.source })?.born
        else { return }
        let prefix = name.bytes
        let known = files.values.filter { $0.source == file.source && $0.originalPath == file.originalPath }
        adoptCompressedGenerations(after: file, known, in: parent)
        guard file.isCompressed || file.born != nil else { return }
        let times = known.filter(\.isUnlinked).compactMap { try? $0.descriptor?.status() ?? status(of: $0.path) }
        for entry in (try? fileSystem.list(parent)) ?? [] where entry.kind == .regular || entry.kind == nil {
            let bytes = entry.name.bytes
            guard bytes.count > prefix.count, bytes.starts(with: prefix) else { continue }
            let path = parent.appending(entry.name)
            guard let status = try? fileSystem.status(of: path, followingLinks: false), status.kind == .regular,
                !isFollowed(path, status, by: file.source), let time = status.born,
                isLater(status, born: time, than: file),
                time < present,
                times.allSatisfy({ $0.modified <= time || ($0.born ?? time) >= time }),
                sources[file.source].verdict(on: path) == .notIncluded,
                sources[file.source].exclusion(of: path) == nil, !known.contains(where: { isCopy(path, of: $0) })
            else { continue }
            adopt(path, status, as: file)
        }
    }

    private func isLater(_ status: FileStatus, born: FileTime, than file: TailedFile) -> Bool {
        if file.isCompressed { return file.modified < status.modified }
        return file.born.map { $0 < born } ?? false
    }

    private func adoptCompressedGenerations(
        after file: TailedFile, _ known: [TailedFile], in parent: FilePath
    ) {
        let settings = sources[file.source]
        if settings.readsCompressed { return }
        guard let name = file.originalPath.lastComponent?.bytes, let last = (try? status(of: file.path))?.modified
        else {
            return
        }
        for candidate in compressedFiles(in: parent) where candidate.status.modified > last {
            guard let stem = candidate.path.lastComponent?.stem,
                let original = FilePath.Component(stem), original.bytes.starts(with: name),
                !isFollowed(candidate.path, candidate.status, by: file.source),
                settings.exclusion(of: parent.appending(original)) == nil, let head = head(of: candidate), !head.isEmpty
            else { continue }
            // A copy of a file that is known begins as that does.
            if known.contains(where: { isCopy(candidate, head, of: $0) }) { continue }
            adopt(candidate.path, candidate.status, as: file, isCompressed: true)
        }
    }

    /// A copy of a known file begins as that does, and was made after it.
    private func isCopy(_ candidate: CompressedFile, _ head: [UInt8], of file: TailedFile) -> Bool {
        if !file.isCompressed, !mayHold(candidate, file) { return false }
        guard let beginning = firstBytes(of: file) else {
            return file.fingerprint.length > 0 && self.head(of: candidate, begins: file.fingerprint)
        }
        return zip(beginning, head).allSatisfy { $0 == $1 }
    }

    /// nil where only what was read of it earlier tells.
    private func firstBytes(of file: TailedFile) -> [UInt8]? {
        if case .plain(let opened) = file.descriptor {
            return try? opened.read(FileCheckpoint.fingerprintLength, at: 0)
        }
        // Its name may be another file's by now.
        guard file.placement == .live || file.placement == .rotated,
            let status = try? fileSystem.status(of: file.path, followingLinks: true),
            isSame(file, status, at: file.path)
        else { return nil }
        if file.isCompressed { return head(of: CompressedFile(path: file.path, status: status)) }
        guard let opened = try? fileSystem.open(file.path, .read) else { return nil }
        return try? opened.read(FileCheckpoint.fingerprintLength, at: 0)
    }

    private func status(of path: FilePath) throws(FileError) -> FileStatus {
        try fileSystem.status(of: path, followingLinks: false)
    }

    private func isCopy(_ path: FilePath, of file: TailedFile) -> Bool {
        let head = file.fingerprint
        if head.length == 0 { return false }
        guard let other = try? fileSystem.open(path, .read),
            let bytes = try? other.read(head.length, at: 0)
        else { return true }
        return unsafe bytes.withUnsafeBytes { unsafe ContentHash($0) } == head
    }

    private func adopt(
        _ path: FilePath, _ status: FileStatus, as earlier: TailedFile, isCompressed: Bool = false
    ) {
        let file = TailedFile(
            id: makeID(), source: earlier.source, path: path, originalPath: earlier.originalPath,
            number: status.number, born: status.born, position: 0, now: now)
        file.isCompressed = isCompressed
        counters.filesBegun += 1
        register(file)
        place(file, at: path, included: false)
        update(file, status)
    }
}
