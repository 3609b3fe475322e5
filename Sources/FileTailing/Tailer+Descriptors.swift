internal import FileAccess
internal import Primitives
internal import SystemPackage

// Which files are open. A file that has a name can be closed at any time: it is opened by that name again, and verified.

extension Tailer {
    /// The next file that may have unread bytes, in turn; nil where there is none.
    package func nextReadable() -> TailedFileID? {
        // Where something was not found under its name, an earlier file may be under another.
        if !touched.isEmpty || !unsettled.isEmpty { examineTouched() }
        // Where all wait, as for a bound, there is none. One that waits may bring others into the queue.
        var waiting = 0
        while waiting <= queue.count - queueHead && queueHead < queue.count {
            let file = queue[queueHead]
            queueHead += 1
            if queueHead > 1024 && queueHead * 2 > queue.count {
                queue.removeFirst(queueHead)
                queueHead = 0
            }
            guard file.isReadable else {
                file.isQueued = false
                continue
            }
            queue.append(file)
            if hasToWait(file) || (file.isCompressed && !mayDecompress(file)) {
                waiting += 1
                continue
            }
            return file.id
        }
        if queueHead < queue.count { return nil }
        queue.removeAll(keepingCapacity: queue.count < 4096)
        queueHead = 0
        return nil
    }

    /// Whether an earlier file of the same path is to be read first, so that a path's lines stay in order across
    /// rotation. What a writer wrote to the old file before it opened the new one is there by the time that something
    /// is in the new one: so the old one is looked at once more before the first line of the new one.
    private func hasToWait(_ file: TailedFile) -> Bool {
        if unlinked.isEmpty { return false }
        var waits = false
        for other in families[Family(file)] ?? []
        where other !== file && other.isUnlinked && other.isEarlier(than: file) {
            if !file.hasCheckedEarlier && !other.isArchived { markReadable(other) }
            if other.isReadable || mayComeIntoReach(other) { waits = true }
        }
        file.hasCheckedEarlier = true
        if !heldBack.isEmpty && !file.isUnlinked && heldBack.contains(Family(file)) { waits = true }
        return waits
    }

    /// A file was there a moment ago: its name may be changing, or descriptors be short.
    private func mayComeIntoReach(_ file: TailedFile) -> Bool {
        guard let since = file.outOfReachSince else { return false }
        return now.milliseconds - since.milliseconds < limits.settleTime.milliseconds
    }

    /// As `hasToWait`, without looking at anything.
    func waits(_ file: TailedFile) -> Bool {
        if unlinked.isEmpty { return false }
        let family = families[Family(file)] ?? []
        return family.contains {
            $0 !== file && $0.isUnlinked && ($0.isReadable || mayComeIntoReach($0)) && $0.isEarlier(than: file)
        }
    }

    func markReadable(_ file: TailedFile) {
        if file.isGone { return }
        if file.descriptor == nil {
            if file.placement == .deleted || file.placement == .missing { return }
            // Held from now on, so that a deletion before its turn loses nothing.
            if openFiles.count < limits.openFiles && file.problem == nil { _ = descriptor(of: file) }
        }
        file.isReadable = true
        if file.isQueued { return }
        file.isQueued = true
        queue.append(file)
    }

    /// What a file's new status says.
    func update(_ file: TailedFile, _ status: FileStatus) {
        if file.isCompressed { return updateCompressed(file, status) }
        let changed = status.size != file.size || status.modified != file.modified
        guard changed || file.isRacy || status.size > file.scannedTo else { return }
        file.size = status.size
        if !file.isUnproven { file.largestSize = max(file.largestSize, status.size) }
        file.modified = status.modified
        file.isRacy = isRecent(status.modified)
        if changed { file.changedAt = now }
        markReadable(file)
        identify(file)
    }

