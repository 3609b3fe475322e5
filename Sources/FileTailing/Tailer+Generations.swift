internal import FileAccess
internal import Primitives
internal import SystemPackage

// Earlier files of a followed path that nobody saw under it; the article "Generations" has the rules. A file whose name
// makes it a member of a path's family is a candidate; what it is is told at the end of a look around, when all files
// that are known are in their places.

extension Tailer {
    /// A path that a source follows.
    struct Family: Hashable {
        var source: Int
        var path: FilePath
    }

    /// An unknown file with the name of a family's member.
    struct Candidate {
        var family: Family
        var place: TailedFile.Place
        var path: FilePath
        var status: FileStatus
        /// Its own name matches the patterns.
        var isIncluded: Bool
        var isCompressed: Bool
        /// What the family's path leads to, where it is a symbolic link.
        var target: FilePath?

        /// When its content began; of a compressed file, which keeps that time, when it ended.
        var time: FileTime { isCompressed ? status.modified : status.born ?? status.modified }
    }

    func addToFamily(_ file: TailedFile) { families[Family(file), default: []].append(file) }

    func removeFromFamily(_ file: TailedFile) {
        let family = Family(file)
        families[family]?.removeAll { $0 === file }
        if families[family]?.isEmpty ?? false { families[family] = nil }
    }

    // MARK: Candidates

    /// Whether a name may be a member of the family of a path that is looked for in this directory.
    func belongsToFamily(_ name: [UInt8], in directory: TailDirectory) -> Bool {
        familyBases(of: name).contains { base in
            guard let base = FilePath.Component(bytes: base) else { return false }
            return directory.targets[base] != nil || directory.roles.contains { isFile(base, in: $0) }
        }
    }

    /// Notes a file that sources do not take by its name, where its name is one of a family.
    func consider(_ path: FilePath, _ place: TailedFile.Place, _ status: FileStatus, _ takers: [Int]) {
        for base in familyBases(of: place.name.bytes) {
            guard let base = FilePath.Component(bytes: base) else { continue }
            let basePath = place.directory.path.appending(base)
            for family in place.directory.targets[base] ?? [] {
                let key = Key(source: family.source, number: status.number)
                if let file = current[key], !isSame(file, status, at: path) { loseInode(of: file, key) }
                guard candidates[key] == nil, current[key] == nil, mayBeEarlier(path, family.source) else { continue }
                candidates[key] = Candidate(
                    family: family, place: place, path: path, status: status, isIncluded: false,
                    isCompressed: isGzipName(place.name.bytes), target: basePath)
            }
            for role in place.directory.roles where isFile(base, in: role) {
                let key = Key(source: role.source, number: status.number)
                if let file = current[key], !isSame(file, status, at: path) { loseInode(of: file, key) }
                guard candidates[key] == nil, current[key] == nil,
                    !takers.contains(role.source) || sources[role.source].exclusion(of: path) != nil,
                    sources[role.source].exclusion(of: basePath) == nil, mayBeEarlier(path, role.source)
                else { continue }
                candidates[key] = Candidate(
                    family: Family(source: role.source, path: basePath), place: place, path: path, status: status,
                    isIncluded: false, isCompressed: isGzipName(place.name.bytes))
            }
        }
    }

    /// Patterns that leave a name out leave it out here too; compressed files that cannot be read are no generation.
    private func mayBeEarlier(_ path: FilePath, _ source: Int) -> Bool {
        switch sources[source].exclusion(of: path) {
        case nil: true
        case .compressed: isGzipName(path.bytes)
        case .excluded, .taken, .notIncluded: false
        }
    }

    /// Notes a file that a source takes by its name, where that makes it an earlier file of a path that it takes too.
    ///
    /// - Returns: whether it is one; otherwise it is one of its own.
    func considerIncluded(
        _ path: FilePath, _ place: TailedFile.Place, _ status: FileStatus, _ source: Int
    ) -> Bool {
        for base in familyBases(of: place.name.bytes, atEnd: true) {
            guard let base = FilePath.Component(bytes: base) else { continue }
            let family = Family(source: source, path: place.directory.path.appending(base))
            guard isTaken(family.path, by: source) else { continue }
            candidates[Key(source: source, number: status.number)] = Candidate(
                family: family, place: place, path: path, status: status, isIncluded: true,
                isCompressed: isGzipName(place.name.bytes))
            return true
        }
        return false
    }

    // MARK: Judging them

    func judgeCandidates() {
        if candidates.isEmpty { return }
        var members: [Family: [Candidate]] = [:]
        for (key, candidate) in candidates {
            if current[key] == nil {
                members[candidate.family, default: []].append(candidate)
            } else {
                undecided[key] = nil
            }
        }
        candidates.removeAll()
        for (family, members) in members { judge(members, of: family) }
    }

