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
            return FileDescription(
                id: file.id, source: sources[file.source].name, originalPath: file.originalPath, path: file.path,
                number: file.number,
                size: file.isUnlinked || file.isCompressed
                    ? max(file.largestSize, file.readPosition) : max(file.size, file.readPosition),
                readPosition: file.readPosition,
                acknowledged: file.committed, modified: file.modified, placement: placement,
                isCompressed: file.isCompressed, state: state(of: file),
                behindSince: file.unread > 0 ? file.modified : nil,
                isOpen: file.descriptor != nil, problem: file.problem)
        }
    }

    private func state(of file: TailedFile) -> FileDescription.State {
        if file.isGone { return .waitsForAcknowledgement }
        if file.problem != nil { return .failing }
        if file.placement == .missing && file.descriptor == nil { return .missing }
        if file.isReadable { return waits(file) ? .waitsForEarlier : .reading }
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
