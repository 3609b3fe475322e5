internal import FileAccess
internal import Primitives
internal import SystemPackage

// A cleaned segment takes the place of its sources, in this order:
//
// 1. The cleaner's checkpoint says that offsets below the round's end may be missing.
// 2. The cleaned .log becomes `<base>-<end>.swap`, and the directory is synced. From here on it is decided: after a crash
//    the next start finishes what follows.
// 3. The sources' files go, all but the first's .log; the directory is synced.
// 4. The .swap becomes `<base>.log`; the directory is synced. There is no index now: one that would be found by its name
//    would be of the old segment.
// 5. The manifest says what the new segment is, and is synced; then the indexes get their names. Without either the
//    segment is looked at, and indexed, when the log is opened next.
// 6. Readers are shown the new segment. Those in flight have the old files open and finish; one that saw the log as it
//    was, and opens a segment only now, looks at the log again.
extension PartitionLog {
    /// Puts a cleaned segment in the place of its sources. Durable on return.
    ///
    /// - Returns: false, and nothing is changed, where the sources are not all there any more.
    /// - Throws: an error that leaves the log as it was; or after which it is offline.
    package func replace(with cleaned: CleanedSegment) throws(LogError) -> Bool {
        if isOffline { throw .offline(directory) }
        let sources = cleaned.sources
        let sealed = reader.view.sealed
        guard let first = sealed.firstIndex(where: { $0.sealed === sources[0].sealed }),
            first + sources.count <= sealed.count,
            sources.indices.allSatisfy({ sealed[first + $0].sealed === sources[$0].sealed })
        else { return false }
        if cleanerCheckpoint.compactedEnd < cleaned.roundEnd {
            var checkpoint = cleanerCheckpoint
            checkpoint.compactedEnd = cleaned.roundEnd
            try save(checkpoint)
        }
        for source in sources { source.sealed?.pin() }
        do throws(FileError) {
            try fileSystem.rename(cleaned.files.log, to: cleaned.swap.path)
        } catch {
            for source in sources { source.sealed?.unpin() }
            throw .file(error)
        }
        var bases = sources.map(\.baseOffset)
        bases.removeFirst()
        try orOffline { () throws(FileError) in
            try fileSystem.synchronizeDirectory(directory)
            try cleaned.swap.finish(removing: bases, fileSystem)
        }
        let opener = SegmentOpener(
            names: cleaned.files.segment, endOffset: cleaned.summary.endOffset,
            indexInterval: configuration.indexIntervalBytes, fileSystem: fileSystem)
        let replacement = SealedSegment(opener, cleaned.summary, cache: cache, repairs: repairs)
        var after = sealed
        after.replaceSubrange(first..<first + sources.count, with: [replacement.view])
        try orOffline { () throws(FileError) in
            if try noteDurably(cleaned.summary, among: after.map(\.summary)) {
                try fileSystem.rename(cleaned.files.index, to: cleaned.files.segment.index)
                try fileSystem.rename(cleaned.files.timeIndex, to: cleaned.files.segment.timeIndex)
            }
        }
        reader.publish { log in
            log.sealed = after
            log.generation += 1
        }
        for source in sources { source.sealed?.retire() }
        return true
    }

    /// Appends to the manifest, or writes it anew where most of it is of segments that are gone.
    ///
    /// - Returns: false where there is no manifest now: it could not be written, and an old one would be wrong.
    private func noteDurably(_ summary: SegmentSummary, among all: [SegmentSummary]) throws(FileError) -> Bool {
        let path = SegmentManifest.path(in: directory)
        do throws(FileError) {
            if manifestSlots > all.count * 2 + 64 {
                let content = all.flatMap { SegmentManifest.encode($0) }
                try fileSystem.replace(path, with: content.rawBytes)
                manifestSlots = all.count
                return true
            }
            let file = try fileSystem.open(path, .create)
            try file.write(
                SegmentManifest.encode(summary).rawBytes, at: Int64(manifestSlots * SegmentManifest.entryBytes))
            try file.synchronizeData()
            manifestSlots += 1
            return true
        } catch {
            indexWriteFailures += 1
            do throws(FileError) { try fileSystem.remove(path) } catch { if !error.isNotFound { throw error } }
            try fileSystem.synchronizeDirectory(directory)
            manifestSlots = 0
            return false
        }
    }
}