    private func judge(_ members: [Candidate], of family: Family) {
        guard let known = families[family] else {
            for member in members { awaitBase(member) }
            return
        }
        // Whether what is in the path's own file is what was followed decides what the others are.
        for file in known { lookForTruncation(file) }
        let plain = members.filter { !$0.isCompressed }.sorted { $0.time < $1.time }
        let compressed = members.filter(\.isCompressed).sorted { $0.time < $1.time }
        for member in plain { judge(member) }
        for member in compressed { judge(member, begun: beginning(of: member, before: plain)) }
    }

    /// When the content of a compressed file began at the latest, where its own time is later than that: programs that
    /// compress a generation long after it was rotated, and do not keep its time, make it look younger than those that
    /// came after it. Their names tell.
    private func beginning(of compressed: Candidate, before plain: [Candidate]) -> FileTime? {
        let base = compressed.target ?? compressed.family.path
        func mark(_ path: FilePath) -> GenerationMark? {
            guard let name = path.lastComponent?.bytes, let base = base.lastComponent?.bytes else { return nil }
            return GenerationMark(of: name, base: base)
        }
        guard let own = mark(compressed.path) else { return nil }
        // Some programs count upwards: a number is believed only where a file is still as it was.
        let known = (families[compressed.family] ?? []).filter {
            $0.placement == .rotated && (own.isDate || !$0.isCompressed)
        }
        let others = plain.map { ($0.path, $0.status.born) } + known.map { ($0.path, $0.beginning) }
        let later = others.compactMap { path, began in mark(path).flatMap { own.isEarlier(than: $0) ? began : nil } }
        guard var first = later.min(), first <= compressed.time else { return nil }
        // Right before that.
        if first.nanoseconds > 0 {
            first.nanoseconds -= 1
        } else {
            first = FileTime(seconds: first.seconds - 1, nanoseconds: 999_999_999)
        }
        return first
    }

    /// Between a rotation and the writer's next file there is none under the path itself. Where none appears, a file that
    /// the patterns match is one of its own.
    private func awaitBase(_ member: Candidate) {
        let key = Key(source: member.family.source, number: member.status.number)
        let since = undecided.removeValue(forKey: key)?.since ?? now
        guard member.isIncluded || wasNeverSeen(member) else { return }
        if now.milliseconds - since.milliseconds < limits.settleTime.milliseconds {
            undecided[key] = (member.place, since)
        } else if member.isIncluded {
            begin(member.path, member.place, member.status, member.family.source)
        }
    }

    private func judge(_ member: Candidate, begun: FileTime? = nil) {
        let key = Key(source: member.family.source, number: member.status.number)
        let since = undecided.removeValue(forKey: key)?.since ?? now
        guard current[key] == nil, member.isIncluded || wasNeverSeen(member) else { return }
        if isUndecided(member) {
            let isTooOld = now.milliseconds - since.milliseconds >= limits.forgetAfter.milliseconds
            // One that matches must be kept in mind as long as it is there.
            if member.isIncluded || (!isTooOld && undecided.count < 4096) { undecided[key] = (member.place, since) }
        } else {
            follow(member, begun: begun)
        }
    }

    /// Whether it is younger than what was looked at.
    private func wasNeverSeen(_ member: Candidate) -> Bool {
        guard let look = member.place.directory.looks[member.family.source] else { return false }
        return member.time > look.settled
    }

    /// Whether it is, or may yet turn out to be, another form of a file that is known.
    private func isUndecided(_ member: Candidate) -> Bool {
        if member.status.size == 0 { return true }
        let known = families[member.family] ?? []
        let form = OtherForm(path: member.path, status: member.status, isCompressed: member.isCompressed)
        if member.isCompressed {
            guard let head = head(of: form), !head.isEmpty else { return true }
            return known.contains { !$0.isCompressed && mayHold(form, $0) && isCopy(head, of: $0) }
        }
        return known.contains { isCopy(form, of: $0) || isOriginal(form, of: $0) }
    }

    /// At once, but for a directory that does not come to rest.
    private func lookAgain(into directory: TailDirectory) {
        looksAgain += 1
        if looksAgain <= 8 { touch(directory) } else { unlisted.append(directory) }
    }

