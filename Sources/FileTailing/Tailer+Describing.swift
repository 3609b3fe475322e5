internal import Primitives
package import SystemPackage

extension Tailer {
    /// Every file that is known.
    package func snapshot() -> [FileDescription] {
        files.values.map { file in
            let placement: FileDescription.Placement =
                switch file.placement {
                case .live: .live
                case .rotated: .rotated
                case .deleted: .deleted
                case .missing: .missing
                case .gone: .gone
                }
            let size =
                file.isUnlinked || file.isCompressed
                ? max(file.largestSize, file.readPosition) : max(file.size, file.readPosition)
            return FileDescription(
                id: file.id, source: sources[file.source].name, originalPath: file.originalPath, path: file.path,
                number: file.number, size: size, readPosition: file.readPosition,
                acknowledged: file.committed, modified: file.modified, placement: placement,
                isCompressed: file.isCompressed, state: state(of: file),
                lagBytes: file.isCompressed
                    ? file.unread + file.unacknowledged : max(0, size - file.committed),
                isLagLeast: file.isCompressed && !file.isComplete, behindSince: file.behindSince,
                isOpen: file.descriptor != nil, problem: file.problem)
        }
    }

    private func state(of file: TailedFile) -> FileDescription.State {
        if file.isGone { return .waitsForAcknowledgement }
        if file.problem != nil { return .failing }
        if file.placement == .missing && file.descriptor == nil { return .missing }
        // One that was read to its end may be due for a look.
        if file.isReadable && file.hasMore {
            if waits(file) { return .waitsForEarlier }
            return file.isCompressed && waitsToDecompress(file) ? .waitsForCompressed : .reading
        }
        if file.isRetried && file.hasMore && file.descriptor == nil { return .waitsForDescriptor }
        if file.hasMore && !file.isArchived { return .waitsForNewline }
        if file.unacknowledged > 0 { return .waitsForAcknowledgement }
        return file.isUnlinked ? .done : .upToDate
    }

    /// Where a file was first seen: the key of its records. nil where it is not known (any more).
    package func originalPath(of id: TailedFileID) -> FilePath? { files[id]?.originalPath }

    package var state: TailState {
        var state = TailState()
        state.files = files.count
        state.openFiles = openFiles.count
        state.directories = directories.count
        state.polledDirectories = directories.values.filter { $0.watch == nil }.count
        state.filesWaiting = waiting.count
        for file in unlinked.values where file.isPinned && !file.isGone {
            state.pinnedFiles += 1
            state.pinnedBytes += file.unread
            if let since = file.unlinkedAt {
                state.oldestPinned = max(
                    state.oldestPinned, .milliseconds(now.milliseconds - since.milliseconds))
            }
        }
        return state
    }

    /// What each source makes of a path by its name.
    package func verdicts(on path: FilePath) -> [(source: String, verdict: TailSource.Verdict)] {
        sources.map { ($0.name, $0.verdict(on: path)) }
    }
}

extension Tailer {
    /// Has the checkpoints of files stored that are behind for so long, where they do not say so yet: so that it is known
    /// after a restart too.
    package func noteBehind(longerThan time: Duration) {
        let latest = now.milliseconds - time.milliseconds
        for file in files.values {
            guard let since = file.behindSince, since.milliseconds <= latest, file.storedBehindSince != since else {
                continue
            }
            noteChanged(file)
        }
    }
}

extension TailedFile {
    /// Two times of noticing that are closer together than this are one.
    private static let resolution: Int64 = 1000

    /// It reaches to `end` at least, as is known from now on.
    func notice(_ end: Int64, _ now: Timestamp) {
        guard end > committed else { return }
        guard let last = noticed.last else { return noticed.append((end, now)) }
        if end <= last.end { return }
        if now.milliseconds - last.at.milliseconds < Self.resolution {
            noticed[noticed.count - 1].end = end
            return
        }
        if noticed.count >= 16 {
            // The earlier time counts for both of a pair: so what is told of a long wait is not too short.
            noticed = stride(from: 0, to: noticed.count - 1, by: 2).map { (noticed[$0 + 1].end, noticed[$0].at) }
        }
        noticed.append((end, now))
    }

    /// Since when the oldest byte that is not acknowledged is known to be there; nil where there is none.
    var behindSince: Timestamp? {
        if unread == 0 && unacknowledged == 0 && !hasMore { return nil }
        return noticed.first { $0.end > committed }?.at ?? changedAt
    }
}
