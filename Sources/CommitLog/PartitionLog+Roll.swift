internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

// Segments' ends: rolling to the next one, and closing the log.
extension PartitionLog {
    func needsRoll(for header: RecordBatchHeader) -> Bool {
        guard active.bytes > 0 else { return false }
        if active.bytes + Int64(header.totalBytes) > configuration.segmentBytes { return true }
        // Positions and relative offsets of an index entry are 32 bits.
        if active.bytes + Int64(header.totalBytes) > Int64(Int32.max) { return true }
        let relative = active.endOffset - active.names.baseOffset + Int64(header.lastOffsetDelta)
        if relative > Int64(Int32.max) { return true }
        // By the records' own times, as Kafka does it: of old records that arrive late a segment holds more than one.
        guard let first = active.firstTimestamp, first > .none, header.maxTimestamp > first else { return false }
        return header.maxTimestamp.milliseconds - first.milliseconds > configuration.rollMilliseconds
    }

    /// Closes the active segment and begins the next.
    ///
    /// 1. What is in the active segment becomes durable and visible, then its indexes, so that they need no look later.
    /// 2. A snapshot of the producers, so that recovery needs no older segment.
    /// 3. The new files, then the directory.
    ///
    /// A full disk leaves the log usable, and the next append tries again. Any other error leaves unknown what is on
    /// disk, and takes the partition offline.
    func roll() throws(LogError) {
        try synchronize()
        let names = SegmentNames(directory: directory, baseOffset: active.endOffset)
        try unlessFull { () throws(FileError) in
            active.entries.finish()
            try active.entries.write(index: active.index, timeIndex: active.timeIndex)
        }
        try orOffline { () throws(FileError) in
            try active.index.synchronizeData()
            try active.timeIndex.synchronizeData()
        }
        try unlessFull { () throws(FileError) in try saveProducers() }
        mustRoll = true
        var created: ActiveSegment?
        try unlessFull { () throws(FileError) in
            created = try ActiveSegment(creating: names, interval: configuration.indexIntervalBytes, in: fileSystem)
        }
        guard let next = created else { preconditionFailure("BUG: a segment is neither created nor refused") }
        try orOffline { () throws(FileError) in try fileSystem.synchronizeDirectory(directory) }
        mustRoll = false
        let closed = seal(active)
        active = next
        durableBytes = 0
        reader.publish { log in
            log.sealed.append(closed.view)
            log.active = next.view()
        }
        dropOldSnapshots()
    }

    private func seal(_ segment: ActiveSegment) -> SealedSegment {
        let open = segment.snapshot()
        let opener = SegmentOpener(
            names: segment.names, endOffset: segment.endOffset, indexInterval: configuration.indexIntervalBytes,
            fileSystem: fileSystem)
        let sealed = SealedSegment(opener, open.summary, cache: cache, repairs: repairs)
        // Who reads at the end was reading this.
        sealed.adopt(open)
        noteInManifest(open.summary)
        return sealed
    }

    /// Leaves what the next start needs to scan nothing. Everything in the log is durable already.
    func saveRecoveryPoint() throws(LogError) {
        active.entries.finish()
        try withFiles { () throws(FileError) in
            try active.entries.write(index: active.index, timeIndex: active.timeIndex)
            let point = RecoveryPoint(
                leaderEpoch: leaderEpoch, baseOffset: active.names.baseOffset, bytes: active.bytes,
                endOffset: active.endOffset, index: active.entries.state)
            if point == cleanPoint { return }
            try active.index.synchronizeData()
            try active.timeIndex.synchronizeData()
            try saveProducers()
            try fileSystem.replace(RecoveryPoint.path(in: directory), with: point.encoded().rawBytes)
            cleanPoint = point
            hasPoint = true
        }
        dropOldSnapshots()
    }

    private func saveProducers() throws(FileError) {
        let offset = active.endOffset
        let snapshot = producers.snapshot(at: offset)
        let names = SegmentNames(directory: directory, baseOffset: offset)
        try fileSystem.replace(names.producers, with: snapshot.rawBytes)
        if snapshots.last != offset { snapshots.append(offset) }
    }

    /// Keeps the newest two snapshots of the producers: one to use, and one should that be damaged. What cannot be
    /// removed now goes with the next.
    private func dropOldSnapshots() {
        while snapshots.count > 2 {
            let path = SegmentNames(directory: directory, baseOffset: snapshots[0]).producers
            do throws(FileError) { try fileSystem.remove(path) } catch { if !error.isNotFound { return } }
            snapshots.removeFirst()
        }
    }

    private func unlessFull(_ body: () throws(FileError) -> Void) throws(LogError) {
        do throws(FileError) {
            try body()
        } catch {
            if !error.isOutOfSpace { isOffline = true }
            throw .file(error)
        }
    }

    func orOffline(_ body: () throws(FileError) -> Void) throws(LogError) {
        do throws(FileError) {
            try body()
        } catch {
            isOffline = true
            throw .file(error)
        }
    }
}
