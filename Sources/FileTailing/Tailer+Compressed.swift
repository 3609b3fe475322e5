internal import FileAccess
internal import Primitives
internal import SystemPackage

// Files that were compressed when they were rotated, before they were read through or while nobody looked:
//
//   1. app.log is read up to 5000; the agent is killed.
//   2. app.log becomes app.log.1; gzip writes app.log.1.gz and then removes app.log.1.
//   3. The agent starts: the inode of app.log is nowhere. The first bytes of what app.log.1.gz holds are those of
//      app.log, and so are those before 5000: it goes on there, at 5000 of the decompressed content.
//
// Only a file whose original is gone is looked for, since gzip and logrotate remove it when the compressed file is
// whole. A compressed file bears the time of its original's last modification: of several whose content agrees, the
// earliest that was modified after the original was born is the one.

extension Tailer {
    /// Puts those of the files, whose originals are gone, that are found compressed in the place of their originals.
    ///
    /// - Parameter everywhere: in all directories of its source too, under names made from its own (logrotate's `olddir`).
    /// - Returns: those that were not found.
    func continueCompressed(_ files: [TailedFile], everywhere: Bool = false) -> [TailedFile] {
        var left: [TailedFile] = []
        var listings: [FilePath: [OtherForm]] = [:]
        // Who has most evidence chooses first.
        for file in files.sorted(by: { $0.fingerprint.length > $1.fingerprint.length }) {
            // Of a file that was empty nothing can be found.
            guard !file.isCompressed, file.fingerprint.length > 0 || file.unread > 0,
                let form = compressedForm(of: file, everywhere: everywhere, &listings)
            else {
                left.append(file)
                continue
            }
            attach(file, form)
        }
        return left
    }

    /// Files that are nowhere may yet turn up compressed, as where they are moved to another file system.
    func continueMissing() {
        let missing = unlinked.values.filter { $0.placement == .missing && $0.descriptor == nil }
        if !missing.isEmpty { _ = continueCompressed(missing) }
    }

    /// A file that is not followed, and may hold what a followed one held: compressed, or a copy.
    struct OtherForm {
        var path: FilePath
        var status: FileStatus
        var isCompressed = true
    }

    func compressedForm(
        of file: TailedFile, everywhere: Bool = false, _ listings: inout [FilePath: [OtherForm]]
    ) -> OtherForm? {
        for _ in 0..<8 {
            hasMoved = false
            if let form = compressedForm(of: file, everywhere, in: &listings) { return form }
            // What was not looked into, since it has another name by now, may be the one.
            if !hasMoved { return nil }
            listings.removeAll()
        }
        return nil
    }

    private func compressedForm(
        of file: TailedFile, _ everywhere: Bool, in listings: inout [FilePath: [OtherForm]]
    ) -> OtherForm? {
        var candidates: [OtherForm] = []
        func look(into parents: Set<FilePath>) -> [OtherForm] {
            parents.flatMap { parent in
                if let known = listings[parent] { return known }
                let found = files(in: parent) { isGzipName($0.bytes) }
                listings[parent] = found
                return found
            }
        }
        let bearers = [file.path, file.originalPath] + (file.target.map { [$0] } ?? [])
        let names = bearers.compactMap { $0.lastComponent?.bytes }
        func isNamed(_ candidate: OtherForm) -> Bool {
            candidate.path.lastComponent.map { name in names.contains { name.bytes.starts(with: $0) } } ?? false
        }
        let parents = Set(bearers.map { $0.removingLastComponent() })
        candidates += look(into: parents)
        if everywhere {
            let others = directories.values.filter { $0.roles.contains { $0.source == file.source } }.map(\.path)
            candidates += look(into: Set(others).subtracting(parents)).filter(isNamed)
        }
        let fit = candidates.filter { candidate in
            !isFollowed(candidate.path, candidate.status, by: file.source)
                && !file.rejected.contains(candidate.status.number)
                && mayHold(candidate, file)
        }
        let isNamedAfter = fit.map(isNamed)
        // Those that are named after it first, of them the one that was modified first.
        let order = fit.indices.sorted { left, right in
            isNamedAfter[left] == isNamedAfter[right]
                ? fit[left].status.modified < fit[right].status.modified : isNamedAfter[left]
        }
        let found = order.first {
            // Of what nothing was read nothing tells: then it must not be another's.
            file.fingerprint.length > 0
                ? head(of: fit[$0], begins: file.fingerprint)
                : isNamedAfter[$0] && isOverBeforeNext(fit[$0], file) && !isKnownContent(fit[$0], to: file.source)
        }
        return found.map { fit[$0] }
    }

