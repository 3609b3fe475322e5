internal import FileAccess
internal import SystemPackage

// Copies that are made before a file is truncated (logrotate's `copytruncate`):
//
//   1. app.log is read up to 900 of its 1000 bytes.
//   2. It is copied to app.log.1, and truncated. The writer goes on with what are bytes 0, 1, … of app.log.
//   3. What is before 900 of app.log is not what was read: it was truncated. app.log.1 begins as app.log did, and its
//      bytes before 900 are those that were read there: it goes on at 900 of app.log.1, before what is in app.log now.
//
// As long as nothing was truncated a copy is nothing but a copy: it waits.

extension Tailer {
    /// Where the content goes on that a file held before it was truncated; nil where it is nowhere to be found.
    func form(of file: TailedFile) -> OtherForm? {
        guard file.placement == .live, !file.isCompressed, file.fingerprint.length > 0 else { return nil }
        if let copy = copy(of: file) { return copy }
        var listings: [FilePath: [OtherForm]] = [:]
        return compressedForm(of: file, &listings)
    }

    /// Of several copies that agree the longest: the others were made earlier.
    private func copy(of file: TailedFile) -> OtherForm? {
        var best: OtherForm?
        for place in file.places {
            let parent = place.directory.path
            for form in files(in: parent, where: { familyBases(of: $0.bytes).contains(place.name.bytes) }) {
                let status = form.status
                guard !form.isCompressed, status.size > best?.status.size ?? 0,
                    current[Key(source: file.source, number: status.number)] == nil, isYounger(status, than: file)
                else { continue }
                if holdsWhatWasRead(form, of: file) { best = form }
            }
        }
        return best
    }

    private func isYounger(_ status: FileStatus, than file: TailedFile) -> Bool {
        guard let copied = status.born, let born = file.born else { return true }
        return born <= copied
    }

    /// It may be shorter than what was read, where lines were read between the copy and the truncation. Then what was
    /// read up to some earlier position tells, and where none is known the first bytes alone.
    private func holdsWhatWasRead(_ form: OtherForm, of file: TailedFile) -> Bool {
        guard let opened = open(form) else { return false }
        let size = form.status.size
        let proofs = file.trail + [file.committedGuard] + file.marks + (file.readGuard.map { [$0] } ?? [])
        let proof = proofs.filter { $0.end <= size }.max { $0.end < $1.end } ?? .none
        let holdsHead = size >= file.fingerprint.length
        guard holdsHead || proof.hash.length > 0 else { return false }
        let isSame =
            try? (!holdsHead || matches(file.fingerprint, from: 0, .plain(opened)))
            && matches(proof.hash, from: proof.end - Int64(proof.hash.length), .plain(opened))
        return isSame ?? false
    }

    /// A copy that ends before what was read: what it holds was read, and what came behind it is gone.
    func isSpent(_ file: TailedFile, _ descriptor: OpenContent) throws(FileError) -> Bool {
        guard file.placement == .rotated, case .plain = descriptor else { return false }
        let size = try descriptor.end()
        guard size < file.readPosition else { return false }
        if size < file.fingerprint.length { return true }
        return try matches(file.fingerprint, from: 0, descriptor)
    }

    /// What a file that was rotated away was seen to hold behind its end is gone.
    func loseBehindEnd(_ file: TailedFile) {
        let lost = file.knownUnread
        guard lost > 0 else { return }
        lose(lost, because: .truncated)
        file.bytesLost += lost
        file.largestSize = file.readPosition
        noteChanged(file)
    }

    /// Sees to it that a file whose content was replaced is known for what it is.
    func lookForTruncation(_ file: TailedFile) {
        guard file.placement == .live, !file.isCompressed, let opened = descriptor(of: file) else { return }
        // From here on it can be told whether it is truncated.
        identify(file)
        guard file.fingerprint.length > 0, let isSame = try? verify(file, opened) else { return }
        if !isSame { replace(file) }
    }

    /// Whether a file has the content that a followed one has at present, as far as both go. Only the path's own file is
    /// copied, and a copy is younger than its original.
    func isCopy(_ form: OtherForm, of file: TailedFile) -> Bool {
        guard file.placement == .live, !file.isCompressed, isYounger(form.status, than: file) else { return false }
        // What cannot be looked into now is not told.
        guard let copy = open(form) else { return true }
        guard case .plain(let original)? = descriptor(of: file), let size = try? original.status().size else {
            return false
        }
        let common = min(size, form.status.size)
        if common == 0 {
            // Truncated since it was looked at.
            return file.fingerprint.length > 0 && (try? matches(file.fingerprint, from: 0, .plain(copy))) ?? false
        }
        let head = min(common, Int64(FileCheckpoint.fingerprintLength))
        let tail = max(0, common - Int64(ContentGuard.maximumLength))
        return isEqual(copy, original, 0..<head) && isEqual(copy, original, tail..<common)
    }

    private func isEqual(_ one: any OpenFile, _ other: any OpenFile, _ range: Range<Int64>) -> Bool {
        guard let first = try? one.read(range.count, at: range.lowerBound),
            let second = try? other.read(range.count, at: range.lowerBound)
        else { return false }
        return first == second
    }

    /// Whether a compressed file begins as a known one, whose compressed form it will be when that is gone.
    func isCopy(_ head: [UInt8], of file: TailedFile) -> Bool {
        guard !file.isGone else { return false }
        guard let beginning = firstBytes(of: file), !beginning.isEmpty else {
            let length = file.fingerprint.length
            guard length > 0 && head.count >= length else { return false }
            return unsafe head.withUnsafeBytes {
                unsafe ContentHash(UnsafeRawBufferPointer(rebasing: $0[..<length])) == file.fingerprint
            }
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
            isSame(file, status, at: file.path), let opened = try? fileSystem.open(file.path, .read)
        else { return nil }
        return try? opened.read(FileCheckpoint.fingerprintLength, at: 0)
    }
}