    /// Takes the fingerprint before anything is read: should the file be renamed and compressed until then, nothing else
    /// tells which of several it is. NULs may yet be overwritten.
    ///
    /// - Returns: whether it has one since this call.
    @discardableResult func identify(_ file: TailedFile) -> Bool {
        guard file.fingerprint.length == 0, file.readPosition == 0,
            case .plain(let opened) = file.descriptor,
            let head = try? opened.read(FileCheckpoint.fingerprintLength, at: 0)
        else { return false }
        let count = head.firstIndex(of: 0) ?? head.count
        if count == 0 { return false }
        file.fingerprint = unsafe head.withUnsafeBytes {
            unsafe ContentHash(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        noteChanged(file)
        hasUnstoredEvidence = true
        return true
    }

    private func updateCompressed(_ file: TailedFile, _ status: FileStatus) {
        // The time is not stored, and not known after a restart.
        let isKnown = file.modified.seconds != 0
        let changed = status.size != file.size || (isKnown && status.modified != file.modified)
        file.modified = status.modified
        guard changed || !file.isComplete else { return }
        file.size = status.size
        if changed {
            file.changedAt = now
            file.isComplete = false
            file.needsVerification = true
            if case .gzip(let content) = file.descriptor { content.rest() }
        }
        if changed || !file.isRetried { markReadable(file) }
    }

    /// The open file; nil where it cannot be had now.
    func descriptor(of file: TailedFile) -> OpenContent? {
        uses += 1
        file.lastUse = uses
        if let descriptor = file.descriptor { return descriptor }
        if file.placement == .deleted || file.placement == .missing || file.isGone { return nil }
        if openFiles.count >= limits.openFiles {
            let isFull = openFiles.count >= limits.openFiles + limits.pinnedFiles
            if !closeLeastRecentlyUsed(evenPinned: isFull) && isFull {
                retryLater(file)
                return nil
            }
        }
        do throws(FileError) {
            let descriptor = try fileSystem.open(file.path, .read)
            let status = try descriptor.status()
            guard status.kind == .regular, isSame(file, status, at: file.path) else {
                // Another file has its name by now: a look at the directory will tell.
                lookAgain(at: file)
                return nil
            }
            adopt(content(of: file, descriptor), file)
            file.needsVerification = true
            file.problem = nil
            return file.descriptor
        } catch {
            if error.isNotFound { lookAgain(at: file) } else { fail(file, error) }
            return nil
        }
    }

    private func content(of file: TailedFile, _ opened: any OpenFile) -> OpenContent {
        if !file.isCompressed { return .plain(opened) }
        return .gzip(
            GzipContent(opened, mostKept: limits.mostKept(maximumLineBytes: sources[file.source].maximumLineBytes)))
    }

    /// Keeps a file open that was opened to be told, where there is room.
    func hold(_ opened: any OpenFile, for file: TailedFile) {
        guard openFiles.count < limits.openFiles + limits.pinnedFiles else { return }
        adopt(content(of: file, opened), file)
        file.needsVerification = true
    }

    func adopt(_ descriptor: OpenContent, _ file: TailedFile) {
        file.descriptor = descriptor
        file.outOfReachSince = nil
        file.openIndex = openFiles.count
        openFiles.append(file)
    }

    private func lookAgain(at file: TailedFile) {
        file.isReadable = false
        if let place = file.places.first { touch(place.directory, place.name) } else { unsettled[file.id] = file }
    }

    /// Reported once, and tried again at the next look around.
    func fail(_ file: TailedFile, _ error: FileError) {
        giveBackDescriptors(after: error)
        if file.problem?.errno != error.errno { report(error, at: file.path) }
        file.problem = error
        retryLater(file)
    }

    private func retryLater(_ file: TailedFile) {
        file.isReadable = false
        if file.outOfReachSince == nil { file.outOfReachSince = now }
        if file.isRetried { return }
        file.isRetried = true
        retries.append(file)
    }

    /// Where the system has no more descriptors, those of files that have a name are given back.
    func giveBackDescriptors(after error: FileError) {
        guard error.errno == .tooManyOpenFiles || error.errno == .tooManyOpenFilesInSystem else { return }
        lacksDescriptors = true
        for _ in 0..<max(1, openFiles.count / 8) { _ = closeLeastRecentlyUsed(evenPinned: true) }
    }

    func close(_ file: TailedFile) {
        guard file.descriptor != nil else { return }
        file.descriptor = nil
        let last = openFiles.removeLast()
        if last !== file {
            openFiles[file.openIndex] = last
            last.openIndex = file.openIndex
        }
    }

    /// Closes the open file that is missed least.
    ///
    /// - Parameter evenPinned: also one that is not done with, if it has a name by which it is opened again.
    /// - Returns: whether there was one.
    private func closeLeastRecentlyUsed(evenPinned: Bool) -> Bool {
        var best: (file: TailedFile, cost: Int)?
        for file in openFiles {
            guard let cost = costOfClosing(file), evenPinned || cost < 2 else { continue }
            if let best, (best.cost, best.file.lastUse) <= (cost, file.lastUse) { continue }
            best = (file, cost)
        }
        if let best { close(best.file) }
        return best != nil
    }

    /// Idle ones first; then, of those that would be lost if they were deleted meanwhile, those whose bytes were all read.
    /// nil for one that has lost its name.
    private func costOfClosing(_ file: TailedFile) -> Int? {
        switch file.placement {
        case .rotated where file.isPinned: file.unread > 0 ? 3 : 2
        case .live, .rotated: file.isReadable ? 1 : 0
        case .deleted, .missing, .gone: nil
        }
    }
}