    /// Whether it was written to its end before the next generation after the file began, as far as those are known.
    private func isOverBeforeNext(_ compressed: OtherForm, _ file: TailedFile) -> Bool {
        guard let born = file.born else { return true }
        return (families[Family(file)] ?? []).allSatisfy { other in
            // Of one whose beginning is not known the end counts: no earlier generation ended after that.
            guard other !== file, !other.isGone,
                let next = other.beginning ?? (other.isCompressed ? other.modified : nil),
                next > born
            else { return true }
            return compressed.status.modified.milliseconds <= next.milliseconds + Self.clockGranularity
        }
    }

    private func isKnownContent(_ compressed: OtherForm, to source: Int) -> Bool {
        files.values.contains { other in
            other.source == source && other.fingerprint.length > 0 && mayHold(compressed, other)
                && head(of: compressed, begins: other.fingerprint)
        }
    }

    /// Whether it is a file that is known, and not only has the inode of one that is gone.
    func isFollowed(_ path: FilePath, _ status: FileStatus, by source: Int) -> Bool {
        current[Key(source: source, number: status.number)].map { isSame($0, status, at: path) } ?? false
    }

    /// Whether its times allow it to hold a file's content: written after the file was born.
    func mayHold(_ compressed: OtherForm, _ file: TailedFile) -> Bool {
        file.beginning.map { $0.milliseconds <= compressed.status.modified.milliseconds + Self.clockGranularity }
            ?? true
    }

    /// The kernel takes birth and modification times from clocks of different granularity: 10 ms at the most (CONFIG_HZ).
    private static let clockGranularity: Int64 = 10

    /// Opens what a look found under a name; nil where that is another file's by now, or it cannot be opened.
    func open(_ form: OtherForm) -> (any OpenFile)? {
        do throws(FileError) {
            let opened = try fileSystem.open(form.path, .read)
            let status = try opened.status()
            if status.number == form.status.number && status.born == form.status.born { return opened }
            hasMoved = true
        } catch {
            if error.isNotFound { hasMoved = true }
        }
        return nil
    }

    /// Whether the content's first bytes have this hash.
    func head(of compressed: OtherForm, begins hash: ContentHash) -> Bool {
        if hash.length == 0 { return true }
        guard let bytes = head(of: compressed), bytes.count >= hash.length else { return false }
        return unsafe bytes.withUnsafeBytes {
            unsafe ContentHash(UnsafeRawBufferPointer(rebasing: $0[..<hash.length])) == hash
        }
    }