    /// Only as long as its name leads to it: what is known of it may have gone on compressed since it was found.
    private func follow(_ member: Candidate, begun: FileTime?) {
        hasMoved = false
        let opened = open(OtherForm(path: member.path, status: member.status))
        if opened == nil && hasMoved {
            // Where it is now it was not looked at.
            listings.removeAll { $0.directory === member.place.directory }
            lookAgain(into: member.place.directory)
        } else if member.isIncluded {
            begin(member.path, member.place, member.status, member.family.source, of: member.family.path, opened)
        } else {
            adopt(member, opened, begun: begun)
        }
    }

    /// Whether it is what a known compressed file was made from, which is not removed yet: gzip gives its file the time of
    /// the original at the end.
    private func isOriginal(_ form: OtherForm, of file: TailedFile) -> Bool {
        guard file.isCompressed, !file.isGone else { return false }
        if let begun = file.begun, let born = form.status.born { return begun == born }
        guard form.status.modified <= file.modified, let opened = open(form),
            let beginning = try? opened.read(FileCheckpoint.fingerprintLength, at: 0),
            let status = try? fileSystem.status(of: file.path, followingLinks: true),
            let head = head(of: OtherForm(path: file.path, status: status))
        else { return false }
        return zip(beginning, head).allSatisfy { $0 == $1 }
    }

    private func adopt(_ member: Candidate, _ opened: (any OpenFile)?, begun: FileTime?) {
        let file = TailedFile(
            id: makeID(), source: member.family.source, path: member.path, originalPath: member.family.path,
            number: member.status.number, born: member.status.born, position: 0, now: now)
        file.isCompressed = member.isCompressed
        file.target = member.target
        file.begun = begun
        counters.filesBegun += 1
        counters.generationsFound += 1
        register(file)
        if let opened { hold(opened, for: file) }
        place(file, at: member.path, included: false)
        update(file, member.status)
    }

    // MARK: What was looked at

    func look(of file: TailedFile) -> TailDirectory.Look? {
        directories[file.home]?.looks[file.source]
    }

    /// Whether it would not be taken for an unseen one if it were forgotten, nor its compressed form.
    func isSettled(_ file: TailedFile) -> Bool {
        guard let look = look(of: file) else { return true }
        // Not stored, and so not known of a file that was not found since the start.
        if file.modified.seconds == 0 { return false }
        return file.modified <= look.settled && (file.isCompressed || file.born ?? file.modified <= look.settled)
    }

    /// What is forgotten lies before what was looked at, which is stored with the other files of the directory.
    func storeLook(besides file: TailedFile) {
        guard let directory = directories[file.home] else { return }
        for residents in directory.residents.values {
            for other in residents where other !== file && other.source == file.source && !other.isGone {
                if other.home == file.home { return noteChanged(other) }
            }
        }
    }

    /// A directory was listed, and every name in it looked at.
    func noteListing(_ directory: TailDirectory, _ status: FileStatus) {
        let sources = Set(directory.roles.map(\.source)).union(directory.targets.values.joined().map(\.source))
        for source in sources where directory.looks[source] == nil {
            let settled = firstLook(directory, status, source)
            directory.looks[source] = TailDirectory.Look(settled: settled, listed: settled)
        }
        // A name that changed meanwhile may have been left out.
        let after = try? fileSystem.status(of: directory.path, followingLinks: true)
        if after?.modified == status.modified {
            listings.append((directory, status.modified))
        } else {
            directory.listed = nil
        }
    }

    private func firstLook(_ directory: TailDirectory, _ status: FileStatus, _ source: Int) -> FileTime {
        // What is there at the very first start is not read, unless a pattern matches it.
        if firstStarts.contains(source) { return status.modified }
        if let stored = storedLooks.removeValue(forKey: Family(source: source, path: directory.path)) { return stored }
        // All that is in a directory made since its parent was looked at, or the links that lead into it, is new.
        var above = [directory.path] + directory.targets.values.joined().filter { $0.source == source }.map(\.path)
        for index in above.indices { above[index].removeLastComponent() }
        let earlier = above.compactMap { directories[$0]?.looks[source]?.settled }.min()
        if let earlier, let born = status.born, born > earlier { return earlier }
        return status.modified
    }

    /// Everything that the listings showed was judged. One listing behind, since a name may be missing from one while
    /// it is changed.
    func noteLooks() {
        for (directory, modified) in listings
        where !undecided.values.contains(where: { $0.place.directory === directory })
            && !waiting.contains(where: { $0.directory === directory })
        {
            for (source, look) in directory.looks {
                directory.looks[source] = TailDirectory.Look(settled: max(look.settled, look.listed), listed: modified)
            }
        }
        listings.removeAll()
    }
}

extension Tailer.Family {
    init(_ file: TailedFile) {
        source = file.source
        path = file.originalPath
    }
}
