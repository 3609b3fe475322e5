internal import FileAccess
internal import Primitives
internal import SystemPackage

// Reading: what is read is proven by the bytes before it to follow what was read before.

extension Tailer {
    /// Hands out the file's next lines, and moves its read position behind each.
    ///
    /// - Parameters:
    ///   - limit: about how many bytes this turn may take; a long line may exceed it.
    ///   - body: gets each line, without its newline, valid during the call only. It returns false to stop behind it.
    package func read(_ id: TailedFileID, limit: Int, _ body: (RawSpan, LineInfo) -> Bool) -> ReadOutcome {
        var outcome = ReadOutcome()
        guard let file = files[id], !file.isGone else {
            outcome.end = .gone
            return outcome
        }
        guard let descriptor = descriptor(of: file) else {
            file.isReadable = false
            outcome.end = .failed
            return outcome
        }
        do throws(FileError) {
            if try !findEncoding(of: file, descriptor) {
                file.isReadable = false
                outcome.end = .atEnd
                return outcome
            }
            // Stored before the first line leaves: or a restart could not tell what the file became.
            if identify(file) { return outcome }
            // The guard says nothing of what the fingerprint holds of the bytes behind it.
            if file.needsVerification || file.readGuard == nil || file.readPosition < file.fingerprint.length {
                if case .gzip(let content) = descriptor, try !approach(file, content) { return outcome }
                guard try verify(file, descriptor) else {
                    if try isSpent(file, descriptor) {
                        loseBehindEnd(file)
                        file.isReadable = false
                        outcome.end = .atEnd
                        return outcome
                    }
                    if file.formerly == nil { replace(file) } else { detach(file) }
                    outcome.end = .replaced
                    return outcome
                }
            }
            while outcome.end == .more && outcome.bytes < Int64(limit) {
                if try step(file, descriptor, limit: limit - Int(outcome.bytes), &outcome, body) { break }
            }
            file.problem = nil
        } catch {
            fail(file, error)
            outcome.end = .failed
        }
        switch outcome.end {
        case .atEnd:
            file.isReadable = false
            if case .gzip(let content) = descriptor {
                endCompressed(file, content)
            } else if file.placement == .rotated && file.readPosition == file.size {
                loseBehindEnd(file)
            }
        case .replaced: replace(file)
        case .more, .stopped, .failed, .gone: break
        }
        return outcome
    }

    /// Compares the file with all evidence there is.
    func verify(_ file: TailedFile, _ descriptor: OpenContent) throws(FileError) -> Bool {
        let contentGuard = file.readGuard ?? file.committedGuard
        let head = file.fingerprint
        guard try matches(head, from: 0, descriptor),
            try matches(contentGuard.hash, from: contentGuard.end - Int64(contentGuard.hash.length), descriptor)
        else { return false }
        if try descriptor.end() < file.readPosition { return false }
        if file.readGuard == nil {
            // From here on the bytes right before the read position count.
            try window.fill(
                from: descriptor, at: file.readPosition, lookBehind: ContentGuard.maximumLength, length: 0)
            if window.end != file.readPosition { return false }
            file.readGuard = ContentGuard(end: file.readPosition, hash: unsafe ContentHash(window.bytes))
        }
        file.needsVerification = false
        if file.isUnproven {
            file.isUnproven = false
            if !file.isCompressed { file.largestSize = max(file.largestSize, file.size) }
        }
        if file.formerly != nil {
            file.formerly = nil
            noteChanged(file)
        }
        return true
    }

    func matches(
        _ hash: ContentHash, from position: Int64, _ descriptor: OpenContent
    ) throws(FileError) -> Bool {
        if hash.length == 0 { return true }
        try window.fill(from: descriptor, at: position, lookBehind: 0, length: hash.length)
        return unsafe ContentHash(window.bytes) == hash
    }

    /// One window's worth of lines.
    ///
    /// - Returns: whether the turn is over although nothing was handed out.
    func step(
        _ file: TailedFile, _ descriptor: OpenContent, limit: Int, _ outcome: inout ReadOutcome,
        _ body: (RawSpan, LineInfo) -> Bool
    ) throws(FileError) -> Bool {
        if file.nulsTo > file.readPosition, try skipNULs(file, descriptor, limit, &outcome) { return true }
        var length = max(4096, min(limit, limits.readBufferBytes))
        var longLineEnd: (end: Int64, isTerminated: Bool)?
        if file.scannedTo - file.readPosition >= 4096 {
            switch try scan(file, descriptor, limit: max(limit, 4096)) {
            case .wait:
                outcome.end = .atEnd
                return true
            case .turnOver: return true
            case .shrunk: break
            case .line(let end, let isTerminated):
                let maximum = Int64(settings(of: file).maximumLineBytes)
                length = max(length, Int(min(end - file.readPosition, maximum) + 1))
                longLineEnd = (end, isTerminated)
            }
        }
        let position = file.readPosition
        try window.fill(from: descriptor, at: position, lookBehind: ContentGuard.maximumLength, length: length)
        guard window.end >= position, isProven(file) else {
            outcome.end = .replaced
            return true
        }
        if window.reachesEnd {
            if !file.isCompressed { file.size = window.end }
            file.largestSize = max(file.largestSize, window.end)
        }
        var splitter = LineSplitter(
            window: window, settings: settings(of: file), encoding: file.encoding ?? .bytes, position: position,
            lineStart: file.lineStart,
            isFinal: window.reachesEnd && isFinal(file), longLineEnd: longLineEnd)
        splitter.run(limit: limit, body)
        try take(splitter, file, descriptor, &outcome)
        return false
    }