    /// The first bytes of what it holds; nil where it cannot be read. Kept while the file stays as it is, so that many
    /// files that are gone do not have it read again and again.
    func head(of compressed: OtherForm) -> [UInt8]? {
        let status = compressed.status
        if let known = compressedHeads[status.number], known.size == status.size, known.modified == status.modified,
            known.born == status.born
        {
            return known.head
        }
        guard let file = open(compressed) else { return nil }
        let content = GzipContent(file, mostKept: FileCheckpoint.fingerprintLength)
        var bytes = [UInt8](repeating: 0, count: FileCheckpoint.fingerprintLength)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe try? content.read(into: $0, at: 0) }
        guard let count else { return nil }
        bytes.removeLast(bytes.count - count)
        if compressedHeads.count >= 256 { compressedHeads.removeAll() }
        compressedHeads[status.number] = (status.size, status.modified, status.born, bytes)
        return bytes
    }

    /// From here on the other file is the file. Its content is verified before anything is read of it; until then the
    /// checkpoint names the original, unless it is a copy, which was verified before.
    func attach(_ file: TailedFile, _ form: OtherForm) {
        let wasDone =
            form.isCompressed && file.isArchived && file.knownUnread == 0 && file.unacknowledged == 0
        close(file)
        let key = Key(source: file.source, number: file.number)
        if current[key] === file { current[key] = nil }
        file.formerly = wasDone || !form.isCompressed ? nil : (file.number, file.born)
        file.begun = form.isCompressed ? file.begun ?? (file.isCompressed ? nil : file.born) : nil
        file.number = form.status.number
        file.born = form.status.born
        file.isCompressed = form.isCompressed
        file.mayBeShortCopy = !form.isCompressed && form.status.size < file.readPosition
        file.isComplete = wasDone
        file.size = form.status.size
        file.modified = form.status.modified
        file.scannedTo = file.readPosition
        file.nulsTo = file.readPosition
        file.needsVerification = true
        file.problem = nil
        if file.unlinkedAt == nil { file.unlinkedAt = now }
        current[Key(source: file.source, number: file.number)] = file
        if !form.isCompressed {
            counters.continuedCopies += 1
            // What was written behind the copy went with the truncation, but for what was read before it.
            let lost = max(0, file.largestSize - max(form.status.size, file.readPosition))
            file.largestSize -= lost
            file.bytesLost += lost
            lose(lost, because: .truncated)
        } else if !wasDone {
            counters.continuedCompressed += 1
        }
        noteChanged(file)
        place(file, at: form.path, included: isTaken(form.path, by: file.source))
        file.isArchived = wasDone
    }

    /// What was found compressed is not the file's continuation after all: its content differs further in.
    func detach(_ file: TailedFile) {
        guard let formerly = file.formerly else { return }
        file.rejected.insert(file.number)
        counters.continuedCompressed -= 1
        close(file)
        removePlaces(of: file)
        let key = Key(source: file.source, number: file.number)
        if current[key] === file { current[key] = nil }
        file.number = formerly.number
        file.born = formerly.born
        file.formerly = nil
        file.isCompressed = false
        file.isReadable = false
        let original = Key(source: file.source, number: file.number)
        if current[original] == nil { current[original] = file }
        unlink(file, .missing)
        _ = continueCompressed([file])
    }

    /// For a source that reads compressed files: whether one that appeared is a known file's compressed form, or will
    /// be once the original is gone and read, so that it is not read from its beginning.
    func isForm(_ path: FilePath, _ status: FileStatus, of source: Int, _ place: TailedFile.Place) -> Bool {
        if !hasScanned {
            // The files of the checkpoints are not all known yet.
            waiting.append(place)
            return true
        }
        let form = OtherForm(path: path, status: status)
        hasMoved = false
        if head(of: form) == nil && hasMoved {
            waiting.append(place)
            return true
        }
        let known = files.values.first { file in
            file.source == source && !file.isCompressed && !file.isGone && file.fingerprint.length > 0
                && !file.rejected.contains(status.number)
                && mayHold(form, file) && head(of: form, begins: file.fingerprint)
        }
        guard let known else { return false }
        if known.placement == .missing && known.descriptor == nil {
            attach(known, form)
        } else {
            waiting.append(place)
        }
        return true
    }

    // MARK: Reading

    /// Decompresses up to where the file is to be verified and read, a part at a time.
    ///
    /// - Returns: whether it is there.
    func approach(_ file: TailedFile, _ content: GzipContent) throws(FileError) -> Bool {
        let proof = file.readGuard ?? file.committedGuard
        return try content.advance(to: proof.end - Int64(proof.hash.length), limit: 4 << 20)
    }

    /// Whether another compressed file may be read beside those that are being read.
    func mayDecompress(_ file: TailedFile) -> Bool {
        let active = beingDecompressed(beside: file)
        if active.count < limits.decompressions { return true }
        // One that makes progress ends some time; one that waits itself gives way.
        guard let idle = active.first(where: { !$0.isReadable || waits($0) }) else { return false }
        if case .gzip(let content) = idle.descriptor { content.rest() }
        return true
    }

    /// For a file that has to be read now: the one that was longest not read gives way.
    func makeRoomToDecompress(_ file: TailedFile) {
        let active = beingDecompressed(beside: file)
        guard active.count >= limits.decompressions, let oldest = active.min(by: { $0.lastUse < $1.lastUse }) else {
            return
        }
        if case .gzip(let content) = oldest.descriptor { content.rest() }
    }

    private func beingDecompressed(beside file: TailedFile) -> [TailedFile] {
        openFiles.filter { other in
            if other !== file, case .gzip(let content) = other.descriptor { content.isActive } else { false }
        }
    }

    /// There was nothing more to read of a compressed file.
    func endCompressed(_ file: TailedFile, _ content: GzipContent) {
        defer { content.rest() }
        switch content.ending {
        case nil: markReadable(file)
        case .whole:
            file.isComplete = true
            file.largestSize = max(file.largestSize, file.readPosition)
            noteChanged(file)
            if file.placement != .deleted { close(file) }
        case .torn:
            // It may be in the middle of being written, or copied.
            if now.milliseconds - file.changedAt.milliseconds >= limits.settleTime.milliseconds {
                return giveUp(file, "inflate: the compressed data breaks off, the lines in what is missing are lost")
            }
            if !file.isRetried {
                file.isRetried = true
                retries.append(file)
            }
        case .damaged: giveUp(file, "inflate: the compressed data is damaged, the lines from there on are lost")
        }
    }

    private func giveUp(_ file: TailedFile, _ why: StaticString) {
        counters.filesDamaged += 1
        report(FileError(operation: why, path: file.path, errno: .badMessage), at: file.path)
        guard file.isIncluded else { return end(file, .damaged) }
        // As long as its name matches it must be known, lest it be read again.
        lose(file.knownUnread, because: .damaged)
        file.largestSize = file.readPosition
        file.isComplete = true
        noteChanged(file)
        close(file)
    }
}

let gzipSuffix = "gz"

func isGzipName(_ name: [UInt8]) -> Bool { name.count > 3 && name.suffix(3).elementsEqual(".gz".utf8) }