    /// For an owner that reads all there is and then ends: the last line of a file is handed out even without a newline,
    /// once the file has not changed for the settle time.
    ///
    /// - Returns: whether there are such lines still; their files are readable again, to see whether it is time.
    package func takeEndsAsFinal() -> Bool {
        takesEndsAsFinal = true
        var areLeft = false
        for file in files.values where !file.isGone && file.problem == nil && file.hasMore {
            markReadable(file)
            areLeft = true
        }
        return areLeft
    }

    /// Whether the bytes before the read position are those that were there when it was read up to.
    private func isProven(_ file: TailedFile) -> Bool {
        guard let proof = file.readGuard, proof.hash.length > 0 else { return true }
        return unsafe ContentHash(window.bytes(from: proof.end - Int64(proof.hash.length), to: proof.end)) == proof.hash
    }

    /// Rotated away or deleted (or the owner wants all there is), and silent for the settle time: nothing comes any more.
    func isFinal(_ file: TailedFile) -> Bool {
        if let rereading, rereading.file == file.id { return rereading.isFinal }
        if case .gzip(let content) = file.descriptor { return content.ending == .whole }
        guard file.isUnlinked || takesEndsAsFinal else { return false }
        let last = max(file.changedAt, file.unlinkedAt ?? file.changedAt)
        return now.milliseconds - last.milliseconds >= limits.settleTime.milliseconds
    }

    /// Books what a splitter handed out.
    private func take(
        _ splitter: LineSplitter, _ file: TailedFile, _ descriptor: OpenContent, _ outcome: inout ReadOutcome
    ) throws(FileError) {
        let from = file.readPosition
        let to = splitter.position
        outcome.lines += splitter.lines
        outcome.bytes += to - from
        counters.lines += Int64(splitter.lines)
        counters.bytesRead += to - from
        counters.lineBytes += splitter.lineBytes
        counters.nulBytesSkipped += splitter.nulBytes
        counters.bytesCut += to - from - splitter.lineBytes - splitter.nulBytes
        counters.longLines += splitter.longLines
        counters.invalidSequences += splitter.invalidSequences
        if splitter.wasUnterminated { counters.unterminatedLines += 1 }
        file.lineStart = splitter.lineStart
        for part in splitter.fragmented {
            if let start = part.start {
                file.longLines.append((start, part.end))
            } else if !file.longLines.isEmpty {
                file.longLines[file.longLines.count - 1].end = part.end
            }
        }
        let windowEnd = window.end
        let reachesEnd = window.reachesEnd
        if to > from { try advance(file, descriptor, to: to) }
        switch splitter.end {
        case .stopped: outcome.end = .stopped
        case .limit: if reachesEnd && to == windowEnd { outcome.end = .atEnd }
        case .incomplete:
            file.scannedTo = max(to, windowEnd)
            if reachesEnd { outcome.end = .atEnd }
        case .nuls:
            if reachesEnd { outcome.end = .atEnd } else { file.nulsTo = windowEnd }
        }
    }

    /// Moves the read position on.
    func advance(_ file: TailedFile, _ descriptor: OpenContent, to position: Int64) throws(FileError) {
        file.readPosition = position
        file.scannedTo = position
        file.nulsTo = position
        // Should the proof fail to be read, it is verified anew from the last committed one.
        file.readGuard = nil
        try prove(file, descriptor)
        descriptor.release(before: position - Int64(ContentGuard.maximumLength))
    }

    /// Notes the bytes before the new read position, and those of the head.
    private func prove(_ file: TailedFile, _ descriptor: OpenContent) throws(FileError) {
        let position = file.readPosition
        let start = max(0, position - Int64(ContentGuard.maximumLength))
        if window.base <= start && window.end >= position {
            file.markRead(
                ContentGuard(end: position, hash: unsafe ContentHash(window.bytes(from: start, to: position))))
        } else {
            try window.fill(
                from: descriptor, at: position, lookBehind: ContentGuard.maximumLength, length: 0)
            file.markRead(ContentGuard(end: position, hash: unsafe ContentHash(window.bytes)))
        }
        let known = Int64(file.fingerprint.length)
        let head = min(Int64(FileCheckpoint.fingerprintLength), position)
        if known >= head { return }
        // Stored with the first lines, it tells after a restart whether those that were not acknowledged are still there.
        noteChanged(file)
        if window.base <= known && window.end >= head {
            unsafe file.fingerprint.extend(by: window.bytes(from: known, to: head))
        } else {
            try window.fill(from: descriptor, at: 0, lookBehind: 0, length: Int(head))
            file.fingerprint = unsafe ContentHash(window.bytes)
        }
    }

    /// The content that was being followed is gone; what is there now is followed from its beginning under a new id.
    func replace(_ old: TailedFile) {
        counters.truncations += 1
        // A file that no pattern matches any more and that was done with is somebody else's.
        guard let descriptor = old.descriptor, old.isIncluded || !old.isArchived else { return end(old, .truncated) }
        let file = succeed(old, because: .truncated, goingOnIn: form(of: old))
        if let status = try? descriptor.status() { update(file, status) }
        markReadable(file)
        // Other generations may have come and gone since it was looked at.
        for place in file.places { touch(place.directory) }
    }
}
